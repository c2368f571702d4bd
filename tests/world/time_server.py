"""The world's clock: a chronyd of its own that serves this machine's time and does not touch it.

After shift() another server stands on its address, whose time is ahead of the machine's.
"""

import socket
import struct
import subprocess
import textwrap
import threading
import time

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
        self._ahead = None

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

    def shift(self, seconds):
        """The world's time is so much ahead of the machine's from now on."""
        if self._ahead is None:
            self.stop()
            self._ahead = AheadServer(self._namespace)
        self._ahead.seconds = seconds

    def close(self):
        self._log.close()
        if self._ahead:
            self._ahead.close()


class AheadServer:
    """An NTP server that is `seconds` ahead of this machine."""

    def __init__(self, namespace, address=ADDRESS):
        self.seconds = 0
        self._channel = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._channel.bind((address, 123))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, client = self._channel.recvfrom(512)
                if not question:
                    return
                self._channel.sendto(self._answer(question), client)
            except OSError:
                return

    def _answer(self, question):
        whole, part = divmod(time.time() + self.seconds, 1)
        moment = struct.pack("!II", int(whole) + EPOCH_1900 & 0xFFFFFFFF, int(part * 2**32))
        return b"\x24\x01\x06\xec" + bytes(8) + b"LOCL" + moment + question[40:48] + moment * 2

    def close(self):
        try:
            self._channel.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._channel.close()
