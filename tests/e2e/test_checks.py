"""What the checks say of each case in check_cases.py, made for real in the world; together, all of docs/checks.md."""

import re
import ssl
from pathlib import Path

import pytest

from check_cases import (CASES, CLOSED, FORWARDS, HANGS_UP, IDENTITIES, MAIL, NO_TLS, OLD_TLS, OTHER, PLAIN, PRIVATE,
                         PUBLIC, SILENT, SSH, UNIT_ALONE, USUAL)
from helpers import policy_host
from world import dns_front, pki
from world.appliance import Appliance
from world.dhcp import AddressServer
from world.mx import Host, StandIn, Talker
from world.namespace import wait_until
from world.policy_host import Answer, PolicyHost, WebHost
from world.world import APPLIANCE, GATEWAY, World

ROOT = Path(__file__).resolve().parents[2]
TTL = 5


def lines_of(case, texts):
    """The case's records by name: USUAL, except at names of which the case speaks itself."""
    zone = {}
    for lines in (USUAL, case.zone):
        names = {line.split()[0] for line in lines}
        zone = {name: found for name, found in zone.items() if name not in names}
        for line in lines:
            name, rest = line.split(maxsplit=1)
            zone.setdefault(name, []).append(rest.format(**texts))
    return {name: found for name, found in zone.items() if name not in case.without}


class Town:
    """A world with an appliance, and with the hosts that cases lead to."""

    def __init__(self, world, cases, clock=True):
        self.world = world
        self._resolver = world.failing_dns()
        self._open_hosts()
        network = {"mode": "static", "address": f"{APPLIANCE}/24", "gateway": GATEWAY, "dns": [dns_front.ADDRESS]}
        front = world.front(identities=IDENTITIES)
        self.board = Appliance(world, directory_url=front.directory_url, network=network, public=[PUBLIC])
        self._own6 = None
        if clock:
            self._begin_well()
        else:
            self.board.start()
        self.texts = {case.name: self._add(case) for case in cases}
        self._settle(cases)

    def _begin_well(self):
        """With IPv6 and the CA's terms agreed to."""
        AddressServer(self.world, dhcp=False, advertise=True)
        self.board.start().agree()
        self._own6 = wait_until(self._address6, "the appliance's IPv6 address", 30, 0.2)

    def _open_hosts(self):
        world = self.world
        for address in (PUBLIC, PRIVATE):
            world.namespace.ip("address", "add", f"{address}/32", "dev", "lo")
        for address in (CLOSED, OLD_TLS, SILENT):
            Host(world, address).start()
        Talker(world, HANGS_UP, None, port=443).start()
        Talker(world, HANGS_UP, None, port=80).start()
        Talker(world, NO_TLS, lambda channel: channel.recv(4096), b"HTTP/1.1 400 Bad Request\r\n\r\n", None,
               port=443).start()
        Talker(world, FORWARDS, self._forward, None, port=80).start()
        Talker(world, SSH, b"SSH-2.0-example\r\n").start()
        Talker(world, PLAIN, b"220 mx ESMTP\r\n", 1, b"250 mx\r\n", 1, b"221 bye\r\n", None).start()
        Talker(world, HANGS_UP, None).start()
        self._silence = world.keep(world.namespace.listen(SILENT, 443))
        pair = self._pair("stranger", *self._issue(["stranger.test"]))
        self.stranger = world.keep(PolicyHost(world.namespace, OTHER, *pair))
        self.web = world.keep(WebHost(world.namespace, OTHER))
        old = world.keep(PolicyHost(world.namespace, OLD_TLS, *pair))
        old.show(*pair, version=ssl.TLSVersion.TLSv1_1)
        self._certify_mail(pair)

    def _forward(self, channel):
        """Passes a request on to port 80 of the appliance, and its answer back."""
        with self.world.namespace.connect(APPLIANCE, 80) as inside:
            inside.sendall(channel.recv(4096))
            while piece := inside.recv(4096):
                channel.sendall(piece)

    def _certify_mail(self, pair):
        """What takes mail shows the certificate that the case of the name in SNI wants."""
        self._mail = {}
        context = self._shows(pair)

        def choose(channel, name, _context):
            channel.context = self._mail.get(name, context)

        context.sni_callback = choose
        StandIn(self.world, MAIL, context).start()

    @staticmethod
    def _shows(pair):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        return context

    def _issue(self, names):
        certificate, key = self.world.ca.authority.issue(names)
        return [certificate], key

    def _pair(self, stem, chain, key):
        return pki.write_pair(self.world.directory, stem, chain, key)

    def _address6(self):
        return next((text.split("/")[0] for text in self.board.ask_json("status")["addresses"]
                     if text.startswith("2001:db8:")), None)

    def _add(self, case):
        """Adds the case's domain to the appliance; returns what its texts speak of."""
        name = case.domain
        self.board.ask_json(f"domain add {name} mx {case.mx.format(d=name)} max-age 86400 {case.options}".rstrip())
        policy = self.board.domain(name)["policy"]
        return {"d": name, "h": policy_host(name), "t": "_mta-sts." + name, "id": policy["id"], "own6": self._own6,
                "m": "mail." + name, "r": "_smtp._tls." + name,
                "policy": policy["text"].encode()}

    # How a case comes true ---------------------------------------------------------------------------

    def _settle(self, cases):
        served = [case for case in cases if case.served]
        for case in cases:
            self._open_policy_host(case)
        self._serve(served)
        account = self.board.ask_json("ca")["account"]  # made with the first order
        for texts in self.texts.values():
            texts["account"] = account
        self._resolver.rules(*(self._rule(case, *rule) for case in cases for rule in case.rules))
        self._publish(cases)
        for case in cases:
            if not case.served:
                self.board.ask_json(f"enable {case.domain}")

    def _serve(self, cases):
        """The appliance serves these domains, and a stranger has fetched their policies."""
        lines = [f"update add {policy_host(case.domain)}. {TTL} A {APPLIANCE}" for case in cases]
        if lines:
            self.world.provider.update(*lines)
        for case in cases:
            self.board.ask_json(f"enable {case.domain}")
        for case in cases:
            self.board.wait_domain(case.domain, "active")

    @staticmethod
    def _rule(case, name, kind, action):
        return dns_front.about(case.domain if name == "@" else f"{name}.{case.domain}", kind, action)

    def _open_policy_host(self, case):
        host, policy = policy_host(case.domain), self.texts[case.name]["policy"]
        self.stranger.show(*self._certified(host, case.certificate), name=host)
        mail = self.texts[case.name]["m"]
        self._mail[mail] = self._shows(self._certified(mail, case.mx_certificate))
        self.stranger.answers[host] = case.policy(policy) if case.policy else Answer(policy)
        if case.alert:
            self.stranger.alerts[host] = case.alert
        if case.web:
            self.web.answers[host] = case.web

    def _certified(self, host, make):
        """The files of what make makes for this host, or of a good certificate."""
        chain, key = make(self.world.ca.authority, host) if make else self._issue([host])
        return self._pair(host, chain, key)

    def _publish(self, cases):
        """The records of all cases; one update has room for those of some."""
        for first in range(0, len(cases), 50):
            self.world.provider.update(*(line for case in cases[first:first + 50] for line in self._update(case)))

    def _update(self, case):
        for name, records in self._zone(case).items():
            owner = f"{case.domain}." if name == "@" else f"{name}.{case.domain}."
            yield f"update del {owner}"
            yield from (f"update add {owner} {TTL} {record}" for record in records)

    def _zone(self, case):
        zone = lines_of(case, self.texts[case.name])
        if case.served and not any(line.startswith("mta-sts ") for line in case.zone):
            zone["mta-sts"] = [f"A {APPLIANCE}"]
        return zone

    def refuse(self, domain, *sources):
        """From each of these addresses comes a client that trusts nobody and says so."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        for source in sources:
            with self.world.namespace.connect(APPLIANCE, 443, source=(source, 0)) as channel:
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(channel, server_hostname=policy_host(domain))

    def check(self, case):
        if case.act:
            case.act(self, case.domain)
        return self.board.check(case.domain, seconds=90)


def wanted(request, clock):
    """The cases of this kind that are to be looked at in this run."""
    cases = [item.callspec.params["case"] for item in request.session.items
             if item.module is request.module and hasattr(item, "callspec")]
    return [case for case in cases if case.clock == clock]


@pytest.fixture(scope="module")
def town(request):
    """One world and one appliance for all cases with a clock."""
    with World() as world:
        yield Town(world, wanted(request, True))


@pytest.fixture(scope="module")
def timeless_town(request):
    """And for those without."""
    with World(start_clock=False) as world:
        yield Town(world, wanted(request, False), clock=False)


def cases(clock):
    return [pytest.param(case, id=case.name, marks=[pytest.mark.every_board] if case.every_board else [])
            for case in CASES if case.clock == clock]


def assert_told(town, case):
    checks, texts = town.check(case), town.texts[case.name]
    for says in case.says:
        check = checks[says.check]
        assert (check["result"], check["code"]) == (says.result, says.code), check
        for words in says.words:
            assert words.format(**texts) in check["reason"], check
        assert says.remedy.format(**texts) in check["remedy"], check
        assert bool(check["remedy"]) == (says.result != "pass"), check
        for words in says.evidence:
            assert words.format(**texts) in str(check["evidence"]), check


@pytest.mark.parametrize("case", cases(clock=True))
def test_what_is_wrong_is_told(town, case):
    assert_told(town, case)


@pytest.mark.parametrize("case", cases(clock=False))
def test_what_cannot_be_told_without_the_time_is_told(timeless_town, case):
    assert_told(timeless_town, case)


# The table itself --------------------------------------------------------------------------------


def documented():
    """The codes that docs/checks.md lists, as (check, code); one that ends in … stands for those that begin so."""
    found, check = set(), None
    for line in (ROOT / "docs" / "checks.md").read_text().splitlines():
        if line.startswith("## "):
            check = next(iter(re.findall(r"^## `(\w+)`", line)), None)
        elif check and line.startswith("| `"):
            found |= {(check, code) for code in re.findall(r"`([^`]+)`", line.split("|")[1])}
    return found


def made():
    return {(says.check, says.code) for case in CASES for says in case.says}


@pytest.mark.no_board
def test_every_code_is_made_or_known_to_the_unit_tests():
    told = {(check, code) for check, code in documented() if not code.endswith("…")}
    assert sorted(told - made() - set(UNIT_ALONE)) == []
    assert sorted(made() & set(UNIT_ALONE)) == [] and sorted(set(UNIT_ALONE) - told) == []
    units = "".join(file.read_text() for file in (ROOT / "tests" / "unit" / "checks").glob("*.c"))
    assert [code for _, code in UNIT_ALONE if f'"{code}"' not in units] == []


@pytest.mark.no_board
def test_every_code_of_the_table_is_documented():
    listed = documented()
    families = {(check, code[:-1]) for check, code in listed if code.endswith("…")}
    assert [(check, code) for check, code in sorted(made() - listed)
            if not any(check == family and code.startswith(head) for family, head in families)] == []


@pytest.mark.no_board
def test_the_table_is_long_enough():
    wrong = [case for case in CASES if any(says.result != "pass" for says in case.says)]
    assert len(wrong) >= 120 and len({case.domain for case in CASES}) == len(CASES)
