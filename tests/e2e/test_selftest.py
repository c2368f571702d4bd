"""The factory's self-test, on whichever board the tests run."""

import pytest

from world import board as boards
from world.namespace import wait_until

SECONDS = 60
ALWAYS = {"flash", "area", "nic", "light", "entropy", "memory"}
PATTERNS = ["boot", "ok", "working", "attention", "risk", "fault"]


def light(board):
    return board.led.read_text().split()


def results(board):
    found = board.ask_json("selftest", SECONDS)
    return found, {test["id"]: test for test in found["tests"]}


@pytest.mark.every_board
def test_a_sound_board_passes_and_goes_on_serving(world, board):
    board.enable_fully("example.test")
    found, tests = results(board)
    assert found["ok"] and found["failed"] == 0, [test for test in tests.values() if test["result"] == "fail"]
    wanted = ALWAYS | ({"timer"} if boards.kind().name == "emcraft-sf2" else set())
    assert {name for name, test in tests.items() if test["result"] == "pass"} == wanted, tests
    assert board.passes("example.test")


def test_the_light_shows_each_pattern_and_comes_back(board):
    board.wait_clock()
    wait_until(lambda: light(board)[-1:] == ["ok"], "a light that is well")
    board.led.write_text("")
    results(board)
    assert light(board)[:len(PATTERNS)] == PATTERNS
    wait_until(lambda: light(board)[-1] == "ok", "the light of health again")


def test_nothing_but_the_test_block_is_written(board):
    board.cut_power()
    before = board.flash.read_bytes()
    board.start()
    results(board)
    board.cut_power()
    after = board.flash.read_bytes()
    changed = [at >> 16 for at in range(240 << 16, 256 << 16, 1 << 16)
               if before[at:at + (1 << 16)] != after[at:at + (1 << 16)]]
    assert changed == [255]


def test_a_changed_area_fails_the_test(world, board):
    board.cut_power()
    with open(board.flash, "r+b") as flash:
        flash.seek((240 << 16) + 5000)
        flash.write(b"\0" * 16)
    board.start()
    found, tests = results(board)
    assert not found["ok"] and tests["area"]["result"] == "fail"
    assert tests["flash"]["result"] == "pass"
