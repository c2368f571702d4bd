"""Real senders accept every policy that the appliance can write, and refuse what it calls broken."""

import pytest

from world import pki
from world.mail import LAZY, PROMPT, MailSender
from world.mx import Mx
from world.policy_host import PolicyHost
from world.world import World

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
