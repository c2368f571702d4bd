"""The world's clock: a chronyd of its own that serves this machine's time and does not touch it."""

import socket
import subprocess
import textwrap

from . import paths
from .namespace import WorldError, wait_until

ADDRESS = "192.0.2.1"
EPOCH_1900 = 2208988800

CONFIG = textwrap.dedent("""\
    local stratum 1
    allow all
    port 123
    cmdport 0
    bindcmdaddress /
    pidfile {directory}/chronyd.pid
    driftfile {directory}/chronyd.drift
    """)


class TimeServer:
    def __init__(self, namespace, directory):
        self._namespace = namespace
        self._directory = directory
        (directory / "chrony.conf").write_text(CONFIG.format(directory=directory))
        self._log = open(directory / "chronyd.log", "wb")
        self._process = None

    def start(self):
        command = [paths.system_program("chronyd"), "-d", "-x", "-u", "root", "-f", self._directory / "chrony.conf"]
        self._process = self._namespace.start(command, stdout=self._log, stderr=subprocess.STDOUT)

    def wait(self):
        wait_until(self._answers, "the time server")

    def _answers(self):
        if self._process.poll() is not None:
            raise WorldError("the time server ended: "
                             + (self._directory / "chronyd.log").read_text(errors="replace"))
        return self.query() is not None

    def query(self):
        """The server's time in seconds since 1970, or None when it does not answer."""
        with self._namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.settimeout(0.1)
            try:
                channel.sendto(b"\x23" + bytes(47), (ADDRESS, 123))
                reply = channel.recv(256)
            except OSError:
                return None
        stratum = reply[1]
        return int.from_bytes(reply[40:44], "big") - EPOCH_1900 if 0 < stratum < 16 else None

    def stop(self):
        """The network has no time server from now on, until start()."""
        self._process.terminate()
        self._process.wait(5)

    def close(self):
        self._log.close()
