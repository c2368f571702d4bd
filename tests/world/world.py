"""A whole test world: namespace, links, DNS, CA and time server; see README.md for the map of addresses."""

import shutil
import tempfile
import time
from pathlib import Path

from .ca import Ca
from .dns import ADDRESS as DNS_ADDRESS
from .dns import Dns
from .namespace import Namespace
from .time_server import TimeServer

TAP = "tap0"
APPLIANCE = "192.0.2.10"
APPLIANCE6 = "2001:db8::10"
GATEWAY = "192.0.2.1"

LINKS = [
    "link set lo up",
    "link add br0 address 02:00:5e:00:53:01 type bridge mcast_snooping 0",
    "link add keep0 type veth peer name keep1",
    "link set keep0 master br0",
    "link set keep0 up",
    "link set keep1 up",
    "tuntap add dev tap0 mode tap",
    "link set tap0 master br0",
    "link set tap0 up",
    "link set br0 up",
    "address add 192.0.2.1/24 dev br0",
    "address add 192.0.2.53/24 dev br0",
    "address add 192.0.2.54/24 dev br0",
    "address add 192.0.2.66/24 dev br0",
    "address add 2001:db8::1/64 dev br0 nodad",
    "address add 2001:db8::53/64 dev br0 nodad",
    "address add 2001:db8::66/64 dev br0 nodad",
]


class World:
    """Use it as a context manager. Keywords of `Ca` go to the CA; start_clock=False leaves out the time server."""

    def __init__(self, start_clock=True, **ca_options):
        self.directory = Path(tempfile.mkdtemp(prefix="sealpost-world-"))
        self._closers = [lambda: shutil.rmtree(self.directory, ignore_errors=True)]
        try:
            self._start(start_clock, ca_options)
        except BaseException:
            self.close()
            raise

    def _start(self, start_clock, ca_options):
        began = time.monotonic()
        self.namespace = self._keep(Namespace(self.directory, LINKS, DNS_ADDRESS))
        self.dns = self._keep(Dns(self.namespace, self.directory))
        self.ca = self._keep(Ca(self.namespace, self.directory, DNS_ADDRESS, **ca_options))
        self.clock = self._keep(TimeServer(self.namespace, self.directory))
        parts = [self.dns, self.ca] + ([self.clock] if start_clock else [])
        for part in parts:
            part.start()
        for part in parts:
            part.wait()
        self.roots = self.directory / "roots.pem"
        self.roots.write_text(self.ca.root)
        self.start_seconds = time.monotonic() - began

    def _keep(self, part):
        self._closers.append(part.close)
        return part

    def on_close(self, action):
        """Runs action at the end, before the world itself goes; the last one added runs first."""
        self._closers.append(action)

    @property
    def provider(self):
        return self.dns.provider

    def close(self):
        while self._closers:
            self._closers.pop()()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
