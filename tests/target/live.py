"""Behind `tools/size --live`: the board under QEMU in the test world, while it has most to hold at once.

Four senders hold TLS connections to the policy host and ask again and again; meanwhile a certificate for another
domain is ordered, over a fifth. The CA is made to wait twice, when the order is made and when the certificate is
fetched: then each sender must get an answer, and what the board holds is read from its console and from its
memory. Of the handshakes between, the pools' peaks tell.
"""

import contextlib
import http.client
import json
import os
import socket
import ssl
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
os.environ["SEALPOST_BOARD"] = "emcraft-sf2"

from world import client  # noqa: E402
from world.appliance import Appliance  # noqa: E402
from world.console import ConsoleError  # noqa: E402
from world.namespace import WorldError, wait_until  # noqa: E402
from world.world import APPLIANCE, World  # noqa: E402

SENDERS = 4
STRANGER = "192.0.2.66"
FIRST, SECOND = "example.test", "second.test"
PATH = "/.well-known/mta-sts.txt"
HOLDS = {"the order is made": "/order-plz", "the certificate is fetched": "/certZ/"}  # Pebble's paths
ASK_AGAIN = 2  # seconds: less than the policy host keeps an idle connection
HOLD_SECONDS = 20  # less than the firmware waits for an answer
ORDER_SECONDS = 120
Trouble = (WorldError, ConsoleError, OSError, http.client.HTTPException)  # what run may end with


class Sender:
    """One TLS connection to the policy host, kept open by asking for the policy."""

    def __init__(self, world, context):
        self._lock = threading.Lock()
        self._host = "mta-sts." + FIRST
        channel = world.namespace.socket()
        channel.settimeout(20)
        channel.bind((STRANGER, 0))  # the CA's own connections count by another address
        channel.connect((APPLIANCE, 443))
        self._connection = http.client.HTTPConnection(self._host)
        self._connection.sock = context.wrap_socket(channel, server_hostname=self._host)

    def ask(self):
        with self._lock:
            if self._connection.sock is None:
                raise WorldError("the policy host has closed the connection")
            self._connection.request("GET", PATH)
            answer = self._connection.getresponse()
            if answer.status != 200 or b"STSv1" not in answer.read():
                raise WorldError(f"a sender got {answer.status}")

    def close(self):
        self._connection.close()


class Senders:
    """All of them, and the thread that makes them ask again."""

    def __init__(self, world):
        context = client.trusting(world.ca.root, version=ssl.TLSVersion.TLSv1_3)
        self._all = [Sender(world, context) for _ in range(SENDERS)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self):
        with contextlib.suppress(*Trouble):  # whoever asks next meets it
            while not self._over.wait(ASK_AGAIN):
                self.ask()

    def ask(self):
        for one in self._all:
            one.ask()

    def close(self):
        self._over.set()
        self._thread.join()
        for one in self._all:
            one.close()


class Hold:
    """Makes the CA's answer to one kind of request wait."""

    def __init__(self, front, path):
        self._front, self._path = front, path
        self._reached, self._go_on = threading.Event(), threading.Event()
        front.before_answer = self._look

    def _look(self, request):
        if self._path in request.path and request.method == "POST":
            self._front.before_answer = None
            self._reached.set()
            self._go_on.wait(HOLD_SECONDS)

    def wait(self):
        if not self._reached.wait(ORDER_SECONDS):
            raise WorldError(f"the order did not come to {self._path} within {ORDER_SECONDS} s")

    def release(self):
        self._go_on.set()


class Memory:
    """The guest's memory, through QEMU's own monitor, while its core stands still."""

    def __init__(self, path):
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._channel.settimeout(20)
        self._path = path
        wait_until(self._connect, "QEMU's monitor")
        self._answers = self._channel.makefile("r", encoding="utf-8")
        self._answers.readline()
        self._do("qmp_capabilities")

    def _connect(self):
        return self._channel.connect_ex(str(self._path)) == 0

    def _do(self, command, **arguments):
        self._channel.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self._answers.readline())
            if "error" in answer:
                raise WorldError(f"QEMU's monitor: {answer['error']['desc']}")
            if "return" in answer:
                return

    def read(self, address, size, copy):
        self._do("stop")
        self._do("pmemsave", val=address, size=size, filename=str(copy))
        self._do("cont")
        return copy.read_bytes()

    def close(self):
        self._answers.close()
        self._channel.close()


def run(address, size):
    """({moment: pools of `status json`}, the RAM's content afterwards). Raises one of Trouble when the order, or one
    of the senders, does not hold."""
    with World() as world, contextlib.ExitStack() as stack:
        front = world.front()
        monitor = world.directory / "monitor"
        board = Appliance(world, directory_url=front.directory_url)
        board.start("--", "-qmp", f"unix:{monitor},server=on,wait=off")
        memory = Memory(monitor)
        stack.callback(memory.close)
        board.enable_fully(FIRST, ORDER_SECONDS)
        board.check(FIRST)  # its own connection would make one of the senders go
        pools = {"after the first order": _pools(board)}
        senders = Senders(world)
        stack.callback(senders.close)
        pools.update(_order(world, front, board, senders))
        return pools, memory.read(address, size, world.directory / "ram")


def _pools(board):
    return board.ask_json("status", 30)["pools"]


def _order(world, front, board, senders):
    pools = {}
    world.provider.publish(board.add(SECOND))
    holds = list(HOLDS.items())
    hold = Hold(front, holds[0][1])
    board.ask_json(f"enable {SECOND}")
    for i, (moment, _) in enumerate(holds):
        hold.wait()
        senders.ask()
        pools[moment] = _pools(board)
        before, hold = hold, Hold(front, holds[i + 1][1]) if i + 1 < len(holds) else None
        before.release()
    board.wait_domain(SECOND, "active", ORDER_SECONDS)
    pools["at the end"] = _pools(board)
    return pools
