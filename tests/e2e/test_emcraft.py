"""What the board emcraft-sf2 alone has: faults of the core and the record that they leave, broken into the shipped image
by a debugger."""

import socket
import ssl
import subprocess

import pytest

from helpers import fetch_policy, hello_answer, policy_host
from world import board as boards
from world.appliance import Appliance
from world.console import ConsoleError
from world.debugger import PC, R0, SP, Debugger, symbols
from world.namespace import wait_until
from world.world import APPLIANCE, GATEWAY, TAP

pytestmark = [pytest.mark.only_on("emcraft-sf2"), pytest.mark.every_board]

CODE, UNMAPPED, ESRAM_TEXT = 0xa0000000, 0x50000000, 0x20008000
UNDEFINED, BREAKPOINT, FOREVER = b"\x00\xde", b"\x00\xbe", b"\xfe\xe7"
GUARD = 32
ALL_FRAMES = 3
TO_TASK = 0xfffffffd  # lr of an interrupt that came in a task
EMAC, RX_CONTROL, RX_STATUS = 0x40041000, 0x18c, 0x194
DROPPED = 12  # of struct sp_hal_nic, with which the driver's struct begins
RESTART_SECONDS = 30


class Bench:
    """A board with a debugger on it; every break begins at the loop's next round, in the service's task."""

    def __init__(self, board):
        self.board = board
        self.symbols = symbols()
        self._socket = board.world.directory / "debugger"

    def start(self):
        self.board.start("--", *Debugger.options(self._socket))
        self.board.ask_json("status")
        return self

    def start_at(self, function):
        """Switches on, and holds the core where it is about to enter a function."""
        self.board.start("--", *Debugger.options(self._socket), "-S")
        core = Debugger(self._socket)
        core.run_to(self.symbols[function])
        return core

    def at_the_loop(self):
        core = Debugger(self._socket)
        core.run_to(self.symbols["sealpost_step"])
        return core

    def call(self, function, *arguments, until=None):
        """The service goes on in a function that it was not to call; until: a function to wait for."""
        core = self.at_the_loop()
        for number, value in enumerate(arguments):
            core.set_register(R0 + number, value)
        core.set_register(PC, self.symbols[function] )
        if until:
            core.run_to(self.symbols[until])
        core.close()

    def crash(self, total=1):
        """The record of the crash of that number, once the board is back."""
        def told():
            try:
                found = self.board.ask_json("status", 5)["crash"]
            except (ConsoleError, OSError):
                self.board.release_console()
                return None
            return found if found and found["total"] >= total else None
        return wait_until(told, "the record of the crash", RESTART_SECONDS, 0.2)

    def function_at(self, text):
        """The function that an address of the record lies in."""
        address = int(text, 16)
        return max((value, name) for name, value in symbols("Tt").items() if value <= address)[1]


@pytest.fixture
def bench(board_off):
    return Bench(board_off).start()


@pytest.fixture
def board_off(world):
    return Appliance(world)


def write_into_code(bench):
    bench.call("memcpy", CODE, bench.symbols["sp_data_start"], 4)


def run_data(bench):
    core = bench.at_the_loop()
    core.set_register(PC, bench.symbols["board_service_stack"])
    core.close()


def follow_a_null_pointer(bench):
    bench.call("strlen", 0)


def read_where_nothing_is(bench):
    bench.call("memcpy", bench.symbols["sp_heap_start"], UNMAPPED, 4)


def patch(code):
    def broken(bench):
        core = bench.at_the_loop()
        core.write(bench.symbols["sealpost_step"], code)
        core.close()
    return broken


def run_over_the_stack(bench):
    core = bench.at_the_loop()
    core.set_register(SP, bench.symbols["board_service_stack"] + GUARD + 8)
    core.close()


def fail_an_assertion(bench):
    core = bench.at_the_loop()
    core.write(ESRAM_TEXT, b"pcb != NULL\0src/tcp.c\0")
    for number, value in enumerate((ESRAM_TEXT, ESRAM_TEXT + 12, 321)):
        core.set_register(R0 + number, value)
    core.set_register(PC, bench.symbols["sp_port_assert_failed"])
    core.close()


def call_abort(bench):
    bench.call("abort")


NOT_ALLOWED = "an access that is not allowed"
KINDS = [
    (write_into_code, NOT_ALLOWED, "memcpy"),
    (run_data, NOT_ALLOWED, None),
    (follow_a_null_pointer, NOT_ALLOWED, "strlen"),
    (read_where_nothing_is, "a bus error", "memcpy"),
    (patch(UNDEFINED), "an instruction that does not exist", "sealpost_step"),
    (patch(BREAKPOINT), "a fault", "sealpost_step"),
    (run_over_the_stack, "a stack that ran over", None),
    (patch(FOREVER), "a standstill of the loop", "sealpost_step"),
    (fail_an_assertion, "a failed assertion", None),
    (call_abort, "a call of abort", None),
]


@pytest.mark.parametrize("breaks, what, where", KINDS,
                         ids=["code", "data", "null", "bus", "undefined", "hard", "stack", "standstill", "assertion",
                              "abort"])
def test_each_fault_leaves_a_record_and_the_board_serves_again(world, bench, breaks, what, where):
    bench.board.enable_fully("example.test")
    breaks(bench)
    record = bench.crash()
    assert (record["what"], record["task"], record["total"]) == (what, "service", 1), record
    assert record["at"] and record["uptime_ms"] > 0
    if where:
        assert bench.function_at(record["pc"]) == where, record
    line, = [entry["text"] for entry in bench.board.ask_json("log")["lines"] if "restarted after" in entry["text"]]
    assert what in line and record["pc"] in line and record["lr"] in line
    assert fetch_policy(world, "example.test").status == 200


def test_addresses_of_the_record_say_what_could_not_be_reached(bench):
    write_into_code(bench)
    assert int(bench.crash()["address"], 16) == CODE
    read_where_nothing_is(bench)
    assert int(bench.crash(2)["address"], 16) == UNMAPPED


def test_assertion_keeps_file_and_line(bench):
    fail_an_assertion(bench)
    assert bench.crash()["text"] == "tcp.c:321: pcb != NULL"


def test_overflow_is_met_before_it_writes_over_the_neighbour(bench):
    """What lies below the stack is as it was: the guard was met, not the neighbour's memory."""
    run_over_the_stack(bench)
    record = bench.crash()
    guard = bench.symbols["board_service_stack"]
    assert record["what"] == "a stack that ran over"
    assert int(record["address"], 16) == 0 or guard <= int(record["address"], 16) < guard + GUARD
    assert bench.function_at(record["lr"]), record


def test_overflow_of_the_interrupts_stack_leaves_a_record_too(bench):
    """The handler of the fault begins that stack anew: it could not run on what is left of it."""
    core = bench.at_the_loop()
    core.run_to(bench.symbols["xPortSysTickHandler"])
    core.set_register(SP, bench.symbols["sp_interrupt_stack"] + GUARD + 8)
    core.close()
    assert bench.crash()["what"] == "a stack that ran over"


def test_fault_in_an_interrupt_leaves_a_record_too(bench):
    core = bench.at_the_loop()
    core.run_to(bench.symbols["xPortSysTickHandler"])
    core.set_register(PC, bench.symbols["sp_data_start"])
    core.close()
    record = bench.crash()
    assert (record["what"], int(record["pc"], 16)) == (NOT_ALLOWED, bench.symbols["sp_data_start"]), record
    assert int(record["lr"], 16) == TO_TASK, record


@pytest.mark.parametrize("function, task", [("board_paint_interrupt_stack", "start"), ("sp_uart_16550_start", "start"),
                                            ("sp_spi_nor_open", "service")])
def test_fault_before_the_service_is_up_leaves_a_record_too(board_off, function, task):
    """The first one comes before there are tasks, devices, or the service's clock."""
    bench = Bench(board_off)
    core = bench.start_at(function)
    core.set_register(PC, bench.symbols["sp_data_start"])
    core.close()
    record = bench.crash()
    assert (record["what"], record["task"]) == (NOT_ALLOWED, task), record
    assert int(record["pc"], 16) == bench.symbols["sp_data_start"], record


def test_record_outlives_a_power_cut_and_a_factory_reset_forgets_it(bench):
    call_abort(bench)
    before = bench.crash()
    bench.board.cut_power()
    bench.start()
    assert bench.board.ask_json("status")["crash"] == before
    core = bench.at_the_loop()
    bench.board.console.send(b"factory-reset yes\r")
    core.run_to(bench.symbols["sp_app_crash_start"])
    core.close()
    bench.board.release_console()
    assert bench.board.ask_json("status")["crash"] is None


def test_crash_without_the_time_of_day_says_so(make_world):
    world = make_world(start_clock=False)
    bench = Bench(Appliance(world)).start()
    call_abort(bench)
    assert bench.crash()["at"] is None


def test_crashes_in_a_row_are_counted_and_written_ever_more_seldom(bench):
    """Of nine crashes soon after their starts, the first, second, fourth and eighth are written."""
    seen = []
    for _ in range(9):
        bench.call("abort", until="sp_app_crash_start")
        bench.board.release_console()
        seen.append(bench.board.ask_json("status")["crash"]["in_a_row"])
    assert seen == [1, 2, 2, 4, 4, 4, 4, 8, 8]
    assert bench.board.ask_json("status")["crash"]["total"] == 8


def test_stacks_are_told_and_have_room(world, bench):
    bench.board.enable_fully("example.test")
    pools = {pool["name"]: pool for pool in bench.board.ask_json("status")["pools"]}
    for name in ("service", "keys", "supervisor", "idle", "interrupt"):
        pool = pools[f"stack:{name}"]
        assert 0 < pool["peak"] < pool["limit"] * 3 // 4, pool


def test_memory_of_libraries_and_network_is_told(world, bench):
    """After an order and the checks: the heap holds what the libraries' pools took at most, and nothing was refused."""
    bench.board.enable_fully("example.test")
    pools = {pool["name"]: pool for pool in bench.board.ask_json("status")["pools"]}
    for name in ("tls", "dns", "json", "scratch", "net:heap", "net:buffers", "net:segments", "net:tcp"):
        assert 0 < pools[name]["peak"] <= pools[name]["limit"] and pools[name]["refused"] == 0, pools[name]
    libraries = [pools[name] for name in ("tls", "dns", "json")]
    assert max(pool["peak"] for pool in libraries) < pools["heap"]["peak"]
    assert sum(pool["limit"] for pool in libraries) < pools["heap"]["limit"]


def test_orders_and_checks_side_by_side_find_memory_for_dns(world):
    """With as many resolvers as can be configured; a query that is refused memory has to wait and to be asked again."""
    board = Appliance(world, network={"mode": "static", "address": f"{APPLIANCE}/24", "gateway": GATEWAY,
                                      "dns": ["192.0.2.53", "192.0.2.54", "2001:db8::53"]}).start()
    domains = ("example.test", "second.test", "third.test")
    for domain in domains:
        board.enable_fully(domain)
    for _ in range(4):
        for domain in domains:
            for other in set(domains) - {domain}:
                try:
                    board.ask_json(f"renew {other}")
                except ConsoleError:
                    pass  # it is being renewed
            assert board.passes(domain)
    pool = next(pool for pool in board.ask_json("status")["pools"] if pool["name"] == "dns")
    assert pool["refused"] == 0, pool


def overflown(core):
    """The MAC has dropped a frame for want of a free descriptor, says so, and has stopped to receive."""
    control, status = (int.from_bytes(core.read(EMAC + offset, 4), "little") for offset in (RX_CONTROL, RX_STATUS))
    return control & 1 == 0 and status & 4 != 0


def overflow(world, bench):
    """Frames come while the loop stands still, until the MAC has had too many."""
    core = bench.at_the_loop()
    loop = bench.symbols["sealpost_step"]
    code = core.read(loop, 2)
    core.write(loop, FOREVER)
    with world.namespace.socket(kind=socket.SOCK_DGRAM) as sender:
        def more():
            core.resume()
            for _ in range(20):
                sender.sendto(b"x" * 900, (APPLIANCE, 9))
            core.stop()
            return overflown(core)
        wait_until(more, "an overflow", 6)
    core.write(loop, code)
    core.close()


def test_overflow_of_the_ring_is_counted_and_traffic_goes_on(world, bench):
    bench.board.enable_fully("example.test")
    for number in range(3):
        overflow(world, bench)
        assert fetch_policy(world, "example.test").status == 200
        core = bench.at_the_loop()
        assert int.from_bytes(core.read(bench.symbols["emac"] + DROPPED, 4), "little") > number
        core.close()
    assert bench.board.ask_json("status")["crash"] is None


def drawn(bench, core):
    """What entropy is drawn from: whether it may be, and the state."""
    held = core.read(bench.symbols["drawn"], 33)
    return bool(held[0]), held[1:]


def initial_sequence_number(world):
    """Of the board's answer to a SYN, as it passes the bridge."""
    with world.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW) as tap:
        tap.bind((TAP, ALL_FRAMES))
        tap.settimeout(5)
        world.namespace.connect(APPLIANCE, 80).close()
        while True:
            frame = tap.recv(2048)
            tcp = frame[14 + (frame[14] & 15) * 4:]
            if frame[12:14] == b"\x08\0" and frame[23] == 6 and tcp[:2] == b"\0\x50" and tcp[13] & 0x12 == 0x12:
                return tcp[4:8]


def server_random(world, domain):
    answer = hello_answer(world, policy_host(domain), ssl.TLSVersion.TLSv1_2)
    assert answer[0] == 22 and answer[5] == 2, answer[:16]
    return answer[11:43]


def test_no_two_starts_draw_the_same_wherever_power_went(world, board_off):
    """One part, many starts, each ended by a power cut: before the seed is renewed, at each program of the renewal, right
    after it and before the first byte is drawn, and in service. What the starts draw from differs each time, and so does
    what a stranger sees of it."""
    bench = Bench(board_off)
    board_off.start()
    board_off.enable_fully("example.test")
    board_off.cut_power()
    states, numbers, randoms = [], [], []
    for cut in range(14):
        core = bench.start_at("sp_app_seed_renew")
        assert not drawn(bench, core)[0]
        for _ in range(cut % 7):
            core.run_to(bench.symbols["nor_program"])
        if cut % 7 < 4:  # entry, header, data and commit are still to come, one of them at least
            assert not drawn(bench, core)[0]
            board_off.cut_power()
        core = core if board_off.running else bench.start_at("sp_app_seed_renew")
        before = board_off.flash.read_bytes()
        core.run_to(bench.symbols["sp_crypto_start"])
        ready, state = drawn(bench, core)
        assert ready and (cut % 7 >= 4 or board_off.flash.read_bytes() != before)
        states.append(state)
        if cut % 2:
            board_off.cut_power()
            continue
        core.close()
        board_off.wait_clock()
        numbers.append(initial_sequence_number(world))
        randoms.append(server_random(world, "example.test"))
        board_off.cut_power()
    assert len(set(states)) == len(states) == 14
    assert len(set(numbers)) == len(numbers) == 7
    assert len(set(randoms)) == len(randoms) == 7


def test_the_shipped_image_asks_nothing_of_a_debugger():
    """No semihosting call (BKPT 0xAB), in code that a disassembler tells from data."""
    listing = subprocess.run(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", boards.kind().built], text=True,
                             check=True, stdout=subprocess.PIPE).stdout.splitlines()
    assert len(listing) > 50000
    assert [line for line in listing if "\tbkpt" in line] == []
