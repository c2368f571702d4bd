"""What the policy host answers on ports 443 and 80, as the strictest sender wants it."""

import ssl

import pytest

from helpers import (CHALLENGE_PATH, FATAL, HANDSHAKE_FAILURE, MISSING_EXTENSION, UNRECOGNIZED_NAME, alert_of,
                     fetch_policy, hello_answer)
from world import client
from world.appliance import Appliance
from world.world import APPLIANCE, World

pytestmark = pytest.mark.every_board

NAME = "mta-sts.example.test"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def host():
    """A world whose board serves example.test, shared by all tests here."""
    with World() as world:
        Appliance(world).start().enable_fully("example.test", options="mode enforce max-age 86400 force")
        yield world


def plain(world, path, name=NAME, method="GET"):
    return client.plain(world.namespace, APPLIANCE, name, path, method=method)


def test_body_is_byte_exact(host):
    reply = fetch_policy(host, "example.test")
    lines = reply.body.decode("ascii").replace("\r\n", "\n")
    assert lines == "version: STSv1\nmode: enforce\nmx: mail.example.test\nmax_age: 86400\n"
    assert reply.body.count(b"\r") in (0, reply.body.count(b"\n"))


def test_headers_are_those_that_senders_accept(host):
    reply = fetch_policy(host, "example.test")
    assert reply.status == 200
    assert [value.replace(" ", "").lower() for value in reply.header("Content-Type")] in (
        ["text/plain"], ["text/plain;charset=utf-8"])
    assert reply.header("Content-Length") == [str(len(reply.body))]
    assert not reply.header("Location") and not reply.header("Content-Encoding")


def test_head_has_the_headers_and_no_body(host):
    reply = fetch_policy(host, "example.test", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("Content-Length") == [str(len(fetch_policy(host, "example.test").body))]


@pytest.mark.parametrize("path", ["/", "/.well-known/", "/.well-known/mta-sts.txt/", "/.well-known/MTA-STS.TXT",
                                  "/.well-known/../.well-known/x", "/status", "/api"])
def test_any_other_path_is_not_found(host, path):
    reply = fetch_policy(host, "example.test", path=path)
    assert reply.status == 404 and not reply.header("Location")


def test_other_methods_are_refused(host):
    assert fetch_policy(host, "example.test", method="DELETE").status in (405, 501)


def test_another_host_header_gets_no_policy(host):
    reply = fetch_policy(host, "example.test", headers={"Host": "mta-sts.other.test"})
    assert reply.status in (404, 421)


@pytest.mark.parametrize("version", VERSIONS)
def test_either_version_is_served(host, version):
    context = client.trusting(host.ca.root, version=version)
    reply = client.secure(host.namespace, APPLIANCE, NAME, "/.well-known/mta-sts.txt", context)
    assert reply.status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_older_versions_are_refused(host):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with host.namespace.connect(APPLIANCE, 443) as channel, pytest.raises(ssl.SSLError):
        context.wrap_socket(channel, server_hostname=NAME)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["mta-sts.unknown.test", "example.test", "mail.example.test"])
def test_unknown_name_gets_unrecognized_name(host, name, version):
    assert alert_of(hello_answer(host, name, version)) == (FATAL, UNRECOGNIZED_NAME)


def test_no_name_gets_missing_extension_under_tls_1_3(host):
    assert alert_of(hello_answer(host, None, ssl.TLSVersion.TLSv1_3)) == (FATAL, MISSING_EXTENSION)


def test_no_name_gets_handshake_failure_under_tls_1_2(host):
    assert alert_of(hello_answer(host, None, ssl.TLSVersion.TLSv1_2)) == (FATAL, HANDSHAKE_FAILURE)


def test_the_chain_leads_to_the_root_with_every_link_that_is_needed(host):
    done = host.namespace.run(["openssl", "s_client", "-connect", f"{APPLIANCE}:443", "-servername", NAME,
                               "-verify_return_error", "-CAfile", host.roots, "-verify_hostname", NAME], input="")
    assert "Verify return code: 0 (ok)" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_port_80_redirects_the_known_host_to_https(host, method):
    reply = plain(host, "/.well-known/mta-sts.txt", method=method)
    assert reply.status in (301, 302, 307, 308)
    assert reply.header("Location") == [f"https://{NAME}/.well-known/mta-sts.txt"]


@pytest.mark.parametrize("name", [NAME, "mta-sts.unknown.test"])
def test_port_80_never_redirects_the_challenge_path(host, name):
    reply = plain(host, CHALLENGE_PATH + "no-such-token", name)
    assert reply.status == 404 and not reply.header("Location")


def test_port_80_tells_an_unknown_host_nothing(host):
    try:
        reply = plain(host, "/", "mta-sts.unknown.test")
    except OSError:
        return
    assert reply.status in (404, 421) and not reply.header("Location")


def test_several_clients_are_served_at_once(host):
    context = client.trusting(host.ca.root)
    channels = [context.wrap_socket(host.namespace.connect(APPLIANCE, 443), server_hostname=NAME)
                for _ in range(4)]
    replies = [client.exchange(channel, NAME, "GET", "/.well-known/mta-sts.txt") for channel in channels]
    assert [reply.status for reply in replies] == [200] * 4


def test_answer_comes_within_four_seconds(host):
    done = host.namespace.run(["curl", "--silent", "--fail", "--max-time", "4", "--cacert", host.roots,
                               f"https://{NAME}/.well-known/mta-sts.txt"])
    assert done.returncode == 0, done.stderr
