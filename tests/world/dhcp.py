"""DHCP and IPv6 router advertisements for the world, by a dnsmasq of its own."""

import subprocess
import textwrap

from . import paths
from .namespace import WorldError, wait_until

CONFIG = textwrap.dedent("""\
    port=0
    keep-in-foreground
    log-facility=-
    log-dhcp
    no-resolv
    no-hosts
    user=root
    group=root
    interface=br0
    bind-interfaces
    dhcp-leasefile={directory}/dnsmasq.leases
    pid-file={directory}/dnsmasq.pid
    {dhcp}
    {advertisements}
    """)
DHCP = """\
dhcp-range=192.0.2.100,192.0.2.120,255.255.255.0,10m
dhcp-authoritative
dhcp-option=option:router,192.0.2.1
dhcp-option=option:dns-server,192.0.2.53"""
ADVERTISEMENTS = """\
enable-ra
dhcp-range=2001:db8::,ra-only,64,10m
ra-param=br0,4,600"""


class AddressServer:
    """dhcp and advertise choose what it does; it serves until close() or the world's end."""

    def __init__(self, world, dhcp=True, advertise=False):
        self._directory = world.directory
        config = self._directory / "dnsmasq.conf"
        config.write_text(CONFIG.format(directory=self._directory, dhcp=DHCP if dhcp else "",
                                        advertisements=ADVERTISEMENTS if advertise else ""))
        self._log = open(self._directory / "dnsmasq.log", "wb")
        self._process = world.namespace.start([paths.system_program("dnsmasq"), "-C", config],
                                              stdout=self._log, stderr=subprocess.STDOUT)
        world.on_close(self.close)
        wait_until(self._serving, "dnsmasq")

    def _serving(self):
        if self._process.poll() is not None:
            raise WorldError("dnsmasq ended: " + self.log())
        return "started" in self.log()

    def log(self):
        return (self._directory / "dnsmasq.log").read_text(errors="replace")

    def leases(self):
        """The addresses that are leased now."""
        file = self._directory / "dnsmasq.leases"
        return [line.split()[2] for line in file.read_text().splitlines()] if file.exists() else []

    def close(self):
        self._process.terminate()
        self._process.wait(5)
        self._log.close()
