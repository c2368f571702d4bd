"""The demo, whole, as a newcomer runs it (without its set-up, which tools/test has just done)."""

import subprocess

import pytest

from world import board, paths

pytestmark = pytest.mark.every_board


def test_demo_holds_every_step_and_ends_well():
    command = [paths.PYTHON, "-B", paths.ROOT / "tests" / "run_demo.py", "--once", "--board", board.kind().name]
    done = subprocess.run(command, text=True, check=False, timeout=300, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith("steps held.")
