"""The outside view: who came for the policy and for challenges, kept over a restart, and whether challenges would come."""

import re
import ssl

import pytest

from helpers import POLICY_PATH, policy_host
from world import client, senders
from world.appliance import Appliance
from world.dhcp import AddressServer
from world.namespace import wait_until
from world.world import APPLIANCE

DOMAIN = "example.test"
NAME = policy_host(DOMAIN)
CA, STRANGER, OTHER = "192.0.2.1", "192.0.2.66", "192.0.2.54"
ROUTED6 = "2001:db8:1::10"
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def told(check, name):
    """The values of a check's evidence of that name, in order."""
    values = check["evidence"].get(name, [])
    return values if isinstance(values, list) else [values]


def fetch(world, source, context, address=APPLIANCE):
    """The policy, fetched from an address of the world."""
    with world.namespace.connect(address, 443, source=(source, 0)) as channel:
        with context.wrap_socket(channel, server_hostname=NAME) as wrapped:
            return client.exchange(wrapped, NAME, "GET", POLICY_PATH)


def refuse(world, source):
    """A client that trusts nobody stops at the certificate and says so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with world.namespace.connect(APPLIANCE, 443, source=(source, 0)) as channel:
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(channel, server_hostname=NAME)


@pytest.mark.every_board
def test_the_cas_validation_is_seen(board):
    board.enable_fully(DOMAIN)
    check = board.check(DOMAIN)["seen"]
    assert (check["result"], check["code"]) == ("pass", "ok"), check
    assert re.fullmatch(rf"\S+Z from {CA} over IPv4, port 80, status 200", told(check, "validation")[0])
    assert told(check, "fetched over IPv4") == ["never"]
    assert not told(check, "fetch")


@pytest.mark.every_board
@pytest.mark.parametrize("version", VERSIONS)
def test_a_fetch_is_seen_with_address_and_version(world, board, version):
    board.enable_fully(DOMAIN)
    reply = fetch(world, STRANGER, client.trusting(world.ca.root, version=VERSIONS[version]))
    assert reply.status == 200
    check = board.check(DOMAIN)["seen"]
    assert check["result"] == "pass"
    assert re.fullmatch(rf"\S+Z from {STRANGER} over IPv4, {version}, status 200, {len(reply.body)} bytes",
                        told(check, "fetch")[0])


def test_a_real_sender_is_seen_and_the_appliance_itself_is_not(world, board):
    board.enable_fully(DOMAIN)
    board.check(DOMAIN)
    assert not told(board.check(DOMAIN)["seen"], "fetch")
    assert senders.postfix_resolver(world, DOMAIN).accepted
    seen = told(board.check(DOMAIN)["seen"], "fetch")
    assert len(seen) == 1 and " over IPv4, TLSv1.3, status 200" in seen[0]


def test_what_was_seen_outlasts_a_restart(world, board):
    board.enable_fully(DOMAIN)
    fetch(world, STRANGER, client.trusting(world.ca.root))
    board.restart_by("reboot")
    board.wait_clock()
    check = board.check(DOMAIN)["seen"]
    assert (check["result"], check["code"]) == ("pass", "ok"), check
    for what in ("fetched over IPv4", "validated over IPv4"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", told(check, what)[0])
    assert not told(check, "fetch")
    board.restart_by("factory-reset yes")
    board.enable_fully(DOMAIN)
    assert told(board.check(DOMAIN)["seen"], "fetched over IPv4") == ["never"]


def test_certificates_that_clients_refuse_are_seen(world, board):
    board.enable_fully(DOMAIN)
    refuse(world, STRANGER)
    refuse(world, STRANGER)
    check = board.check(DOMAIN)["seen"]
    assert check["result"] == "pass" and "TLS alert unknown_ca (48)" in told(check, "fetch")[0]
    refuse(world, OTHER)
    check = board.check(DOMAIN)["seen"]
    assert (check["result"], check["code"]) == ("fail", "outside_fails") and OTHER in check["reason"]
    fetch(world, CA, client.trusting(world.ca.root))
    assert board.check(DOMAIN)["seen"]["result"] == "pass"


def test_a_family_that_nobody_comes_over_is_said(world):
    AddressServer(world, dhcp=False, advertise=True)
    board = Appliance(world, public=None).start()
    address = wait_until(lambda: next((text.split("/")[0] for text in board.ask_json("status")["addresses"]
                                       if text.startswith("2001:db8:")), None), "the IPv6 address", 30, 0.2)
    board.agree()
    world.provider.publish([record for record in board.add(DOMAIN) if record["type"] != "AAAA"])
    board.ask_json(f"enable {DOMAIN}")
    board.wait_domain(DOMAIN, "active")
    world.provider.add(NAME, "AAAA", address)
    checks = board.check(DOMAIN)
    assert (checks["seen"]["result"], checks["seen"]["code"]) == ("unknown", "family_unseen"), checks["seen"]
    assert checks["port80"]["code"] == "ok" and "over IPv4 and IPv6" in checks["port80"]["reason"]
    fetch(world, "2001:db8::66", client.trusting(world.ca.root), address)
    assert board.check(DOMAIN)["seen"]["result"] == "pass"


def test_port_80_that_is_closed_over_one_family_is_named(world):
    AddressServer(world, dhcp=False, advertise=True)
    board = Appliance(world, public=[APPLIANCE]).start()
    board.enable_fully(DOMAIN)
    assert board.check(DOMAIN)["port80"]["code"] == "ok"
    world.namespace.ip("-6", "route", "add", "blackhole", f"{ROUTED6}/128")
    board.ask_json(f"net public {APPLIANCE},{ROUTED6}")
    world.provider.add(NAME, "AAAA", ROUTED6)
    wait_until(lambda: any(text.startswith("2001:db8:") for text in board.ask_json("status")["addresses"]),
               "the IPv6 address", 30, 0.2)
    check = board.check(DOMAIN)["port80"]
    assert (check["result"], check["code"]) == ("fail", "family_fails"), check
    assert ROUTED6 in check["reason"] and "IPv6" in check["reason"]


@pytest.mark.parametrize("code,kind", [("answer_differs", "redirect"), ("answer_differs", "other"), ("refused", None)])
def test_port_80_that_leads_elsewhere_is_named(world, board, code, kind):
    board.enable_fully(DOMAIN)
    world.provider.replace(NAME, "A", STRANGER)
    if kind:
        text = {"redirect": "301 Moved\r\nLocation: https://example.test/", "other": "200 OK"}[kind]
        answer = f"HTTP/1.1 {text}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        script = world.directory / "answer"
        script.write_bytes(answer.encode())
        world.namespace.start(["socat", f"TCP-LISTEN:80,bind={STRANGER},fork,reuseaddr", f"SYSTEM:cat {script}"])
        wait_until(lambda: world.namespace.answers_tcp(STRANGER, 80), "the other web server")
    check = board.check(DOMAIN)["port80"]
    assert (check["result"], check["code"]) == ("fail", code), check
    assert STRANGER in check["reason"]


def test_a_public_address_without_hairpin_cannot_be_told(world, board):
    board.enable_fully(DOMAIN)
    world.namespace.ip("route", "add", "blackhole", "198.51.100.7/32")
    board.ask_json("net public 198.51.100.7")
    world.provider.replace(NAME, "A", "198.51.100.7")
    check = board.check(DOMAIN)["port80"]
    assert (check["result"], check["code"]) == ("unknown", "no_hairpin"), check
