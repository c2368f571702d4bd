"""What several test modules need: looking at a policy host byte by byte."""

import datetime
import ssl
import time

from world import client
from world.world import APPLIANCE

POLICY_PATH = "/.well-known/mta-sts.txt"
CHALLENGE_PATH = "/.well-known/acme-challenge/"
UNRECOGNIZED_NAME, MISSING_EXTENSION, HANDSHAKE_FAILURE = 112, 109, 40
ALERT, FATAL = 21, 2


def policy_host(domain):
    return "mta-sts." + domain


def fetch_policy(world, domain, address=APPLIANCE, method="GET", path=POLICY_PATH, headers=None):
    """The policy as a careful client gets it: SNI, certificate checked against the CA's root."""
    return client.secure(world.namespace, address, policy_host(domain), path, client.trusting(world.ca.root),
                         method=method, headers=headers)


def served_certificate(world, domain, address=APPLIANCE):
    """The certificate that the policy host shows for a domain, in DER."""
    return client.peer_certificate(world.namespace, address, policy_host(domain), client.trusting(world.ca.root))


def hello_answer(world, server_name, version, address=APPLIANCE):
    """The first bytes that a server answers to a ClientHello of this version with this name (None: no SNI)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        pass
    with world.namespace.connect(address, 443) as channel:
        channel.sendall(outgoing.read())
        return channel.recv(4096)


def alert_of(answer):
    """(level, description) of the TLS alert that an answer begins with, or None."""
    if len(answer) >= 7 and answer[0] == ALERT:
        return answer[5], answer[6]
    return None


def instant(text):
    """A moment from the console's RFC 3339."""
    return datetime.datetime.fromisoformat(text)


def holds_for(seconds, probe, pause=0.2):
    """True when probe() stays true for this long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not probe():
            return False
        time.sleep(pause)
    return True


def evidence_text(check):
    """Everything that a check says, for looking for a value in it."""
    return f"{check.get('reason', '')} {check.get('evidence', '')}"
