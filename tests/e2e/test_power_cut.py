"""The power is cut at every point of an Enable in turn; each time the next start ends in an active domain.

Two worlds work side by side. A number past the end of an Enable is not cut; it ends the sweep.
"""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from world import paths
from world.appliance import Appliance
from world.console import ConsoleError
from world.namespace import WorldError

SWEEP = Path(__file__).with_name("sweep.py")
WORKERS = 2
BEYOND = 3
POINT_SECONDS = 150
CHOSEN = pytest.mark.needs("power_cut_options")

# Where an order is, by the path of the request that has just been answered, and how many orders it may take in all.
# A second one may be needed when the first one's address has not been kept yet, and when the CA has looked for the
# challenge while the board was off. The board may have sent one request more before the power goes.
STAGES = {"sign-me-up": 2, "order-plz": 2, "authZ": 2, "chalZ": 2, "finalize": 1, "certZ": 1}


@pytest.fixture(scope="module")
def size():
    """How many flash operations and ACME requests one Enable takes."""
    done = subprocess.run([paths.PYTHON, "-B", SWEEP, "measure"], text=True, check=True, timeout=POINT_SECONDS,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def sweep(kind, last):
    """Runs all points of a kind up to `last` and a few beyond, in two processes, and returns their results."""
    points = [f"{kind}:{number}" for number in range(1, last + BEYOND + 1)]
    workers = [subprocess.Popen([paths.PYTHON, "-B", SWEEP, "run", *points[start::WORKERS]], text=True,
                                stdout=subprocess.PIPE) for start in range(WORKERS)]
    outputs = [worker.communicate()[0] for worker in workers]
    results = [json.loads(line) for output in outputs for line in output.splitlines() if line.startswith("{")]
    assert sorted(result["point"] for result in results) == sorted(points)
    return results


def judge(kind, what, results, note):
    wrong = [result for result in results if not result["ok"]]
    cuts = sum(result["cut"] for result in results)
    seconds = sum(result["seconds"] for result in results)
    note(f"power cut {what}: {cuts} cuts in {len(results)} Enables, {len(wrong)} did not come back "
         f"({seconds / len(results):.1f} s each)")
    assert not wrong, json.dumps(wrong, indent=2)
    assert cuts >= 5, f"{kind} was hardly ever cut: {results}"


@pytest.mark.parametrize("kind, of, what", [
    pytest.param("flash", "flash", "after every flash operation", marks=CHOSEN),
    ("answered", "requests", "after every answer of the CA"),
    ("unanswered", "requests", "before every answer of the CA"),
    pytest.param("torn", "flash", "in the middle of every flash operation", marks=CHOSEN),
])
def test_power_cut_at_every_point_of_an_enable(size, note, kind, of, what):
    judge(kind, what, sweep(kind, size[of]), note)


@pytest.mark.every_board
def test_kill_9_in_mid_order_keeps_account_and_certificates(world, front):
    board = Appliance(world, directory_url=front.directory_url).start()
    board.enable_fully("second.test")
    front.forget()
    front.after_answer = lambda request: board.kill() if "finalize" in request.path else None
    board.world.provider.publish(board.add("example.test"))
    board.ask_json("enable example.test")
    assert board.wait_off(60) == -signal.SIGKILL
    front.after_answer = None
    board.start()
    board.wait_domain("example.test", "active")
    assert board.domain("second.test")["state"] == "active"
    assert not front.accounts()
    assert board.passes("example.test") and board.passes("second.test")


@pytest.mark.every_board
@pytest.mark.parametrize("stage", STAGES)
def test_power_cut_in_mid_order_neither_forgets_nor_repeats(world, front, stage):
    """The board dies when the CA has answered; on the same flash it goes on with the same account and order."""
    board = Appliance(world, directory_url=front.directory_url).start()
    if stage != "sign-me-up":
        board.agree()
    world.provider.publish(board.add("example.test"))
    front.after_answer = lambda request: board.kill() if stage in request.path else None
    try:
        board.agree()
        board.ask_json("enable example.test")
    except (ConsoleError, WorldError, OSError):
        pass
    assert board.wait_off(60) == -signal.SIGKILL
    front.after_answer = None
    board.start()
    board.agree()
    if board.names()["example.test"] == "disabled":
        board.ask_json("enable example.test")
    board.wait_domain("example.test", "active")
    assert front.accounts() == [board.ask_json("ca")["account"]]
    assert 1 <= len([order for order in front.orders() if order.status == 201]) <= STAGES[stage]
    assert board.passes("example.test")
