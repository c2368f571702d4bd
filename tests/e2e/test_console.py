"""The serial console as a person and as a script meets it: editing, help, errors, JSON, password."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import termios
import time
from pathlib import Path

import pytest

from world.appliance import Appliance
from world.console import PASSWORD_PROMPT, PROMPT, Console, ConsoleError
from world.namespace import wait_until
from world.world import TAP, World

pytestmark = pytest.mark.every_board

UP, DOWN, LEFT, BACKSPACE, CTRL_C, CTRL_U, TAB, ENTER = (
    b"\x1b[A", b"\x1b[B", b"\x1b[D", b"\x7f", b"\x03", b"\x15", b"\t", b"\r")
SENTENCE = re.compile(r"^[A-Z`\"'].*[.!?]$", re.DOTALL)
COMMANDS = ("status", "net", "net dhcp", "net static", "net ntp", "net public", "ca", "ca set", "ca agree", "trust",
            "trust add", "domain", "domain add", "domain show", "domain set", "domain remove", "dns", "enable",
            "promote", "auto", "disable", "check", "cert", "renew", "log", "time", "reboot", "factory-reset", "help")
WRONG_LINES = ("hello", "status now please", "domain add", "domain add example.test", "domain show no.such.test",
               "domain add exam!ple.test mx mail.example.test", "domain add example.test mx 192.0.2.25",
               "domain add example.test mx mail.example.test max-age 5",
               "domain add example.test mx mail.example.test mode sometimes", "net static 1.2.3 4 5", "log minus",
               "enable no.such.test", "dns no.such.test", "cert no.such.test", "ca set ftp://x.test/",
               "net public 300.1.1.1", "x" * 600, "domain add \xff\xfe mx a.test")


@pytest.fixture(scope="module")
def console():
    """The console of a board that is on and otherwise left alone."""
    with World() as world:
        yield Appliance(world).start().console


@pytest.fixture(autouse=True)
def fresh_prompt(request):
    yield
    if "console" in request.fixturenames:
        request.getfixturevalue("console").wake()


def finish(console):
    """Enter, and all that is printed up to the next prompt."""
    console.send(ENTER)
    return console.read_until(PROMPT).decode()


def test_echo_is_what_was_typed(console):
    console.send(b"time")
    assert console.read_until(b"time") == b"time"
    assert finish(console).endswith("\r\n" + PROMPT.decode())


def test_every_line_ends_with_cr_and_lf(console):
    console.send(b"help" + ENTER)
    printed = console.read_until(PROMPT)
    assert printed.count(b"\n") == printed.count(b"\r\n") > 10


def test_backspace_and_ctrl_u_correct_the_line(console):
    console.send(b"timx" + BACKSPACE + b"e json" + ENTER)
    assert '"error"' not in console.read_until(PROMPT).decode()
    console.send(b"nonsense" + CTRL_U + b"time json" + ENTER)
    assert "command_unknown" not in console.read_until(PROMPT).decode()


def test_cursor_keys_edit_inside_the_line(console):
    console.send(b"tme json" + LEFT * 7 + b"i" + ENTER)
    assert "command_unknown" not in console.read_until(PROMPT).decode()


def test_history_brings_lines_back(console):
    console.ask("time json")
    console.ask("ca json")
    console.send(UP + UP)
    console.read_until(b"time json")
    assert '"directory"' not in finish(console)
    console.send(UP + UP + DOWN)
    assert "command_unknown" not in finish(console)


def test_ctrl_c_drops_the_line(console):
    console.send(b"reboot" + CTRL_C)
    console.read_until(PROMPT)
    assert console.ask_json("status")["uptime"] >= 0


def test_tab_completes_a_command_and_a_domain(console):
    console.send(b"stat" + TAB)
    assert b"status" in console.read_until(b"us")
    console.send(CTRL_U)
    console.wake()
    console.ask_json("domain add completion.test mx mail.completion.test")
    console.send(b"dns compl" + TAB)
    console.read_until(b"etion.test")
    assert "completion.test" in finish(console)


def test_tab_shows_the_choices_when_there_are_several(console):
    console.send(b"net " + TAB + TAB)
    shown = console.read_for(1).decode()
    for word in ("dhcp", "static", "ntp", "public"):
        assert word in shown


@pytest.mark.parametrize("line", WRONG_LINES)
def test_wrong_input_gets_one_clear_sentence(console, line):
    text = re.sub(r"\s+", " ", console.ask(line)).strip()
    assert SENTENCE.match(text), text
    assert len(text) < 500


@pytest.mark.parametrize("line", [wrong for wrong in WRONG_LINES if len(wrong) < 200 and wrong.isascii()])
def test_wrong_input_is_an_error_in_json(console, line):
    with pytest.raises(ConsoleError) as refused:
        console.ask_json(line)
    assert re.fullmatch(r"[a-z0-9_]+", refused.value.error["id"])
    assert SENTENCE.match(refused.value.error["sentence"])


def test_help_names_every_command_and_explains_each(console):
    listed = console.ask("help")
    for command in COMMANDS:
        assert command.split()[0] in listed
        assert command in console.ask(f"help {command}")


@pytest.mark.parametrize("line", ["status", "net", "ca", "trust", "domain", "time", "log 5", "help"])
def test_json_is_one_document_on_one_line(console, line):
    text = console.ask(line + " json")
    assert "\n" not in text
    json.loads(text)


def test_log_tells_what_happened(console):
    console.ask_json("domain add logged.test mx mail.logged.test")
    lines = console.ask_json("log 20")["lines"]
    assert 0 < len(lines) <= 20


def test_mx_hosts_are_added_and_taken_one_at_a_time(console):
    console.ask_json("domain add mx.test mx one.mx.test")
    mx = lambda: console.ask_json("domain show mx.test")["policy"]["mx"]
    for number in range(2, 17):
        console.ask_json(f"domain set mx.test mx +{'m' * 60}.{'n' * 60}.{'o' * 60}.h{number}.mx.test")
    assert len(mx()) == 16 and mx()[0] == "one.mx.test"
    assert len(console.ask_json("domain show mx.test")["policy"]["text"]) > 16 * 180
    with pytest.raises(ConsoleError) as refused:
        console.ask_json("domain set mx.test mx +two.mx.test")
    assert refused.value.error["id"] == "mx_invalid"
    console.ask_json("domain set mx.test mx -ONE.mx.test mode enforce force")
    assert len(mx()) == 15 and "one.mx.test" not in mx()
    with pytest.raises(ConsoleError) as refused:
        console.ask_json("domain set mx.test mx -one.mx.test")
    assert "one.mx.test is not among" in refused.value.error["sentence"]
    console.ask_json("domain remove mx.test")


def test_domain_settings_are_shown_as_they_were_set(console):
    console.ask_json("domain add set.test mx mail.set.test,*.backup.set.test mode enforce max-age 86400 "
                     "rua mailto:tls@set.test force")
    policy = console.ask_json("domain show set.test")["policy"]
    assert (policy["mode"], policy["max_age"]) == ("enforce", 86400)
    assert policy["mx"] == ["mail.set.test", "*.backup.set.test"]
    records = console.ask_json("dns set.test")["records"]
    assert "v=TLSRPTv1; rua=mailto:tls@set.test" in [record["value"] for record in records]
    console.ask_json("domain set set.test mx mail.set.test")
    assert console.ask_json("domain show set.test")["policy"]["mx"] == ["mail.set.test"]
    console.ask_json("domain remove set.test")
    with pytest.raises(ConsoleError):
        console.ask_json("domain show set.test")


def test_adding_twice_is_refused(console):
    console.ask_json("domain add twice.test mx mail.twice.test")
    with pytest.raises(ConsoleError) as refused:
        console.ask_json("domain add twice.test mx mail.twice.test")
    assert "twice.test" in refused.value.error["sentence"]


def test_a_root_is_pasted_and_listed(console):
    from world.pki import Authority
    pem = Authority("Pasted root").pem()
    before = len(console.ask_json("trust")["anchors"])
    console.send(b"trust add" + ENTER)
    console.read_for(0.5)
    console.send(pem.replace("\n", "\r").encode() + b"." + ENTER)
    console.read_until(PROMPT)
    anchors = console.ask_json("trust")["anchors"]
    assert len(anchors) == before + 1 and "Pasted root" in json.dumps(anchors)


def test_a_script_that_types_without_waiting_loses_nothing(console):
    lines = [f"help command{number}" for number in range(8)]
    console.send("\r".join(lines).encode() + ENTER)
    for line in lines:
        console.read_until(line.split()[1].encode(), seconds=10)
    console.read_until(PROMPT)


def test_password_is_asked_for_and_never_shown(world):
    board = Appliance(world, password="correct horse 7").start()
    channel = wait_until(lambda: _open(board), "the console")
    channel.send(ENTER)
    channel.read_until(PASSWORD_PROMPT)
    channel.send(b"wrong" + ENTER)
    channel.read_until(PASSWORD_PROMPT, seconds=20)
    channel.send(b"status json" + ENTER)
    channel.read_until(PASSWORD_PROMPT, seconds=20)
    channel.send(b"correct horse 7" + ENTER)
    channel.read_until(PROMPT, seconds=20)
    assert b"horse" not in channel.history and b"health" not in channel.history
    channel.close()
    assert board.ask_json("status")["health"]


@pytest.mark.needs("hangup")
def test_who_connects_next_inherits_neither_line_nor_session(world):
    board = Appliance(world, password="correct horse 7").start()
    board.ask_json("status")
    board.console.send(b"time" + ENTER + b"factory-reset y")
    board.console.read_until(b"factory-reset y")
    board.release_console()
    channel = wait_until(lambda: _open(board), "the console")
    channel.send(b"es" + ENTER)
    channel.read_until(b"Wrong password")
    channel.read_until(PASSWORD_PROMPT, seconds=20)
    channel.send(b"correct horse 7" + ENTER)
    channel.read_until(PROMPT, seconds=20)
    channel.send(UP + b"status json" + ENTER)
    assert b'"domains"' in channel.read_until(PROMPT)
    channel.close()


def _open(board):
    try:
        return Console.open_socket(board.socket_path)
    except OSError:
        return None


class Terminal:
    """The other end of a pseudo-terminal, with the calls of a socket that Console needs."""

    def __init__(self, descriptor):
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._seconds = 1.0

    def settimeout(self, seconds):
        self._seconds = seconds

    def recv(self, size):
        import select
        if not select.select([self._descriptor], [], [], self._seconds)[0]:
            raise TimeoutError
        return os.read(self._descriptor, size)

    def sendall(self, data):
        os.write(self._descriptor, data)

    def close(self):
        os.close(self._descriptor)


def test_console_on_a_pseudo_terminal(world):
    board = Appliance(world)
    log = world.directory / "pty.log"
    with open(log, "wb") as output:
        process = world.namespace.start([board.kind.program, "--flash", board.flash, "--tap", TAP, "--console", "pty"],
                                        stdout=output, stderr=subprocess.STDOUT)
    name = wait_until(lambda: re.search(r"/dev/pts/\d+", log.read_text()), "the name of the terminal").group(0)
    console = Console(Terminal(os.open(name, os.O_RDWR | os.O_NOCTTY)))
    console.wake()
    assert console.ask_json("status")["board"] == board.kind.name
    console.close()
    process.kill()


def test_console_on_standard_input_and_output(world):
    """The first key may come before a UART listens, as on any device that is being switched on."""
    board = Appliance(world)
    done = world.namespace.run(["sh", "-c", 'exec timeout 3 "$0" --flash "$1" --tap tap0 --console stdio',
                                board.kind.program, board.flash], input="\rstatus json\r")
    assert f'"board":"{board.kind.name}"' in done.stdout.replace(" ", ""), done.stdout + done.stderr


def test_on_a_terminal_ctrl_c_is_a_key_and_ctrl_backslash_ends(world):
    board = Appliance(world)
    near, far = os.openpty()

    def take_terminal():
        fcntl.ioctl(far, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # whoever runs the tests in the background may ignore it

    process = world.namespace.start([board.kind.program, "--flash", board.flash, "--tap", TAP], stdin=far, stdout=far,
                                    stderr=far, preexec_fn=take_terminal)
    os.close(far)
    console = Console(Terminal(near))
    console.read_until(PROMPT, seconds=20)
    console.wake()
    console.send(b"nonsense" + CTRL_C)
    console.read_until(PROMPT)
    assert console.ask_json("status")["board"] == board.kind.name
    console.send(b"\x1c")
    assert process.wait(5) == -signal.SIGQUIT
    console.close()


def test_a_client_that_never_reads_costs_no_cpu(board):
    """Commands are sent and no answer is taken: the appliance sleeps meanwhile, and serves the next client."""
    board.release_console()
    channel = socket.socket(socket.AF_UNIX)
    wait_until(lambda: channel.connect_ex(str(board.socket_path)) == 0, "the console")
    channel.setblocking(False)
    for _ in range(50):
        try:
            channel.send(b"\x15help json\r" * 20)
        except BlockingIOError:
            time.sleep(0.02)
    before = cpu_seconds(board.pid)
    time.sleep(1)
    assert cpu_seconds(board.pid) - before < 0.5  # who goes round and round takes all of it
    channel.close()
    assert board.ask_json("status")["health"]


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
