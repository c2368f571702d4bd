"""Cuts the power at given points of an Enable, one board a point, and tells how each came back.

Run as a program it makes a world of its own, so that several can run side by side:
    sweep.py measure            prints {"flash": operations, "requests": ACME requests} of one Enable
    sweep.py run POINT...       a point is KIND:NUMBER; prints one JSON document a line, a line a point

Kinds: flash (right after flash operation N), torn (operation N done only in part), answered and unanswered
(right after, or right before, ACME request N is answered).
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from world.appliance import Appliance  # noqa: E402
from world.console import ConsoleError  # noqa: E402
from world.namespace import WorldError  # noqa: E402
from world.world import World  # noqa: E402

from helpers import fetch_policy  # noqa: E402

DOMAIN = "example.test"
FLASH_KINDS = ("flash", "torn")
SECONDS = 60


def operate(board):
    """What an operator does to get there, whatever has been done already; ends with an active domain."""
    board.agree()
    states = board.names()
    if DOMAIN not in states:
        board.ask_json(f"domain add {DOMAIN} mx mail.{DOMAIN}")
    if states.get(DOMAIN, "disabled") == "disabled":
        board.ask_json(f"enable {DOMAIN}")
    return board.wait_domain(DOMAIN, "active", SECONDS)


class Sweep:
    def __init__(self, world):
        self._world = world
        self._front = world.front()
        self._boards = 0
        self._publish()

    def _board(self):
        """A new device: its own image, so its own account."""
        self._boards += 1
        self._front.before_answer = self._front.after_answer = None
        self._front.forget()
        return Appliance(self._world, name=f"board{self._boards}", directory_url=self._front.directory_url)

    def _publish(self):
        board = self._board()
        self._world.provider.publish(board.start().add(DOMAIN))
        board.close()

    def measure(self):
        board = self._board()
        trace = self._world.directory / "flash.trace"
        traced = board.kind.can("flash_trace")
        board.start(*(["--flash-trace", trace] if traced else []))
        operate(board)
        board.close()
        return {"flash": len(trace.read_text().splitlines()) if traced else None, "requests": len(self._front.requests)}

    def _cut_options(self, board, kind, number):
        """Arms the cut and returns the simulator's options for it."""
        if kind in FLASH_KINDS:
            return ["--power-cut-after", str(number)] + (["--power-cut-torn"] if kind == "torn" else [])

        def act(request):
            if request.number == number:
                board.kill()

        if kind == "answered":
            self._front.after_answer = act
        else:
            self._front.before_answer = act
        return []

    def run(self, kind, number):
        began = time.monotonic()
        board = self._board()
        board.start(*self._cut_options(board, kind, number))
        result = {"point": f"{kind}:{number}", "cut": False}
        try:
            operate(board)
        except (ConsoleError, WorldError, OSError):
            board.wait_off()
            result["cut"] = True
        board.cut_power()
        self._front.before_answer = self._front.after_answer = None
        try:
            result.update(self._come_back(board))
        except (ConsoleError, WorldError, OSError, AssertionError) as error:
            result.update(ok=False, error=f"{type(error).__name__}: {error}", log=board.log()[-1500:])
        board.close()
        board.flash.unlink()
        result["seconds"] = round(time.monotonic() - began, 2)
        return result

    def _come_back(self, board):
        """Switches the board on again and sees that it ends active, with one account, and serves."""
        board.start()
        operate(board)
        account, made = board.ask_json("ca")["account"], self._front.accounts()
        served = fetch_policy(self._world, DOMAIN).status
        return {"ok": made == [account] and served == 200, "account": account, "accounts_made": made,
                "served": served}


def main(arguments):
    with World(retry_after=0) as world:
        sweep = Sweep(world)
        if arguments == ["measure"]:
            print(json.dumps(sweep.measure()), flush=True)
            return
        for point in arguments[1:]:
            kind, number = point.split(":")
            print(json.dumps(sweep.run(kind, int(number))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
