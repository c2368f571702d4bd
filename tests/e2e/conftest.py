"""Fixtures of the end-to-end tests. Every test gets a world of its own unless its module shares one."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from world import board as boards  # noqa: E402
from world.appliance import Appliance  # noqa: E402
from world.world import World  # noqa: E402

SANITIZER = re.compile(r"(ERROR: \w*Sanitizer|runtime error:).*")
notes = []


def pytest_addoption(parser):
    parser.addoption("--board", help="the board to test, in place of SEALPOST_BOARD or sim")


def pytest_configure(config):
    config.addinivalue_line("markers", "no_board: needs the world only, no board")
    config.addinivalue_line("markers", "needs(ability): only for boards that can do this, see world/board.py")
    config.addinivalue_line("markers", "only_on(board): a part that no other board has")
    config.addinivalue_line("markers", "every_board: tools/test runs it on every board, not on sim alone")
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM"))
    if config.getoption("--board"):
        os.environ["SEALPOST_BOARD"] = config.getoption("--board")


def pytest_collection_modifyitems(config, items):
    """A test of what this board does not have is none of its tests: it is left out, not skipped."""
    kind = boards.kind()

    def applies(item):
        return all(kind.can(mark.args[0]) for mark in item.iter_markers("needs")) and all(
            kind.name == mark.args[0] for mark in item.iter_markers("only_on")) and (
                kind.name == "sim" or not item.get_closest_marker("no_board"))

    foreign = [item for item in items if not applies(item)]
    items[:] = [item for item in items if applies(item)]
    config.hook.pytest_deselected(items=foreign)


def pytest_runtest_setup(item):
    kind = boards.kind()
    if not item.get_closest_marker("no_board") and not kind.built.exists():
        pytest.fail(f"{kind.built} is not there: run `cmake --preset {kind.name} && cmake --build --preset {kind.name}`",
                    pytrace=False)


def _living_logs():
    return [(name, text) for world in World.live for name, text in world.logs().items()]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.passed:
        _fail_on_sanitizer(report)
    if report.failed:
        for name, text in _living_logs():
            report.sections.append((f"end of {name}", text))


def _fail_on_sanitizer(report):
    for name, text in _living_logs():
        found = SANITIZER.search(text)
        if found:
            report.outcome = "failed"
            report.longrepr = f"{name}: {found.group(0)}"


def pytest_terminal_summary(terminalreporter):
    for note in notes:
        terminalreporter.write_line(note)


@pytest.fixture
def note():
    """A function that prints a line at the end of the run."""
    return notes.append


@pytest.fixture
def make_world():
    """A function that makes a world; all of them go down after the test."""
    made = []

    def make(**options):
        made.append(World(**options))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world):
    """A world with the usual options."""
    return make_world()


@pytest.fixture
def front(world):
    """A counting front before the world's CA."""
    return world.front()


@pytest.fixture
def board(world):
    """A board, switched on, that uses the CA directly."""
    return Appliance(world).start()


@pytest.fixture
def fronted_board(world, front):
    """A board, switched on, that reaches the CA through the front."""
    return Appliance(world, directory_url=front.directory_url).start()
