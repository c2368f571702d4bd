"""The world itself: its senders judge rightly, its faults are real, and nothing of it is left behind.

These need no board. A model policy host stands where the appliance would.
"""

import os
import signal
import ssl
import subprocess
import textwrap
import time

import pytest

from world import ca_front, client, dns_front, paths, senders
from world.acme_client import AcmeClient
from world.ca import ADDRESS, HOST, PORT
from world.ca_front import problem, wire_length
from world.namespace import WorldError, wait_until
from world.policy_host import PolicyHost
from world.record_relay import APPLICATION_DATA, HANDSHAKE
from world.world import RELAY_PORT, World

pytestmark = pytest.mark.no_board

STRANGER = "192.0.2.66"
NAME = "mta-sts.example.test"
POLICY = b"version: STSv1\nmode: enforce\nmx: mail.example.test\nmax_age: 604800\n"


@pytest.fixture(scope="module")
def model():
    """A world with a model policy host for example.test that every sender accepts: (world, host)."""
    with World(nonce_reject=20) as world:
        world.provider.add(NAME, "A", STRANGER)
        world.provider.add("_mta-sts.example.test", "TXT", "v=STSv1; id=20260101;")
        acme = AcmeClient(world.namespace, HOST, ADDRESS, PORT, world.ca.context)
        chain, key = acme.obtain_files(NAME, [STRANGER], world.directory, "model")
        yield world, world.keep(PolicyHost(world.namespace, STRANGER, chain, key, POLICY))


@pytest.mark.parametrize("sender", senders.ALL)
def test_sender_accepts_a_right_policy(model, sender):
    world, _ = model
    verdict = sender(world, "example.test")
    assert verdict.accepted, verdict.words
    assert (verdict.mode, verdict.mx) == ("enforce", ["mail.example.test"])


@pytest.mark.parametrize("sender", senders.ALL)
def test_sender_refuses_another_version(model, sender):
    world, host = model
    host.body = POLICY.replace(b"STSv1", b"STSv2")
    try:
        assert not sender(world, "example.test").accepted
    finally:
        host.body = POLICY


@pytest.mark.parametrize("sender", [senders.postfix_resolver, senders.mailauth])
def test_sender_refuses_two_records(model, sender):
    world, _ = model
    world.provider.add("_mta-sts.example.test", "TXT", "v=STSv1; id=20260102;")
    try:
        assert not sender(world, "example.test").accepted
    finally:
        world.provider.replace("_mta-sts.example.test", "TXT", "v=STSv1; id=20260101;")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_front_sends_handshake_and_body_in_full_records(world, version):
    _, relay = world.full_record_front(version)
    reply = client.secure(world.namespace, ADDRESS, HOST, "/dir", world.ca.context, port=RELAY_PORT)
    assert reply.status == 200 and len(reply.body) > 16384
    tls13 = version == ssl.TLSVersion.TLSv1_3
    full = wire_length(16384, tls13)
    assert relay.seen(APPLICATION_DATA, full) == (2 if tls13 else 1)
    assert tls13 or relay.seen(HANDSHAKE, 16384) == 1


def test_front_injects_once_and_counts(world, front):
    acme = AcmeClient(world.namespace, HOST, ADDRESS, ca_front.PORT, world.ca.context)
    world.provider.add(NAME, "A", STRANGER)
    front.inject("/order-plz", 429, problem("rateLimited", "too many orders"), {"Retry-After": "3"})
    with pytest.raises(WorldError, match="too many orders"):
        acme.obtain(NAME, [STRANGER])
    acme.obtain(NAME, [STRANGER])
    assert [order.status for order in front.orders()] == [429, 201]
    assert len(front.accounts()) == 1


def test_failing_dns_fails_as_told(world):
    front = world.failing_dns()
    front.rules(dns_front.about("a.test", "A", dns_front.SERVFAIL),
                dns_front.about("b.test", "A", ["192.0.2.99"]),
                dns_front.about("acme.ca.test", "A", dns_front.TRUNCATE))

    def ask(name):
        return world.namespace.run([paths.system_program("kdig"), "@" + dns_front.ADDRESS, name, "A"]).stdout

    assert "SERVFAIL" in ask("a.test")
    assert "192.0.2.99" in ask("b.test")
    assert "192.0.2.1" in ask("acme.ca.test")
    assert ("acme.ca.test", "A", "tcp") in front.questions


def test_time_server_can_be_absent_and_come_back(make_world):
    world = make_world(start_clock=False)
    assert world.clock.query() is None
    world.clock.start()
    world.clock.wait()
    assert abs(world.clock.query() - time.time()) < 2


def test_nothing_is_left_when_the_owner_is_killed(tmp_path):
    script = textwrap.dedent("""\
        import sys, time
        sys.path.insert(0, sys.argv[1])
        from world.world import World
        world = World()
        print(world.directory, world.namespace.holder.pid, flush=True)
        time.sleep(60)
        """)
    owner = subprocess.Popen([paths.PYTHON, "-c", script, str(paths.ROOT / "tests")], stdout=subprocess.PIPE,
                             text=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    directory, holder = owner.stdout.readline().split()
    owner.send_signal(signal.SIGKILL)
    owner.wait()

    def gone():
        listing = subprocess.run(["ps", "-eo", "pid,stat,args"], text=True, stdout=subprocess.PIPE, check=True)
        lines = [line.split(None, 2) for line in listing.stdout.splitlines()]
        return not any((pid == holder or directory in words) and "Z" not in state for pid, state, words in lines)

    assert wait_until(gone, "the end of the world's processes")
