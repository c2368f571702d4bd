"""Fixtures of the end-to-end tests. Every test gets a world of its own unless its module shares one."""

import re
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from world import paths  # noqa: E402
from world.appliance import Appliance  # noqa: E402
from world.world import World  # noqa: E402

SANITIZER = re.compile(r"(ERROR: \w*Sanitizer|runtime error:).*")
notes = []


def pytest_configure(config):
    config.addinivalue_line("markers", "no_board: needs the world only, not the simulator")
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM"))


def pytest_runtest_setup(item):
    if not item.get_closest_marker("no_board") and not paths.sim_binary().exists():
        pytest.fail(f"{paths.sim_binary()} is not built: run `cmake --preset sim && cmake --build --preset sim`",
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
