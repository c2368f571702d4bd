"""A whole test world: namespace, links, DNS, CA and time server; see README.md for the map of addresses."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .ca import ADDRESS as CA_ADDRESS
from .ca import Ca
from .ca_front import CaFront
from .dns import ADDRESS as DNS_ADDRESS
from .dns import Dns
from .dns_front import DnsFront
from .mx import stand_ins
from .namespace import Namespace
from .record_relay import RecordRelay
from .time_server import TimeServer

TAP = "tap0"
APPLIANCE = "192.0.2.10"
APPLIANCE6 = "2001:db8::10"
GATEWAY = "192.0.2.1"
RELAY_PORT, FULL_FRONT_PORT = 14003, 14002
RELAY_DIRECTORY = f"https://acme.ca.test:{RELAY_PORT}/dir"
LOG_TAIL = 4000
MAIL_HOSTS = {"192.0.2.25": "mail.example.test", "192.0.2.26": "mail.second.test", "192.0.2.27": "mail.third.test"}

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
    """Use it as a context manager. Keywords of `Ca` go to the CA; start_clock=False leaves out the time server.

    Parts that are added later with front(), failing_dns() and keep() go down with the world."""

    live = []

    def __init__(self, start_clock=True, **ca_options):
        self.directory = Path(tempfile.mkdtemp(prefix="sealpost-world-"))
        self._stand_ins = {}
        self._closers = [lambda: shutil.rmtree(self.directory, ignore_errors=True)]
        try:
            self._start(start_clock, ca_options)
        except BaseException:
            self.close()
            raise

    def _start(self, start_clock, ca_options):
        began = time.monotonic()
        self.namespace = self.keep(Namespace(self.directory, LINKS, DNS_ADDRESS))
        self.dns = self.keep(Dns(self.namespace, self.directory))
        self.ca = self.keep(Ca(self.namespace, self.directory, DNS_ADDRESS, **ca_options))
        self.clock = self.keep(TimeServer(self.namespace, self.directory))
        parts = [self.dns, self.ca] + ([self.clock] if start_clock else [])
        for part in parts:
            part.start()
        for part in parts:
            part.wait()
        self.roots = self.directory / "roots.pem"
        self.roots.write_text(self.ca.root + self.ca.authority.pem())
        self._stand_ins = stand_ins(self, MAIL_HOSTS)
        self.start_seconds = time.monotonic() - began
        World.live.append(self)
        self.on_close(lambda: World.live.remove(self))

    def keep(self, part):
        """Closes part with the world, last one first."""
        self._closers.append(part.close)
        return part

    def make_way(self, address):
        """Takes down what stands in for an MX on that address."""
        if address in self._stand_ins:
            self._stand_ins.pop(address).close()

    def front(self, **options):
        """A CaFront before the CA; the options are CaFront's."""
        return self.keep(CaFront(self.ca, self.namespace, self.directory, **options))

    def full_record_front(self, version):
        """A front that fills its records, and the relay before it that sees them: (front, relay).

        The appliance is to use RELAY_DIRECTORY."""
        front = self.front(port=FULL_FRONT_PORT, version=version, full_records=True)
        return front, self.keep(RecordRelay(self.namespace, CA_ADDRESS, RELAY_PORT, FULL_FRONT_PORT))

    def failing_dns(self):
        """A resolver on 192.0.2.54 that fails on demand."""
        return self.keep(DnsFront(self.namespace))

    def logs(self):
        """The ends of all logs in this world, by file name, for a failure's report."""
        return {file.name: file.read_text(errors="replace")[-LOG_TAIL:]
                for file in sorted(self.directory.glob("*.log")) if file.stat().st_size}

    def on_close(self, action):
        """Runs action at the end, before the world itself goes; the last one added runs first."""
        self._closers.append(action)

    @property
    def provider(self):
        return self.dns.provider

    def close(self):
        """Takes everything down; a part that fails to close, or a second Ctrl-C, does not keep the others up."""
        if not self._closers:
            return
        try:
            self._closers.pop()()
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"world: a part did not close: {error}", file=sys.stderr)
        finally:
            self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
