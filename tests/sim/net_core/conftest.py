"""A small network for netprobe: one namespace with one TAP, and the probe on it.

Host's end: 192.0.2.1/24, 2001:db8::1/64. The appliance is 192.0.2.10 unless a test says otherwise.
"""

import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from world.namespace import Namespace, WorldError, wait_until  # noqa: E402

HOST, HOST6 = "192.0.2.1", "2001:db8::1"
PROBE = "192.0.2.10"
STATIC = [f"ip={PROBE}/24", f"gw={HOST}", "dns=192.0.2.53", "host=probe"]
LINKS = [
    "link set lo up",
    "tuntap add dev tap0 mode tap",
    "link set tap0 up",
    f"address add {HOST}/24 dev tap0",
    "address add 192.0.2.53/24 dev tap0",
    "address add 192.0.2.54/24 dev tap0",
    f"address add {HOST6}/64 dev tap0 nodad",
    "address add 2001:db8::53/64 dev tap0 nodad",
]


class Probe:
    """netprobe under the test's hand: commands go in, lines come out."""

    def __init__(self, namespace, words, prefix=()):
        self._namespace = namespace
        self._lines = queue.Queue()
        self.seen = []
        self.process = namespace.start(
            [*prefix, os.environ["NETPROBE"], "tap0", *words], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()
        self.expect("started")

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def say(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")

    def expect(self, beginning, seconds=15):
        """The first line that begins so, new or not yet asked for; its rest as a dictionary of its k=v words."""
        for line in self.seen:
            if (line + " ").startswith(beginning + " "):
                self.seen.remove(line)
                return fields(line)
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"no '{beginning}' within {seconds} s; seen: {self.seen}") from None
            assert line is not None, f"netprobe ended ({self.process.wait()}); seen: {self.seen}"
            assert not line.startswith("error"), line
            if (line + " ").startswith(beginning + " "):
                return fields(line)
            self.seen.append(line)

    def ask(self, *words):
        self.say(*words)
        return self.expect(words[0])

    def status(self):
        return self.ask("status")

    def wait_status(self, test, what):
        return wait_until(lambda: (lambda s: s if test(s) else None)(self.status()), what, seconds=20)

    def quit(self):
        self.say("quit")
        assert self.process.wait(10) == 0


def fields(line):
    """'end 1 err=0 words=a b' to {'': 'end 1', 'err': '0', 'words': 'a b'}; only the last value has blanks."""
    found, last = {"": ""}, ""
    for word in line.split(" "):
        key, equals, value = word.partition("=")
        if equals and last != "words":
            found[key] = value
            last = key
        else:
            found[last] += (" " if found[last] else "") + word
    return found


@pytest.fixture(scope="session")
def network():
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("NET_CORE NOT TESTED: needs root and /dev/net/tun")
    with tempfile.TemporaryDirectory(prefix="sealpost-net-") as directory:
        try:
            namespace = Namespace(directory, LINKS, "192.0.2.53")
        except WorldError as error:
            pytest.skip(f"NET_CORE NOT TESTED: no network namespace: {error}")
        yield namespace
        namespace.close()


@pytest.fixture
def make_probe(network):
    probes = []

    def make(*words, prefix=()):
        probes.append(Probe(network, words, prefix))
        return probes[-1]

    yield make
    for probe in probes:
        if probe.process.poll() is None:
            probe.quit()
        assert probe.process.returncode == 0


@pytest.fixture
def probe(make_probe):
    """On a static IPv4 address, and with an IPv6 one once link-local is usable."""
    return make_probe(*STATIC)


@pytest.fixture
def link_local(probe):
    """The probe's link-local address, usable: duplicate address detection is over."""
    status = probe.wait_status(lambda s: "fe80" in s["addresses"], "a link-local address")
    return next(a for a in status["addresses"].split(",") if a.startswith("fe80"))
