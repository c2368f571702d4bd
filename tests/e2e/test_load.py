"""Heavy load: eight clients that shake hands again and again and read a megabyte of policies on kept-alive connections,
and a ninth whose megabyte of bodies is refused. At most four TLS connections are admitted at once; the others wait
their turn, and nothing is lost."""

import http.client
import itertools
import threading
import time

import pytest

from helpers import POLICY_PATH, policy_host
from world import client
from world.appliance import Appliance
from world.namespace import wait_until
from world.world import APPLIANCE

pytestmark = pytest.mark.every_board

DOMAIN = "example.test"
HOST = policy_host(DOMAIN)
MX = ",".join(f"mx{number:02}.{'a-long-label-' * 3}x.{DOMAIN}" for number in range(16))
MEGABYTE = 1 << 20
POST_BODY = bytes(32 * 1024)
READERS = 8
ROUND = 10
ADMITTED = 4
SOURCES = ("192.0.2.53", "192.0.2.54", "192.0.2.66")  # one address may have six connections; the CA comes from .1
PATIENCE = 30
PORTS = itertools.cycle(range(1024, 32768))  # none is used again soon: TCP keeps a closed connection's for a while


class Client(threading.Thread):
    """Works until its job is done or stop() is called; what went wrong ends it and is kept in `trouble`."""

    def __init__(self, world, source):
        super().__init__(daemon=True)
        self._world, self._source = world, source
        self._context = client.trusting(world.ca.root)
        self._end = threading.Event()
        self.trouble = None

    def run(self):
        try:
            while not self._end.is_set() and self.work():
                pass
        except Exception as error:  # pylint: disable=broad-except
            self.trouble = f"{type(self).__name__} at {self._source}: {error!r}"

    def work(self):
        """One piece of the job; false when all is done."""
        raise NotImplementedError

    def open(self):
        """A connection after its handshake."""
        channel = self._world.namespace.connect(APPLIANCE, 443, PATIENCE, (self._source, next(PORTS)))
        connection = http.client.HTTPConnection(HOST)
        connection.sock = self._context.wrap_socket(channel, server_hostname=HOST)
        return connection

    def stop(self):
        self._end.set()
        self.join(PATIENCE)


class Poster(Client):
    """Sends a megabyte of bodies; each is refused in so many words."""

    def __init__(self, world, source):
        super().__init__(world, source)
        self.bytes = 0

    def work(self):
        connection = self.open()
        try:
            connection.request("POST", POLICY_PATH, POST_BODY)
            answer = connection.getresponse()
            assert answer.status == 413 and answer.will_close, answer.status
            answer.read()
        finally:
            connection.close()
        self.bytes += len(POST_BODY)
        return self.bytes < MEGABYTE


class Reader(Client):
    """Shakes hands, fetches the policy as often as the server lets it, at most ROUND times, and comes anew."""

    def __init__(self, world, source, policy):
        super().__init__(world, source)
        self._policy = policy
        self.handshakes = self.bytes = self.again = 0
        self.longest = 0.0

    def work(self):
        began = time.monotonic()
        connection = self.open()
        self.longest = max(self.longest, time.monotonic() - began)
        self.handshakes += 1
        try:
            for number in range(ROUND):
                if not self._fetch(connection, number):
                    break
        finally:
            connection.close()
        return True

    def _fetch(self, connection, number):
        """False when the connection is at its end. A server may end one that is idle just when it is used again; then
        the request is made again on another (RFC 9110 9.2.2)."""
        try:
            connection.request("GET", POLICY_PATH)
            answer = connection.getresponse()
        except OSError:
            if number == 0:
                raise
            self.again += 1
            return False
        body = answer.read()
        assert (answer.status, body) == (200, self._policy), (answer.status, body)
        self.bytes += len(body)
        return not answer.will_close


def pools(board):
    return {pool["name"]: pool for pool in board.ask_json("status", 30)["pools"]}


def load(world, board, meanwhile=None):
    """Runs everything at once, and meanwhile(), until a megabyte has been read and one refused: (readers, poster)."""
    policy = client.secure(world.namespace, APPLIANCE, HOST, POLICY_PATH, client.trusting(world.ca.root)).body
    poster = Poster(world, SOURCES[0])
    readers = [Reader(world, SOURCES[number % len(SOURCES)], policy) for number in range(1, READERS + 1)]
    for each in (poster, *readers):
        each.start()
    if meanwhile:
        meanwhile()
    wait_until(lambda: sum(reader.bytes for reader in readers) >= MEGABYTE or any(reader.trouble for reader in readers),
               "a megabyte of policies", 600, 0.1)
    poster.join(600)
    for reader in readers:
        reader.stop()
    return readers, poster


def judge(board, note, readers, poster):
    note(f"load on {board.kind.name}: {sum(reader.bytes for reader in readers)} bytes read, {poster.bytes} refused; "
         f"handshakes {[reader.handshakes for reader in readers]}, the longest "
         f"{max(reader.longest for reader in readers):.1f} s; {sum(reader.again for reader in readers)} requests again")
    assert [each.trouble for each in (poster, *readers) if each.trouble] == []
    assert poster.bytes >= MEGABYTE
    assert min(reader.handshakes for reader in readers) >= 3
    found = pools(board)
    assert {name: pool["refused"] for name, pool in found.items() if pool["refused"]} == {}
    assert found["tls_servers"]["peak"] == found["tls_servers"]["limit"] == ADMITTED
    wait_until(lambda: pools(board)["tls_servers"]["used"] == 0, "the last connection's end", 30, 0.5)


@pytest.fixture
def loaded(world):
    """A board that serves a policy of a good kilobyte."""
    board = Appliance(world).start()
    board.agree()
    world.provider.publish(board.add(DOMAIN, hosts=MX))
    board.ask_json(f"enable {DOMAIN}")
    board.wait_domain(DOMAIN, "active")
    return board


def test_nothing_is_lost_under_load(world, loaded, note):
    judge(loaded, note, *load(world, loaded))


def test_nothing_is_lost_and_an_order_completes_under_load(world, loaded, note):
    def order():
        world.provider.publish(loaded.add("second.test"))
        loaded.ask_json("enable second.test")
        loaded.wait_domain("second.test", "active", seconds=180)

    judge(loaded, note, *load(world, loaded, order))
    assert loaded.passes("second.test")
