"""From Enable to accepted by real senders: the main job, for one domain and for two."""

import pytest
from cryptography import x509

from helpers import evidence_text, fetch_policy, instant, served_certificate
from world import senders
from world.appliance import HOST_CHECKS, Appliance, passing
from world.console import ConsoleError
from world.world import APPLIANCE, World

pytestmark = pytest.mark.every_board

def txt_value(shown):
    return f"v=STSv1; id={shown['policy']['id']};"


@pytest.fixture(scope="module")
def served():
    """A world whose board serves example.test: (world, board, shown), shared by tests that only look."""
    with World() as world:
        board = Appliance(world).start()
        yield world, board, board.enable_fully("example.test")


def test_the_checks_of_the_host_pass_with_evidence(served):
    _, board, _ = served
    checks = board.check("example.test")
    assert passing(checks), checks
    for key in HOST_CHECKS:
        assert checks[key]["reason"] and checks[key]["evidence"], checks[key]
    assert APPLIANCE in evidence_text(checks["dns"])


@pytest.mark.parametrize("sender", senders.ALL)
def test_real_sender_accepts(served, sender):
    world, _, shown = served
    verdict = sender(world, "example.test")
    assert verdict.accepted, verdict.words
    assert verdict.mode == shown["policy"]["mode"] == "testing"
    assert verdict.mx == shown["policy"]["mx"] == ["mail.example.test"]
    assert verdict.policy_id in ("", shown["policy"]["id"])


def test_records_are_three_with_exact_values(served):
    _, board, shown = served
    records = {(record["type"], record["name"].rstrip(".")): record["value"]
               for record in board.records("example.test")}
    assert records == {
        ("A", "mta-sts.example.test"): APPLIANCE,
        ("TXT", "_mta-sts.example.test"): txt_value(shown),
        ("TXT", "_smtp._tls.example.test"): "v=TLSRPTv1; rua=mailto:postmaster@example.test",
    }


def test_expiry_shown_is_that_of_the_installed_certificate(served):
    world, board, shown = served
    certificate = x509.load_der_x509_certificate(served_certificate(world, "example.test"))
    expires = instant(shown["expires"])
    assert expires.replace(tzinfo=None) == certificate.not_valid_after
    told = board.ask_json("cert example.test")
    assert instant(told["not_after"]) == expires
    assert told["sans"] == ["mta-sts.example.test"]
    assert int(told["serial"].replace(":", ""), 16) == certificate.serial_number
    assert told["chain_length"] >= 2


def test_status_has_everything_at_a_glance(served):
    _, board, _ = served
    status = board.ask_json("status")
    assert status["health"] in ("ok", "attention")
    assert status["sentence"] and status["time"]
    assert APPLIANCE in " ".join(status["addresses"])
    assert (status["domains"]["total"], status["domains"]["active"]) == (1, 1)
    assert [entry["state"] for entry in status["domain_list"]] == ["active"]


def test_each_refuses_while_the_record_is_damaged_and_accepts_again(served):
    world, board, shown = served
    name, value = "_mta-sts.example.test", txt_value(shown)
    world.provider.add(name, "TXT", "v=STSv1; id=other;")
    try:
        assert not senders.postfix_resolver(world, "example.test").accepted
        assert not senders.mailauth(world, "example.test").accepted
        checks = board.check("example.test")
        assert checks["policy_id"]["result"] == "fail", checks
        assert checks["dns"]["result"] == "pass"
    finally:
        world.provider.replace(name, "TXT", value)
    assert senders.postfix_resolver(world, "example.test").accepted
    assert board.passes("example.test")


def test_enable_waits_for_dns_and_says_why(world):
    board = Appliance(world).start()
    board.agree()
    records = board.add("example.test")
    assert board.domain("example.test")["state"] == "disabled"
    board.ask_json("enable example.test")
    shown = board.wait_domain("example.test", "waiting_dns", seconds=10)
    said = board.wait_domain("example.test", lambda d: "mta-sts.example.test" in d["sentence"], seconds=20)
    assert said["state"] == "waiting_dns" and shown["expires"] is None
    world.provider.publish(records)
    board.wait_domain("example.test", "active", seconds=90)


def test_nothing_is_ordered_before_the_terms_are_agreed_to(fronted_board, front):
    board = fronted_board
    board.world.provider.publish(board.add("example.test"))
    try:
        board.ask_json("enable example.test")
        said = board.wait_domain("example.test", lambda d: "agree" in d["sentence"].lower(), seconds=30)["sentence"]
    except ConsoleError as error:
        said = error.error["sentence"]
    assert "ca agree" in said
    assert not front.accounts() and not front.orders()


def test_two_domains_are_served_at_once_with_their_own_certificates(world, board):
    for name in ("example.test", "second.test"):
        board.enable_fully(name)
    serials = set()
    for name in ("example.test", "second.test"):
        certificate = x509.load_der_x509_certificate(served_certificate(world, name))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["mta-sts." + name]
        serials.add(certificate.serial_number)
        assert f"mx: mail.{name}".encode() in fetch_policy(world, name).body
        assert senders.postfix_resolver(world, name).accepted
        assert board.passes(name)
    assert len(serials) == 2


def test_two_domains_that_are_enabled_at_once_take_an_order_each(fronted_board, front):
    board, names = fronted_board, ("example.test", "second.test")
    board.agree()
    for name in names:
        board.world.provider.publish(board.add(name))
    for name in names:
        board.ask_json(f"enable {name}")
    for name in names:
        board.wait_domain(name, "active")
    assert len(front.accounts()) == 1 and len(front.orders()) == 2
    assert all(board.passes(name) for name in names)


def test_account_is_one_for_all_domains(fronted_board, front):
    for name in ("example.test", "second.test"):
        fronted_board.enable_fully(name)
    assert len(front.accounts()) == 1
    assert fronted_board.ask_json("ca")["account"] == front.accounts()[0]


def test_changed_policy_has_a_new_id_and_the_same_one_when_changed_back(world, board):
    board.enable_fully("example.test")
    first = board.domain("example.test")["policy"]["id"]
    board.ask_json("domain set example.test mode enforce force")
    second = board.domain("example.test")["policy"]
    assert second["mode"] == "enforce" and second["id"] != first
    assert b"mode: enforce" in fetch_policy(world, "example.test").body
    board.ask_json("domain set example.test mode testing")
    assert board.domain("example.test")["policy"]["id"] == first


def test_domains_survive_a_power_cut(world, board):
    before = board.enable_fully("example.test")
    board.cut_power()
    board.start()
    after = board.domain("example.test")
    assert (after["state"], after["expires"], after["policy"]) == ("active", before["expires"], before["policy"])
    assert fetch_policy(world, "example.test").status == 200
    board.wait_clock()
    assert board.passes("example.test")
