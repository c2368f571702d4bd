"""The board: power, flash, light, factory image and factory reset."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from helpers import fetch_policy
from world import board as boards
from world import paths
from world.appliance import Appliance, factory_config, make_image
from world.namespace import wait_until
from world.world import APPLIANCE, GATEWAY, TAP

pytestmark = pytest.mark.every_board

FLASH_BYTES = 16 * 1024 * 1024
PATTERNS = {"boot", "ok", "working", "attention", "risk", "fault"}


def stopped(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_sigterm_ends_the_board_and_nothing_is_lost(board):
    before = board.enable_fully("example.test")
    board.kill(signal.SIGTERM)
    assert board.wait_off(5) == board.kind.end_status
    board.start()
    after = board.domain("example.test")
    assert (after["state"], after["expires"]) == ("active", before["expires"])


@pytest.mark.needs("process")
def test_sigterm_is_a_power_cut(board):
    """The process is held still while the flash is looked at; with SIGTERM waiting for it, it never runs again."""
    board.enable_fully("example.test")
    board.kill(signal.SIGSTOP)
    wait_until(lambda: stopped(board.pid), "the process to stand still")
    before = board.flash.read_bytes()
    board.kill(signal.SIGTERM)
    board.kill(signal.SIGCONT)
    assert board.wait_off(2) == -signal.SIGTERM
    assert board.flash.read_bytes() == before
    board.start()
    assert board.domain("example.test")["state"] == "active"


def test_light_tells_the_health(world, board):
    wait_until(board.light, "the light's first pattern")
    assert board.light()[0] == "boot"
    board.enable_fully("example.test")
    board.wait_light("ok")
    assert set(board.light()) <= PATTERNS
    assert all(one != two for one, two in zip(board.light(), board.light()[1:]))
    world.provider.remove("_mta-sts.example.test", "TXT")
    board.check("example.test")
    board.check("example.test")  # a failure counts when it was seen twice
    assert board.ask_json("status")["health"] == board.wait_light("attention", "risk")


def test_blank_flash_boots_and_says_what_is_missing(world):
    board = Appliance(world)
    board.flash.unlink()
    board.start()
    status = board.ask_json("status")
    wanted = ("attention", "working") if board.kind.can("own_entropy") else ("fault",)
    assert status["health"] in wanted and status["sentence"]
    assert board.flash.stat().st_size == FLASH_BYTES


@pytest.mark.needs("own_entropy")
def test_blank_flash_is_all_that_is_needed(world):
    """Set up on the console alone, without a factory image."""
    board = Appliance(world)
    board.flash.unlink()
    board.start()
    board.ask_json(f"net static {APPLIANCE}/24 {GATEWAY} 192.0.2.53")
    board.ask_json("net ntp ntp.test")
    assert board.wait_clock()


def test_flash_of_another_size_is_refused(world):
    board = Appliance(world)
    board.flash.write_bytes(b"\xff" * 65536)
    board.start()
    assert board.wait_off() not in (0, -signal.SIGKILL)
    assert "flash" in board.log()


def test_flash_obeys_nor_rules_and_is_used_by_one_process_only(world, board):
    board.ask_json("status")
    second = world.namespace.run([board.kind.program, "--flash", board.flash, "--tap", TAP, "--console",
                                  f"unix:{world.directory}/second"], seconds=10)
    assert second.returncode != 0
    assert second.stderr


def test_unusable_options_are_explained(world):
    program = boards.kind().program
    for options in ([], ["--flash"], ["--flash", "x", "--tap", "no-such-tap"], ["--wrong"]):
        done = world.namespace.run([program, *options], seconds=10, cwd=world.directory)
        assert done.returncode != 0 and done.stderr, options
    done = world.namespace.run([program, "--help"])
    assert done.returncode == 0
    for option in ("--flash", "--tap", "--console", "--led"):
        assert option in done.stdout


@pytest.mark.needs("flash_timing")
def test_real_flash_times_boot_and_work(world):
    board = Appliance(world).start("--flash-timing", "real")
    board.enable_fully("example.test")
    assert board.passes("example.test")
    assert fetch_policy(world, "example.test").status == 200


def test_image_show_tells_settings_and_no_secrets(world):
    seed, password = "5e" * 64, "a long console password"
    config = factory_config(world, seed=seed, console_password=password)
    image = make_image(config, world.directory)
    done = subprocess.run([paths.image_tool(), "--show", image], text=True, stdout=subprocess.PIPE, check=True)
    assert world.ca.directory_url in done.stdout and "192.0.2.10" in done.stdout
    assert password not in done.stdout and seed not in done.stdout and "PRIVATE KEY" not in done.stdout
    assert password.encode() not in image.read_bytes()


@pytest.mark.parametrize("change", [{"colour": "red"}, {"network": {"mode": "sideways"}}, {"ntp": 5},
                                    {"trust": ["no certificate"]}, {"public": ["not an address"]}])
def test_image_refuses_what_it_does_not_understand(world, change):
    source = world.directory / "wrong.json"
    source.write_text(json.dumps(factory_config(world, **change)))
    done = subprocess.run([paths.image_tool(), "--config", source, "--out", world.directory / "wrong.bin"],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode != 0 and done.stdout.strip()
    assert next(iter(change)) in done.stdout


def test_reboot_keeps_everything(board):
    before = board.enable_fully("example.test")
    board.restart_by("reboot")
    assert board.domain("example.test")["expires"] == before["expires"]


def test_factory_reset_keeps_the_account(fronted_board, front):
    board = fronted_board
    board.enable_fully("example.test")
    board.ask_json("net ntp other.test")
    board.restart_by("factory-reset yes")
    assert board.names() == {}
    assert board.ask_json("net")["configured"]["ntp"] == "ntp.test"
    board.wait_clock()
    board.enable_fully("second.test")
    assert len(front.accounts()) == 1
    assert board.ask_json("ca")["account"] == front.accounts()[0]


def test_factory_reset_forgets_the_account_when_asked_to(fronted_board, front):
    board = fronted_board
    board.enable_fully("example.test")
    board.restart_by("factory-reset forget-account yes")
    assert board.ask_json("ca")["account"] is None
    board.enable_fully("second.test")
    assert len(front.accounts()) == 2
    assert board.ask_json("ca")["account"] == front.accounts()[1]


def switches(board):
    """How often the process has gone to sleep and was taken off the processor: (voluntary, involuntary)."""
    text = Path(f"/proc/{board.pid}/status").read_text()
    return [int(re.search(rf"^{word}_ctxt_switches:\s+(\d+)", text, re.MULTILINE)[1])
            for word in ("voluntary", "nonvoluntary")]


@pytest.mark.needs("process")
def test_idle_board_sleeps_and_does_not_poll(world):
    board = Appliance(world).start()
    board.enable_fully("example.test")
    board.passes("example.test")
    window = 3
    before = switches(board)
    time.sleep(window)  # the window that is counted, nothing is waited for
    voluntary, involuntary = (after - first for after, first in zip(switches(board), before))
    assert 0 < voluntary < 40 * window
    assert involuntary < 40 * window
