"""A CA that is difficult: refused nonces, limits, refusals, long chains, full records, no answer at all."""

import datetime
import json
import ssl

import pytest

from helpers import holds_for, instant, served_certificate
from world import client
from world.appliance import Appliance, passing
from world.ca_front import problem, wire_length
from world.console import ConsoleError
from world.namespace import wait_until
from world.record_relay import APPLICATION_DATA, HANDSHAKE
from world.world import APPLIANCE, RELAY_DIRECTORY


def enable_in_trouble(board, name="example.test"):
    """Enables a domain with right DNS and returns it as shown when its last error has come."""
    board.agree()
    board.world.provider.publish(board.add(name))
    board.ask_json(f"enable {name}")
    return board.wait_domain(name, lambda d: d["last_error"], seconds=60)


def told(shown):
    return f"{shown['last_error']['sentence']} {shown['sentence']}"


def test_every_second_nonce_is_refused(make_world):
    world = make_world(nonce_reject=50)
    front = world.front()
    board = Appliance(world, directory_url=front.directory_url).start()
    board.enable_fully("example.test", seconds=90)
    assert any(request.status == 400 for request in front.requests)
    assert len([order for order in front.orders() if order.status == 201]) == 1
    assert len(front.accounts()) == 1


def test_rate_limit_reaches_the_operator_and_is_kept_to(fronted_board, front):
    board = fronted_board
    front.inject("/order-plz", 429, problem("rateLimited", "too many certificates for example.test"),
                 {"Retry-After": "7200"}, times=99)
    shown = enable_in_trouble(board)
    assert "too many certificates for example.test" in told(shown)
    assert "rateLimited" in json.dumps(shown["last_error"])
    wait = instant(shown["next"]["at"]) - instant(board.ask_json("status")["time"])
    assert wait > datetime.timedelta(seconds=7000)
    tries = len(front.orders())
    assert holds_for(5, lambda: len(front.orders()) == tries)


def test_operator_can_force_a_try_after_a_limit(fronted_board, front):
    board = fronted_board
    front.inject("/order-plz", 429, problem("rateLimited", "slow down"), {"Retry-After": "3600"})
    enable_in_trouble(board)
    board.ask_json("renew example.test")
    shown = board.wait_domain("example.test", "active")
    assert shown["last_error"] is None


@pytest.mark.parametrize("kind, detail", [
    ("rejectedIdentifier", "policy forbids issuing for mta-sts.example.test"),
    ("caa", "CAA record for example.test prevents issuance"),
    ("unauthorized", "account is paused, see https://unpause.ca.test/example"),
])
def test_problem_document_reaches_the_operator(fronted_board, front, kind, detail):
    front.inject("/order-plz", 403, problem(kind, detail))
    shown = enable_in_trouble(fronted_board)
    assert kind in json.dumps(shown["last_error"])
    assert detail in told(shown)
    assert shown["next"]["at"]


def test_refusal_at_finalize_reaches_the_operator(fronted_board, front):
    front.inject("finalize", 400, problem("badCSR", "this key was seen before"))
    shown = enable_in_trouble(fronted_board)
    assert "badCSR" in json.dumps(shown["last_error"]) and "this key was seen before" in told(shown)
    assert len(front.orders()) == 1


def test_failed_validation_says_what_the_ca_saw(make_world):
    world = make_world(blocked=["mta-sts.example.test"])
    board = Appliance(world).start()
    shown = enable_in_trouble(board)
    assert "mta-sts.example.test" in told(shown)
    assert "rejectedIdentifier" in json.dumps(shown["last_error"])


def test_server_error_is_tried_again(fronted_board, front):
    front.inject("/order-plz", 503, problem("serverInternal", "back soon"), {"Retry-After": "1"})
    board = fronted_board
    board.agree()
    board.world.provider.publish(board.add("example.test"))
    board.ask_json("enable example.test")
    board.wait_domain("example.test", "active", seconds=120)
    orders = front.orders()
    assert [order.status for order in orders] == [503, 201]
    assert orders[1].at - orders[0].at >= 1


def test_another_ca_takes_over_in_mid_order(fronted_board, front):
    front.inject("/order-plz", 503, problem("serverInternal", "back soon"), {"Retry-After": "100"}, times=9)
    board = fronted_board
    board.agree()
    board.world.provider.publish(board.add("example.test"))
    board.ask_json("enable example.test")
    wait_until(front.orders, "the order to be asked for")
    board.ask_json(f"ca set {board.world.ca.directory_url}")
    board.agree()
    shown = board.wait_domain("example.test", "active", seconds=60)
    assert shown["failures"] == 0 and shown["last_error"] is None


def test_one_domain_in_trouble_does_not_stop_another(fronted_board, front):
    board = fronted_board
    front.inject("/order-plz", 429, problem("rateLimited", "slow down"), {"Retry-After": "86400"})
    enable_in_trouble(board)
    board.enable_fully("second.test")
    assert board.domain("example.test")["state"] != "active"


def test_checks_run_while_an_order_waits_for_the_ca(fronted_board, front):
    """There is one HTTP client: an order that has to wait leaves it to the checks, and comes through after them."""
    board = fronted_board
    board.enable_fully("example.test")
    front.inject("/order-plz", 503, problem("serverInternal", "overloaded"), {"Retry-After": "25"})
    board.world.provider.publish(board.add("second.test"))
    board.ask_json("enable second.test")
    wait_until(lambda: front.orders()[-1].status == 503, "the CA's 503")
    tries = len(front.orders())
    checks = board.check("example.test")
    assert passing(checks), checks
    assert len(front.orders()) == tries, "the order was not waiting any more"
    board.wait_domain("second.test", "active")


def test_an_order_and_checks_go_on_side_by_side(board):
    board.enable_fully("example.test")
    board.world.provider.publish(board.add("second.test"))
    board.ask_json("enable second.test")
    rounds = 0
    while board.domain("second.test")["state"] != "active":
        rounds += 1
        checks = board.check("example.test")
        assert passing(checks), checks
        assert rounds < 60, "the order does not come to its end"
    assert rounds > 0
    assert board.domain("second.test")["failures"] == 0


def test_unreachable_directory_is_named(board):
    board.ask_json("ca set https://nowhere.ca.test/dir")
    board.wait_clock()
    with pytest.raises(ConsoleError) as refused:
        board.ask_json("ca agree", seconds=60)
    assert "nowhere.ca.test" in refused.value.error["sentence"]


def test_directory_with_an_unknown_root_is_refused(world):
    board = Appliance(world, trust=[world.ca.root]).start()
    board.wait_clock()
    with pytest.raises(ConsoleError) as refused:
        board.ask_json("ca agree", seconds=60)
    assert "acme.ca.test" in refused.value.error["sentence"]


@pytest.mark.parametrize("length", [1, 3])
def test_chains_of_other_lengths_are_served_whole(make_world, length):
    world = make_world(chain_length=length)
    board = Appliance(world).start()
    board.enable_fully("example.test")
    assert served_certificate(world, "example.test")
    assert board.ask_json("cert example.test")["chain_length"] == length + 1
    assert board.passes("example.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_full_16384_byte_records_are_accepted(world, version):
    """Handshake and bodies of the CA come in full records, while 4 KB servers go on serving."""
    front, relay = world.full_record_front(version)
    board = Appliance(world, directory_url=RELAY_DIRECTORY).start()
    board.enable_fully("example.test")
    tls13 = version == ssl.TLSVersion.TLSv1_3
    assert relay.seen(APPLICATION_DATA, wire_length(16384, tls13)) > 5
    assert tls13 or relay.seen(HANDSHAKE, 16384) >= 1
    assert len(front.accounts()) == 1
    assert client.secure(world.namespace, APPLIANCE, "mta-sts.example.test", "/.well-known/mta-sts.txt",
                         client.trusting(world.ca.root)).status == 200
