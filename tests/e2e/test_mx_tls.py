"""The mx_tls check against real mail servers, right and wrong in one way each, and against what is none."""

import pytest

from helpers import evidence_text
from world.appliance import Appliance
from world.mx import DEAD_END, Host, Mx, Talker
from world.world import World

pytestmark = pytest.mark.every_board

ADDRESS, NAME = "192.0.2.25", "mail.example.test"
OTHER, OTHER_NAME = "192.0.2.26", "backup.example.test"

HELLO = b"220 mx ESMTP\r\n"
OFFER = b"250-mx\r\n250 STARTTLS\r\n"


@pytest.fixture(scope="module")
def town():
    """A world whose board serves example.test: (world, board)."""
    with World() as world:
        board = Appliance(world).start()
        board.enable_fully("example.test")
        yield world, board


@pytest.fixture
def put(town):
    """A function that starts a server, which ends with the test."""
    made = []

    def start(kind, address, *arguments, **options):
        made.append(kind(town[0], address, *arguments, **options).start())
        return made[-1]

    yield start
    for server in made:
        server.close()


def mx_tls(town):
    return town[1].check("example.test")["mx_tls"]


def says(check, result, code, words=""):
    assert (check["result"], check["code"]) == (result, code), check
    assert words in check["reason"], check
    assert bool(check.get("remedy")) == (result != "pass"), check


@pytest.mark.parametrize("options, version", [({"tls": "1.2"}, "TLSv1.2"), ({"tls": "1.3"}, "TLSv1.3"),
                                              ({"postscreen": True}, "TLSv1.3")])
def test_a_good_server_passes(town, put, options, version):
    put(Mx, ADDRESS, NAME, **options)
    check = mx_tls(town)
    says(check, "pass", "ok", "Every MX (1)")
    assert f"10 {NAME}: ok, {ADDRESS}, {version}, certificate until " in evidence_text(check)


@pytest.mark.parametrize("options, result, code, words", [
    ({"certificate": "other name"}, "fail", "cert_name", "it is for other.example"),
    ({"certificate": "expired"}, "fail", "cert_expired", "has expired"),
    ({"certificate": "not yet"}, "fail", "cert_not_yet", "not valid yet"),
    ({"certificate": "self-signed"}, "fail", "cert_untrusted", "no root which senders trust"),
    ({"certificate": "unknown CA"}, "fail", "cert_untrusted", "Somebody's own root"),
    ({"starttls": False}, "fail", "no_starttls", "does not offer STARTTLS"),
    ({"tls": "old"}, "fail", "tls_old", "no version of TLS from 1.2 on"),
    ({"greeting": 421}, "unknown", "smtp_busy", "421 "),
    ({"greeting": 554}, "unknown", "smtp_busy", "554 "),
])
def test_a_server_that_is_wrong_is_told_why(town, put, options, result, code, words):
    put(Mx, ADDRESS, NAME, **options)
    says(mx_tls(town), result, code, words)


@pytest.mark.parametrize("script, result, code, words", [
    ((b"SSH-2.0-Something\r\n",), "fail", "not_smtp", "not as a mail server"),
    ((None,), "unknown", "smtp_busy", "closed"),
    ((HELLO, 1, b"502 what?\r\n"), "fail", "smtp_refused", "502 what?"),
    ((HELLO, 1, OFFER, 1, b"454 no key\r\n"), "fail", "tls_failed", "454 no key"),
    ((HELLO, 1, OFFER, 1, b"220 go\r\n250 injected\r\n"), "fail", "tls_failed", "behind its reply to STARTTLS"),
    ((HELLO, 1, OFFER, 1, b"220 go\r\n", 1, b"500 what?\r\n"), "fail", "tls_failed", "offers TLS, which then failed"),
    ((HELLO, 1, OFFER, 1, b"220 go\r\n", None), "fail", "tls_failed", "offers TLS, which then failed"),
])
def test_what_is_no_mail_server_is_told_so(town, put, script, result, code, words):
    put(Talker, ADDRESS, *script)
    says(mx_tls(town), result, code, words)


def test_it_says_who_it_is_and_goodbye(town, put):
    talker = put(Talker, ADDRESS, HELLO, 1, b"250 mx\r\n", 1, b"221 bye\r\n", None)
    says(mx_tls(town), "fail", "no_starttls")
    assert talker.heard == [b"EHLO mta-sts.example.test\r\n", b"QUIT\r\n"]


def test_a_closed_port_fails(town, put):
    put(Host, ADDRESS)
    says(mx_tls(town), "fail", "mx_refused", f"{NAME} refuses connections to port 25 of {ADDRESS}")


@pytest.fixture
def provider(town):
    """The provider's hand; the MX of example.test are as before after the test."""
    provider = town[0].provider
    yield provider
    provider.replace("example.test", "MX", f"10 {NAME}.")
    provider.replace(NAME, "A", ADDRESS)
    provider.remove(OTHER_NAME, "A")


def test_an_mx_without_an_address_fails(town, provider):
    provider.remove(NAME, "A")
    says(mx_tls(town), "fail", "mx_no_address", NAME)


def test_a_blocked_port_cannot_be_told_from_here(town, provider):
    provider.replace(NAME, "A", DEAD_END)
    check = mx_tls(town)
    says(check, "unknown", "port25_blocked", "No MX of example.test")
    assert f"10 {NAME}: mx_timeout, {DEAD_END}" in evidence_text(check)


def two(provider, put, **options):
    """Two MX, the second one as told."""
    put(Mx, ADDRESS, NAME)
    if options:
        put(Mx, OTHER, OTHER_NAME, **options)
    provider.replace(OTHER_NAME, "A", OTHER if options else DEAD_END)
    provider.replace("example.test", "MX", f"20 {OTHER_NAME}.", f"10 {NAME}.")


def test_the_worst_of_several_is_named(town, provider, put):
    two(provider, put, certificate="expired")
    check = mx_tls(town)
    says(check, "fail", "cert_expired", OTHER_NAME)
    assert [line.split(",")[0] for line in check["evidence"]["MX"]] == [f"10 {NAME}: ok",
                                                                       f"20 {OTHER_NAME}: cert_expired"]


def test_one_of_several_that_is_silent_is_named(town, provider, put):
    two(provider, put)
    says(mx_tls(town), "unknown", "mx_timeout", OTHER_NAME)


@pytest.mark.parametrize("records, code", [((), "no_mx"), (("0 .",), "null_mx")])
def test_no_mx_fails(town, provider, records, code):
    provider.remove("example.test", "MX")
    for record in records:
        provider.add("example.test", "MX", record)
    says(mx_tls(town), "fail", code, "example.test")


def test_in_mode_testing_it_does_not_raise_the_light(town, put):
    put(Host, ADDRESS)
    says(mx_tls(town), "fail", "mx_refused")
    assert town[1].ask_json("status")["health"] == "ok"
