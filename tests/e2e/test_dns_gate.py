"""A domain whose DNS is wrong is never ordered for, and says why; DNS that fails is told from DNS that denies."""

import pytest

from helpers import evidence_text, holds_for
from world import dns_front
from world.appliance import Appliance
from world.world import APPLIANCE, GATEWAY

NAME = "mta-sts.example.test"
ELSEWHERE = "192.0.2.66"
LONG_ENOUGH = 5


def wrong_dns(provider, kind):
    """Publishes one kind of mistake at NAME."""
    if kind == "elsewhere":
        provider.add(NAME, "A", ELSEWHERE)
    elif kind == "one of two":
        provider.replace(NAME, "A", APPLIANCE, ELSEWHERE)
    elif kind == "stray AAAA":
        provider.add(NAME, "A", APPLIANCE)
        provider.add(NAME, "AAAA", "2001:db8::66")
    elif kind == "dangling CNAME":
        provider.add(NAME, "CNAME", "nowhere.example.test")


MISTAKES = {
    "missing": NAME,
    "elsewhere": ELSEWHERE,
    "one of two": ELSEWHERE,
    "stray AAAA": "2001:db8::66",
    "dangling CNAME": NAME,
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_wrong_dns_is_never_ordered_for(fronted_board, front, kind):
    board, provider = fronted_board, fronted_board.world.provider
    board.agree()
    records = board.add("example.test")
    provider.publish([record for record in records if record["type"] == "TXT"])
    wrong_dns(provider, kind)
    board.ask_json("enable example.test")
    board.wait_domain("example.test", lambda d: MISTAKES[kind] in d["sentence"], seconds=20)
    assert holds_for(LONG_ENOUGH, lambda: board.domain("example.test")["state"] == "waiting_dns")
    check = board.check("example.test")["dns"]
    assert check["result"] == "fail" and MISTAKES[kind] in evidence_text(check)
    assert not front.orders()


def test_corrected_dns_is_noticed_without_being_told(fronted_board, front):
    board, provider = fronted_board, fronted_board.world.provider
    board.agree()
    provider.publish(board.add("example.test"))
    provider.replace(NAME, "A", ELSEWHERE)
    board.ask_json("enable example.test")
    board.wait_domain("example.test", lambda d: ELSEWHERE in d["sentence"], seconds=20)
    provider.replace(NAME, "A", APPLIANCE)
    board.wait_domain("example.test", "active", seconds=120)
    assert len(front.orders()) == 1


def test_cname_to_this_server_is_followed(board):
    provider = board.world.provider
    board.agree()
    records = board.add("example.test")
    provider.publish([record for record in records if record["type"] == "TXT"])
    provider.add("gateway.example.test", "A", APPLIANCE)
    provider.add(NAME, "CNAME", "gateway.example.test")
    board.ask_json("enable example.test")
    board.wait_domain("example.test", "active")
    assert board.passes("example.test")


def resolver_board(world, front):
    """A board whose resolver is the one that fails on demand."""
    network = {"mode": "static", "address": f"{APPLIANCE}/24", "gateway": GATEWAY, "dns": [dns_front.ADDRESS]}
    return Appliance(world, directory_url=front.directory_url, network=network).start()


@pytest.mark.parametrize("fault", [dns_front.SERVFAIL, dns_front.REFUSED, dns_front.SILENCE])
def test_failing_dns_is_unknown_not_wrong_and_not_ordered_for(world, front, fault):
    resolver = world.failing_dns()
    board = resolver_board(world, front)
    board.agree()
    world.provider.publish(board.add("example.test"))
    resolver.rules(dns_front.about(NAME, "*", fault))
    board.ask_json("enable example.test")
    check = board.check("example.test", seconds=90)["dns"]
    assert check["result"] == "unknown", check
    assert not front.orders()
    resolver.rules()
    board.wait_domain("example.test", "active", seconds=150)


def test_truncated_answers_are_asked_again_over_tcp(world, front):
    resolver = world.failing_dns()
    resolver.rules(lambda _name, _kind, _transport: dns_front.TRUNCATE)
    board = resolver_board(world, front)
    board.enable_fully("example.test", seconds=90)
    assert any(transport == "tcp" for _, _, transport in resolver.questions)
    assert board.passes("example.test")


def test_a_domain_that_waits_does_not_stop_another(fronted_board):
    board = fronted_board
    board.agree()
    board.add("second.test")
    board.ask_json("enable second.test")
    board.enable_fully("example.test", seconds=90)
    assert board.domain("second.test")["state"] == "waiting_dns"
