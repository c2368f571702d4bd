"""A small network for tlsprobe: one namespace with one TAP, and the probe on it."""

import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from world.namespace import Namespace, WorldError  # noqa: E402

HOST, PROBE = "192.0.2.1", "192.0.2.10"
NAME = "mta-sts.example.net"
CERTS = Path(os.environ["TEST_CERTS"])
NOW = 1795521600  # CERTS_NOW
LINKS = [
    "link set lo up",
    "tuntap add dev tap0 mode tap",
    "link set tap0 up",
    f"address add {HOST}/24 dev tap0",
]


class Probe:
    """tlsprobe under the test's hand: commands go in, lines come out."""

    def __init__(self, namespace):
        self._lines = queue.Queue()
        self.process = namespace.start(
            [os.environ["TLSPROBE"], "tap0", f"{PROBE}/24"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()
        assert self._lines.get(timeout=15) == "started"

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("ended")

    def ask(self, *words):
        """The k=v words of the next line; `words` takes the rest of it."""
        self.process.stdin.write(" ".join(words) + "\n")
        line = self._lines.get(timeout=30)
        line, _, rest = line.partition(" words=")
        found = dict(word.partition("=")[::2] for word in line.split(" "))
        return {**found, "words": rest}

    def get(self, url, address=HOST, *how):
        return self.ask("get", url, address, *how)

    def quit(self):
        self.process.stdin.write("quit\n")
        assert self.process.wait(10) == 0


@pytest.fixture(scope="session")
def network():
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("NET_TLS NOT TESTED: needs root and /dev/net/tun")
    with tempfile.TemporaryDirectory(prefix="sealpost-tls-") as directory:
        try:
            namespace = Namespace(directory, LINKS, HOST)
        except WorldError as error:
            pytest.skip(f"NET_TLS NOT TESTED: no network namespace: {error}")
        yield namespace
        namespace.close()


@pytest.fixture
def probe(network):
    made = Probe(network)
    yield made
    if made.process.poll() is None:
        made.quit()
    assert made.process.returncode == 0
