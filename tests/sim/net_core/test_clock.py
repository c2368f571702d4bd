"""The clock, against chronyd and a time server that misbehaves as told."""

import socket
import threading
import time
from pathlib import Path

import pytest
from conftest import HOST
from test_config import DHCP, dnsmasq  # noqa: F401
from test_dns import knot  # noqa: F401
from world.namespace import wait_until
from world.time_server import EPOCH_1900, TimeServer

STATIC = ["ip=192.0.2.10/24", "gw=192.0.2.1", "dns=192.0.2.53"]


@pytest.fixture(scope="module")
def chronyd(network, tmp_path_factory):
    server = TimeServer(network, Path(tmp_path_factory.mktemp("chrony")))
    server.start()
    server.wait()
    yield server
    server.stop()
    server.close()


def wait_time(probe, test, what="the time", seconds=15):
    return wait_until(lambda: (lambda t: t if test(t) else None)(probe.ask("time")), what, seconds)


def is_set(fields):
    return fields["set"] == "1"


def assert_right(fields):
    assert abs(int(fields["utc"]) - time.time()) < 2
    assert fields["utc"] == fields["port"]


class Liar:
    """A time server on 192.0.2.54; change() may alter the reply, a bytearray, or return other replies."""

    def __init__(self, network, change):
        self.asked = []
        self._change = change
        self._socket = network.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # chronyd has the port on 0.0.0.0
        self._socket.bind(("192.0.2.54", 123))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            data, peer = self._socket.recvfrom(200)
            if not data:
                self._socket.close()
                return
            self.asked.append((time.monotonic(), data, peer))
            reply = bytearray(48)
            reply[0:4] = (0x24, 2, 6, 0xEC)
            reply[24:32] = data[40:48]
            now = time.time() + EPOCH_1900
            reply[40:48] = int(now).to_bytes(4, "big") + int((now % 1) * 2**32).to_bytes(4, "big")
            for answer in self._change(reply) or [reply]:
                self._socket.sendto(answer, peer)


@pytest.fixture
def liar(network):
    servers = []

    def make(change):
        servers.append(Liar(network, change))
        return servers[-1]

    yield make
    for server in servers:
        with network.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("192.0.2.54", 123))
        server.thread.join(5)


def setting(index, *values):
    def change(reply):
        reply[index:index + len(values)] = bytes(values)
    return change


def test_time_from_an_address(chronyd, make_probe):
    probe = make_probe(*STATIC)
    probe.ask("clock", HOST)
    fields = wait_time(probe, is_set)
    assert_right(fields)
    assert (fields["address"], fields["err"]) == (HOST, "0")
    assert 3_590_000 < int(fields["next"]) <= 3_600_000


def test_time_from_a_name(chronyd, knot, make_probe):  # noqa: F811
    probe = make_probe(*STATIC)
    probe.ask("clock", "ntp.test")
    fields = wait_time(probe, is_set)
    assert_right(fields)
    assert (fields["server"], fields["address"]) == ("ntp.test", HOST)


def test_time_from_the_server_that_dhcp_gives(chronyd, dnsmasq, make_probe):  # noqa: F811
    dnsmasq(*DHCP)
    probe = make_probe("dhcp")
    probe.ask("clock")
    assert_right(wait_time(probe, is_set))


def test_unknown_name(knot, make_probe):  # noqa: F811
    probe = make_probe(*STATIC)
    probe.ask("clock", "nosuch.test")
    assert wait_time(probe, lambda t: t["err"] != "0")["err"] == "-17"


def test_request_tells_nothing_and_changes(liar, make_probe):
    server = liar(lambda reply: [b"?"])
    probe = make_probe(*STATIC)
    probe.ask("clock", "192.0.2.54")
    wait_until(lambda: len(server.asked) >= 3, "three requests", 12)
    packets = [data for _, data, _ in server.asked]
    assert all(len(p) == 48 and p[0] == 0x23 and not any(p[1:40]) for p in packets)
    assert len({p[40:] for p in packets}) == len(packets)
    assert len({peer[1] for _, _, peer in server.asked}) == len(packets)


def test_waits_double_without_an_answer(liar, make_probe):
    server = liar(setting(0, 0xE4))  # not synchronised
    probe = make_probe(*STATIC)
    probe.ask("clock", "192.0.2.54")
    wait_until(lambda: len(server.asked) >= 3, "three requests", 12)
    times = [at for at, _, _ in server.asked]
    assert 1.9 < times[1] - times[0] < 2.5 and 3.9 < times[2] - times[1] < 4.5
    fields = probe.ask("time")
    assert (fields["set"], fields["utc"]) == ("0", "0")


@pytest.mark.parametrize("change,err", [
    (setting(0, 0xE4), "-34"),                       # leap indicator: unsynchronised
    (setting(1, 16), "-34"),                         # stratum
    (setting(40, *bytes(8)), "-34"),                 # no transmit time
    (setting(1, 0, 6, 0xEC, *bytes(8), *b"DENY"), "-14"),
    (setting(0, 0x23), "-15"),                       # a client's packet: not heard at all
    (setting(31, 0, 0), "-15"),                      # another originate time
    (lambda reply: [reply[:47]], "-15"),             # short
])
def test_reply_that_breaks_a_rule_is_not_believed(liar, make_probe, change, err):
    liar(change)
    probe = make_probe(*STATIC)
    probe.ask("clock", "192.0.2.54")
    fields = wait_time(probe, lambda t: t["err"] != "0")
    assert (fields["err"], fields["set"]) == (err, "0")


def test_forged_reply_does_not_hide_the_true_one(liar, make_probe):
    def change(reply):
        forged = bytearray(reply)
        forged[24] ^= 1
        forged[40] ^= 0x10
        return [forged, reply]

    liar(change)
    probe = make_probe(*STATIC)
    probe.ask("clock", "192.0.2.54")
    assert_right(wait_time(probe, is_set))


def test_kiss_of_death_is_left_alone_for_an_hour(liar, make_probe):
    liar(setting(1, 0, 6, 0xEC, *bytes(8), *b"RSTR"))
    probe = make_probe(*STATIC)
    probe.ask("clock", "192.0.2.54")
    fields = wait_time(probe, lambda t: t["err"] == "-14")
    assert int(fields["next"]) > 3_500_000


def test_time_before_the_floor_is_refused(chronyd, make_probe):
    probe = make_probe(*STATIC)
    probe.ask("clock", HOST, int(time.time()) + 3600)
    fields = wait_time(probe, lambda t: t["err"] != "0")
    assert (fields["err"], fields["set"]) == ("-12", "0")
