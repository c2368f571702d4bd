"""The world's mail servers are right, and wrong in the very way that they are asked to be. These need no board."""

import smtplib
import ssl

import pytest

from world.mx import SMTP, Mx
from world.world import World

pytestmark = pytest.mark.no_board

ADDRESS, NAME = "192.0.2.25", "mail.example.test"


@pytest.fixture(scope="module")
def town():
    with World(start_clock=False) as world:
        yield world


class Client(smtplib.SMTP):
    """A mail client in the world."""

    def __init__(self, world, address=ADDRESS, name=NAME):
        self._world = world
        super().__init__(address, SMTP, local_hostname="client.test", timeout=15)
        self._host = name  # that a certificate is to have

    def _get_socket(self, host, port, timeout):
        return self._world.namespace.connect(host, port, timeout)


@pytest.fixture
def serve(town):
    """A function that starts an MX, which ends with the test."""
    made = []

    def start(**options):
        made.append(Mx(town, ADDRESS, NAME, **options).start())
        return made[-1]

    yield start
    for mx in made:
        mx.close()


def secured(client, world):
    context = ssl.create_default_context(cafile=world.roots)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    client.starttls(context=context)
    return client.sock.version()


def test_mail_is_delivered_over_tls(town, serve):
    mx = serve()
    before = len(mx.messages())
    with Client(town) as client:
        assert secured(client, town) == "TLSv1.3"
        client.sendmail("a@client.test", ["b@example.test"], "Subject: to the MX\r\n\r\nHello.\r\n")
    assert mx.wait_messages(before + 1)[-1]["Subject"] == "to the MX"


@pytest.mark.parametrize("kind, words", [("other name", "Hostname mismatch"), ("expired", "has expired"),
                                         ("not yet", "not yet valid"), ("self-signed", "self-signed certificate"),
                                         ("unknown CA", "unable to get local issuer")])
def test_certificate_is_wrong_as_told(town, serve, kind, words):
    serve(certificate=kind)
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        secured(Client(town), town)


def test_stand_in_shows_a_good_certificate_and_makes_way(town):
    with Client(town, "192.0.2.26", "mail.second.test") as client:
        assert secured(client, town) == "TLSv1.3"
        assert client.docmd("MAIL FROM:<a@client.test>")[0] == 502
    Mx(town, "192.0.2.26", NAME, greeting=421).start()
    with pytest.raises(smtplib.SMTPConnectError):
        Client(town, "192.0.2.26")


def test_without_starttls(town, serve):
    serve(starttls=False)
    with Client(town) as client:
        client.ehlo()
        assert not client.has_extn("starttls")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_only(town, serve):
    serve(tls="old")
    with pytest.raises(ssl.SSLError, match="unsupported protocol|protocol version"):
        secured(Client(town), town)
    context = ssl.create_default_context(cafile=town.roots)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with Client(town) as client:
        client.starttls(context=context)
        assert client.sock.version() == "TLSv1.1"


@pytest.mark.parametrize("code", [421, 554])
def test_refusing_greeting(town, serve, code):
    serve(greeting=code)
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        Client(town)
    assert refused.value.smtp_code == code
