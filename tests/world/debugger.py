"""A debugger on the board's core, through QEMU's GDB stub: to see and to break the very image that is shipped."""

import socket
import subprocess

from . import board
from .namespace import WorldError, wait_until

PC, SP, R0 = 15, 13, 0
MASK = 0xffffffff


def symbols(kinds=None):
    """The symbols of the board's firmware with their addresses; kinds: letters of nm, e.g. "Tt" for functions."""
    listing = subprocess.run(["arm-none-eabi-nm", board.kind().built], text=True, check=True, stdout=subprocess.PIPE)
    rows = (line.split() for line in listing.stdout.splitlines())
    return {row[2]: int(row[0], 16) for row in rows
            if len(row) == 3 and not row[2].startswith("$") and (kinds is None or row[1] in kinds)}


class Debugger:
    """The core stands still from here on until resume or close."""

    @staticmethod
    def options(path):
        """What QEMU is to be started with."""
        return ["-chardev", f"socket,path={path},server=on,wait=off,id=debugger", "-gdb", "chardev:debugger"]

    def __init__(self, path):
        self._pending = b""
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._channel.settimeout(20)
        wait_until(lambda: self._connect(path), "the debugger's socket")
        self._ask("?", stopped=True)
        self._ask("qXfer:features:read:target.xml:0,ff0")  # only then QEMU lets single registers be written

    def _connect(self, path):
        try:
            self._channel.connect(str(path))
        except OSError:
            return False
        return True

    def _send(self, text):
        body = text.encode("ascii")
        self._channel.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xff))

    def _answer(self, stopped=False):
        """The next answer; stopped: that the core has come to stand, which QEMU also tells unasked."""
        while True:
            body = self._packet()
            if body.startswith("T") == stopped:
                return body

    def _packet(self):
        while True:
            begin = self._pending.find(b"$")
            end = self._pending.find(b"#", begin)
            if begin >= 0 and 0 <= end <= len(self._pending) - 3:
                body = self._pending[begin + 1:end]
                self._pending = self._pending[end + 3:]
                self._channel.sendall(b"+")
                return body.decode("ascii")
            data = self._channel.recv(4096)
            if not data:
                raise WorldError("QEMU closed the debugger's connection")
            self._pending += data

    def _ask(self, text, stopped=False):
        self._send(text)
        return self._answer(stopped)

    def _do(self, text):
        answer = self._ask(text)
        if answer != "OK":
            raise WorldError(f"the debugger refused {text!r}: {answer!r}")

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self._ask(f"p{number:x}")), "little")

    def set_register(self, number, value):
        self._do(f"P{number:x}={(value & MASK).to_bytes(4, 'little').hex()}")

    def read(self, address, size):
        return bytes.fromhex(self._ask(f"m{address:x},{size:x}"))

    def write(self, address, data):
        """Past the MPU, as a debugger does."""
        self._do(f"M{address:x},{len(data):x}:{data.hex()}")

    def run_to(self, address):
        """Lets the core run until it is about to execute the instruction there."""
        self._do(f"Z0,{address:x},2")
        self._ask("c", stopped=True)
        self._do(f"z0,{address:x},2")

    def stop(self):
        self._channel.sendall(b"\x03")
        self._answer(stopped=True)

    def resume(self):
        self._send("c")

    def close(self):
        """Lets the core run on."""
        self._do("D")
        self._channel.close()
