"""Disable, enable again, remove: the host stops, the certificate stays, the operator is told what to take down."""

import ssl

import pytest
from cryptography import x509

from helpers import FATAL, UNRECOGNIZED_NAME, alert_of, fetch_policy, hello_answer, served_certificate
from world.console import ConsoleError
from world.namespace import wait_until

pytestmark = pytest.mark.every_board


def test_disable_stops_the_host_and_names_the_records(fronted_board):
    board, world = fronted_board, fronted_board.world
    board.enable_fully("example.test")
    said = board.ask("disable example.test now yes")
    for name in ("mta-sts.example.test", "_mta-sts.example.test"):
        assert name in said, said
    assert board.domain("example.test")["state"] == "disabled"
    assert [(record["act"], record["type"], record["name"]) for record in board.records("example.test")] == [
        ("delete", "TXT", "_mta-sts.example.test"), ("delete", "A", "mta-sts.example.test")]
    wait_until(lambda: alert_of(hello_answer(world, "mta-sts.example.test", ssl.TLSVersion.TLSv1_3))
               == (FATAL, UNRECOGNIZED_NAME), "the host's end")
    assert board.ask_json("cert example.test")["sans"] == ["mta-sts.example.test"]


def test_enable_again_uses_the_certificate_that_was_kept(fronted_board, front):
    board, world = fronted_board, fronted_board.world
    board.enable_fully("example.test")
    before = x509.load_der_x509_certificate(served_certificate(world, "example.test")).serial_number
    board.ask_json("disable example.test now")
    board.ask_json("enable example.test")
    board.wait_domain("example.test", "active")
    assert x509.load_der_x509_certificate(served_certificate(world, "example.test")).serial_number == before
    assert len(front.orders()) == 1
    assert board.passes("example.test")


def test_disabling_one_leaves_the_other_alone(board):
    for name in ("example.test", "second.test"):
        board.enable_fully(name)
    board.ask_json("disable example.test now")
    assert fetch_policy(board.world, "second.test").status == 200
    assert board.passes("second.test")


def test_an_active_domain_is_not_removed_and_a_disabled_one_is(board):
    board.enable_fully("example.test")
    with pytest.raises(ConsoleError) as refused:
        board.ask_json("domain remove example.test")
    assert "disable" in refused.value.error["sentence"]
    board.ask_json("disable example.test now")
    board.ask_json("domain remove example.test")
    assert board.names() == {}


def test_disable_while_waiting_and_while_ordering(fronted_board, front):
    board, provider = fronted_board, fronted_board.world.provider
    board.agree()
    records = board.add("example.test")
    board.ask_json("enable example.test")
    board.ask_json("disable example.test now")
    assert board.domain("example.test")["state"] == "disabled"
    provider.publish(records)
    asked = []
    front.after_answer = lambda request: asked.append(request.path)
    board.ask_json("enable example.test")
    wait_until(lambda: any("order-plz" in path for path in asked), "the order", 30)
    board.ask_json("disable example.test now")
    assert board.domain("example.test")["state"] == "disabled"
    board.ask_json("enable example.test")
    board.wait_domain("example.test", "active", seconds=90)
