"""A certificate that lives two minutes is renewed in time, and nobody who fetches the policy notices."""

import threading

import pytest
from cryptography import x509

from helpers import fetch_policy, served_certificate
from world.appliance import Appliance

pytestmark = pytest.mark.every_board

LIFETIME = 120


class Fetcher(threading.Thread):
    """Fetches the policy again and again, as a careful client, until stop()."""

    def __init__(self, world, domain):
        super().__init__(daemon=True)
        self._world, self._domain = world, domain
        self._end = threading.Event()
        self.fetched, self.failures = 0, []

    def run(self):
        while not self._end.wait(0.25):
            try:
                reply = fetch_policy(self._world, self._domain)
                assert reply.status == 200
                self.fetched += 1
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))

    def stop(self):
        self._end.set()
        self.join(10)


def serial(world):
    return x509.load_der_x509_certificate(served_certificate(world, "example.test")).serial_number


def test_two_minute_certificate_is_renewed_under_load(make_world):
    world = make_world(validity=LIFETIME)
    front = world.front()
    board = Appliance(world, directory_url=front.directory_url).start()
    first = board.enable_fully("example.test")
    first_serial = serial(world)
    fetcher = Fetcher(world, "example.test")
    fetcher.start()
    renewed = board.wait_domain("example.test", lambda d: d["expires"] != first["expires"], seconds=LIFETIME)
    assert serial(world) != first_serial
    assert renewed["state"] == "active" and renewed["policy"] == first["policy"]
    fetcher.stop()
    assert not fetcher.failures and fetcher.fetched > 20
    assert len(front.accounts()) == 1 and len(front.orders()) == 2
    assert board.passes("example.test")


def test_renew_now_replaces_the_certificate(world, board):
    first = board.enable_fully("example.test")
    first_serial = serial(world)
    board.ask_json("renew example.test")
    renewed = board.wait_domain("example.test", lambda d: serial(world) != first_serial)
    assert renewed["state"] == "active" or board.wait_domain("example.test", "active")
    assert board.domain("example.test")["policy"] == first["policy"]


def test_old_certificate_is_served_when_power_is_cut_in_mid_renewal(world, front):
    board = Appliance(world, directory_url=front.directory_url).start()
    board.enable_fully("example.test")
    first_serial = serial(world)
    front.after_answer = lambda request: board.kill() if "finalize" in request.path else None
    board.ask_json("renew example.test")
    board.wait_off(30)
    front.after_answer = None
    board.start()
    board.wait_clock()
    assert fetch_policy(world, "example.test").status == 200
    board.wait_domain("example.test", lambda d: serial(world) != first_serial)
    assert board.wait_domain("example.test", "active")["last_error"] is None
    assert len(front.accounts()) == 1
