"""The read-only area of the flash part: what was not built with the firmware is not trusted, and said to be so."""

import subprocess

import pytest

from world import paths
from world.appliance import Appliance

AREA_AT = 240 * 65536
FAULT_WORDS = "read-only area"


def change(flash, offset, data):
    with open(flash, "r+b") as file:
        file.seek(AREA_AT + offset)
        file.write(data)


def byte_at(flash, offset):
    with open(flash, "rb") as file:
        file.seek(AREA_AT + offset)
        return file.read(1)


def image(*words):
    done = subprocess.run([paths.image_tool(), *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_factory_image_brings_the_built_in_roots(board):
    assert board.ask_json("status")["area"] == "good"
    assert board.ask_json("trust")["builtin"] > 100
    board.cut_power()
    shown = image("--show", board.flash)
    assert "read-only file: roots" in shown and "read-only area: good" in shown


@pytest.mark.every_board
@pytest.mark.parametrize("offset, state", [(20, "foreign"), (30000, "damaged")], ids=["header", "file"])
def test_changed_area_is_refused_said_and_survived(world, offset, state):
    """One bit, in the header or in a root: none of the roots is trusted; those of factory and operator are."""
    board = Appliance(world)
    change(board.flash, offset, bytes([byte_at(board.flash, offset)[0] ^ 1]))
    board.start()
    status = board.ask_json("status")
    assert (status["area"], status["health"]) == (state, "fault")
    assert FAULT_WORDS in status["sentence"] and "--renew-area" in status["sentence"]
    assert board.ask_json("trust")["builtin"] == 0
    board.enable_fully("example.test")
    assert board.passes("example.test")
    board.cut_power()
    image("--renew-area", board.flash)
    board.start()
    assert board.ask_json("status")["area"] == "good"
    assert board.domain("example.test")["state"] == "active"


def test_area_that_was_never_written_wants_attention(world):
    board = Appliance(world)
    change(board.flash, 0, b"\xff" * 15 * 65536)
    board.start()
    board.wait_clock()
    status = board.ask_json("status")
    assert (status["area"], status["health"]) == ("blank", "attention")
    assert "factory image" in status["sentence"]
    assert board.ask_json("trust")["builtin"] == 0


def test_bytes_of_another_program_in_the_area_are_refused(world):
    board = Appliance(world)
    change(board.flash, 0, bytes(range(256)) * 256)
    board.start()
    assert board.ask_json("status")["area"] == "foreign"
