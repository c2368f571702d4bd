"""Keys are never lost, and stay alive while a handshake computes: measured on the board, in the guest's own time.

QEMU counts instructions, 8 ns each, which is about the real part's speed; how busy the machine is that runs the tests does
not matter. A debugger stops the core where a handshake makes its key, types a letter, and reads the board's timer when the letter's
interrupt comes and when its echo is handed to the UART.
"""

import pytest

from helpers import policy_host
from world.appliance import Appliance
from world.console import Console
from world.debugger import Debugger, symbols
from world.namespace import wait_until
from world.world import APPLIANCE

pytestmark = [pytest.mark.only_on("emcraft-sf2"), pytest.mark.every_board]

TIMER, TIMER_HZ = 0x40004000, 100_000_000
RETURN_FALSE = b"\x00\x20\x70\x47"
LIMIT_MS = 100
STACK_SPARE = 256
SAMPLES = 12
UP, DOWN, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[D"
CLIENT = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(sys.argv[1])
while True:
    try:
        with socket.create_connection((sys.argv[2], 443), 60) as channel:
            context.wrap_socket(channel, server_hostname=sys.argv[3]).close()
    except OSError:
        pass
"""


class Bench:
    """A board that shakes hands all the time, with a debugger on it and its console's socket in our hands."""

    def __init__(self, world):
        self.board = Appliance(world)
        self.symbols = symbols()
        self._socket = world.directory / "debugger"
        self.board.start("--", "-icount", "shift=3", *Debugger.options(self._socket))
        self.board.enable_fully("example.test", 180)
        for _ in range(2):
            world.namespace.start(["/usr/bin/python3", "-c", CLIENT, world.roots, APPLIANCE, policy_host("example.test")])
        self.core = None

    def stop(self):
        self.core = Debugger(self._socket)

    def _timer(self):
        """It counts down."""
        return int.from_bytes(self.core.read(TIMER, 4), "little")

    def echo_ms(self, letter):
        """From the interrupt to the echo, of a letter that is typed as a handshake begins to compute."""
        self.core.run_to(self.symbols["psa_generate_key"])
        self.board.console.send(letter)
        self.core.run_to(self.symbols["board_uart_interrupt"])
        began = self._timer()
        self.core.run_to(self.symbols["uart_write"])
        return ((began - self._timer()) & 0xffffffff) * 1000 / TIMER_HZ


def try_console(board):
    try:
        return Console.open_socket(board.socket_path)
    except OSError:
        return None


@pytest.fixture
def bench(world):
    return Bench(world)


def test_a_letter_is_echoed_while_a_handshake_computes(bench):
    bench.stop()
    times = [bench.echo_ms(b"x") for _ in range(SAMPLES)]
    print("echo in ms:", " ".join(f"{ms:.2f}" for ms in times))
    assert max(times) < LIMIT_MS
    bench.core.close()
    assert b"x" * SAMPLES in wait_until(lambda: bench.board.console.read_for(0.5), "the echo")


def test_without_the_keys_task_the_echo_would_wait_for_the_handshake(bench):
    bench.stop()
    bench.core.write(bench.symbols["sealpost_keys"] & ~1, RETURN_FALSE)
    times = [bench.echo_ms(b"x") for _ in range(4)]
    print("echo in ms:", " ".join(f"{ms:.2f}" for ms in times))
    assert max(times) > LIMIT_MS
    bench.core.close()


def test_the_keys_task_has_stack_to_spare(world):
    """After every kind of key."""
    board = Appliance(world).start()
    for line in ("time", "net", "x" * 300):
        board.ask(line)
    board.console.send(UP * 3 + LEFT * 200 + b"\xc3\xa4" + b"\x17\x0b" + DOWN * 3 + b"\xff\x1b[9~\x0c" + UP + b"\x03")
    board.console.wake()
    pools = {pool["name"]: pool for pool in board.ask_json("status")["pools"]}
    print("stack used:", pools["stack:keys"]["peak"])
    assert pools["stack:keys"]["peak"] <= pools["stack:keys"]["limit"] - STACK_SPARE


def test_a_letter_typed_before_the_board_is_up_is_not_lost(world):
    """The core stands still at its reset until the letter is in the receiver. It holds one: its queue is off then."""
    board, path = Appliance(world), world.directory / "debugger"
    board.start("--", "-S", *Debugger.options(path))
    console = wait_until(lambda: try_console(board), "the console's socket")
    console.send(b"t")
    Debugger(path).close()
    console.read_until(b"sealpost> t", seconds=20)
    console.send(b"ime json\r")
    assert b'{"set":' in console.read_until(b"}", seconds=20)
    console.close()
