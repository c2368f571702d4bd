"""Real senders accept every policy that the appliance can write, and refuse what it calls broken."""

import pytest

from damage import DAMAGES
from helpers import policy_host
from world import pki, senders
from world.appliance import Appliance
from world.mail import LAZY, PROMPT, MailSender
from world.mx import Mx
from world.policy_host import PolicyHost
from world.world import APPLIANCE, World

STRANGER = "192.0.2.66"
DAY = 86400


def model_policy(mode="enforce", hosts=("mail.example.test",), max_age=DAY):
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts), f"max_age: {max_age}", ""]
    return "\r\n".join(lines).encode()


class Model:
    """A world with a model policy host, an MX and a sender of mail; needs no board."""

    def __init__(self, world):
        self.world, self.provider = world, world.provider
        certificate, key = world.ca.authority.issue(["mta-sts.example.test"])
        pair = pki.write_pair(world.directory, "model", [certificate], key)
        self.host = world.keep(PolicyHost(world.namespace, STRANGER, *pair, model_policy()))
        self.provider.add("mta-sts.example.test", "A", STRANGER)
        self.mx = Mx(world, "192.0.2.25", "mail.example.test").start()
        self.sender = MailSender(world).start()
        self.publish("1")

    def publish(self, identity):
        self.provider.replace("_mta-sts.example.test", "TXT", f"v=STSv1; id={identity};")


@pytest.fixture(scope="module")
def model():
    with World(start_clock=False) as world:
        yield Model(world)


@pytest.mark.no_board
def test_the_mail_sender_holds_to_the_policy_and_delivers(model):
    for way in (PROMPT, LAZY):
        delivery = model.sender.mail("example.test", way)
        assert delivery.sent and delivery.secured == "Verified", delivery
    assert len(model.mx.wait_messages(2)) == 2


@pytest.mark.no_board
def test_the_prompt_sender_takes_a_new_policy_and_the_lazy_one_when_the_old_is_over(model):
    held = {way: model.sender.daemons[way].ask("example.test") for way in (PROMPT, LAZY)}
    assert all("match=mail.example.test" in words for words in held.values()), held
    model.host.body = model_policy(hosts=["other.example.test"])
    model.publish("2")
    try:
        deferred = model.sender.mail("example.test")
        assert deferred.status == "deferred" and "not verified" in deferred.reason
        assert model.sender.mail("example.test", LAZY).sent
        model.sender.shift(DAY + 60)
        assert model.sender.mail("example.test", LAZY).status == "deferred"
    finally:
        model.host.body = model_policy()
        model.publish("3")
        model.sender.forget()


# What the appliance writes -----------------------------------------------------------------------

DOMAIN = "example.test"
LONGEST = ".".join(["a" * 63] * 3 + ["b" * 48, DOMAIN])  # 253 characters
FEW, MANY = (1, 2), tuple(range(1, 17))


def numbered(numbers, tail=DOMAIN):
    return [f"mx{number}.{tail}" for number in numbers]


def long_names(count):
    return [f"{number:02}{LONGEST[2:]}" for number in range(count)]


POLICIES = {
    "testing, shortest": ("testing", DAY, ["mail.example.test"]),
    "enforce, longest": ("enforce", 31536000, ["mail.example.test"]),
    "none keeps its mx": ("none", DAY, ["mail.example.test"]),
    "two mx": ("enforce", 604800, numbered(FEW)),
    "sixteen mx": ("enforce", 604800, numbered(MANY)),
    "wildcard": ("enforce", 604800, ["*.example.test"]),
    "wildcard below and a name": ("testing", 604800, ["*.mx.example.test", "mail.example.test"]),
    "longest name": ("enforce", 1209600, long_names(1)),
    "sixteen longest names": ("enforce", 1209600, long_names(16)),
    "IDN": ("enforce", 604800, ["xn--mx-fka.xn--bcher-kva.test", "xn--bcher-kva.test"]),
    "digits and dashes": ("enforce", 604800, ["1-2--3.0.example.test"]),
    "none, longest": ("none", 31536000, ["*.example.test", *numbered(FEW)]),
}


class Town:
    """A world with an appliance that serves example.test, which trusts the world's authority, too."""

    def __init__(self, world):
        self.world, self.provider = world, world.provider
        self.board = Appliance(world).start()
        self.board.enable_fully(DOMAIN)

    def write(self, mode, max_age, hosts):
        """Gives the appliance a policy and publishes its id, and an MX for it; returns its text."""
        self.board.ask_json(f"domain set {DOMAIN} mx {hosts[0]} mode {mode} max-age {max_age} force")
        for host in hosts[1:]:
            self.board.ask_json(f"domain set {DOMAIN} mx +{host}")
        host = hosts[0].replace("*", "mail")
        self.provider.replace(DOMAIN, "MX", "10 " + host)
        self.provider.replace(host, "A", "192.0.2.25")
        policy = self.board.domain(DOMAIN)["policy"]
        self.provider.replace("_mta-sts." + DOMAIN, "TXT", f"v=STSv1; id={policy['id']};")
        return policy["text"]


@pytest.fixture(scope="module")
def town():
    with World() as world:
        yield Town(world)


@pytest.mark.parametrize("case", POLICIES)
def test_every_sender_accepts_what_the_appliance_writes(town, case):
    mode, max_age, hosts = POLICIES[case]
    text = town.write(mode, max_age, hosts)
    assert f"max_age: {max_age}" in text and text.count("mx: ") == len(hosts)
    for sender in senders.ALL:
        verdict = sender(town.world, DOMAIN)
        assert verdict.accepted and verdict.mode == mode, f"{verdict.sender}: {verdict.words}"
        assert sorted(verdict.mx) == sorted(hosts), verdict.words


# What is called broken ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stranger(town):
    """Another host that serves the appliance's very policy, until it is damaged."""
    text = town.write("enforce", DAY, ["mail.example.test"]).encode()
    pair = pki.write_pair(town.world.directory, "stranger", *_issued(town.world))
    host = town.world.keep(PolicyHost(town.world.namespace, STRANGER, *pair, text))
    town.provider.replace(policy_host(DOMAIN), "A", STRANGER)
    yield host, text
    town.provider.replace(policy_host(DOMAIN), "A", APPLIANCE)


def _issued(world):
    certificate, key = world.ca.authority.issue([policy_host(DOMAIN)])
    return [certificate], key


def accepting(world):
    return {verdict.sender for verdict in (sender(world, DOMAIN) for sender in senders.ALL) if verdict.accepted}


def test_the_body_is_right_until_it_is_damaged(town, stranger):
    assert len(accepting(town.world)) == len(senders.ALL)
    assert town.board.check(DOMAIN)["https"]["code"] == "ok"


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_a_damaged_body_is_called_broken_and_senders_do_what_the_table_says(town, stranger, damage):
    host, text = stranger
    host.body = damage.hurt(text)
    assert host.body != text
    try:
        assert accepting(town.world) == damage.lenient
        assert town.board.check(DOMAIN)["https"]["result"] == "fail"
    finally:
        host.body = text
