"""Builds a preset and runs parts of the tests; the work behind tools/test, see there for its use."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JOBS = str(os.cpu_count() or 2)
WHOLE_OUTPUT = "10000000"

PARTS = {
    "unit": "single modules, by cmocka",
    "sim": "rooms together on the simulator's drivers: virtual time, faults, real packets",
    "embed": "a host program against sealpost.h alone, in the test world",
    "e2e": "the board in the test world: from Enable to accepted, and everything that goes wrong",
    "renewal": "of e2e: a two-minute certificate is renewed while clients fetch the policy",
    "checks": "of e2e: what can be wrong with a domain, made for real, and what the checks say of it",
    "senders": "of e2e: real senders accept what the appliance writes, and refuse what it calls broken",
    "retire": "of sim: a policy's change in two phases, promotion and retirement, to the second in virtual time",
    "powercut": "of e2e: the power cut after every flash operation and every ACME request",
    "board": "of e2e, on emcraft-sf2 under QEMU: the main job, what only the metal shows, and heavy load",
    "board-whole": "all of e2e on emcraft-sf2",
    "size": "code and memory of emcraft-sf2 against their budgets, and what 4 TLS connections and an order use of them",
    "count": "instructions that emcraft-sf2 takes, twice, against the numbers in tests/target",
    "format": "clang-format-14 over our C files",
    "analyze": "gcc -fanalyzer and cppcheck over our C files; builds the preset of that name",
}
USUAL = ("unit", "sim", "embed", "e2e", "board", "size", "count")
ONCE = ("format", "analyze", "board", "board-whole", "size", "count")  # whatever the preset
METAL = "emcraft-sf2"
ON_METAL = ("board", "board-whole", "size", "count")
WORLD_TESTS = {
    "e2e": "tests/e2e",
    "renewal": "tests/e2e/test_renewal.py",
    "powercut": "tests/e2e/test_power_cut.py",
    "checks": "tests/e2e/test_checks.py",
    "senders": "tests/e2e/test_senders.py",
    "retire": "tests/e2e/test_retire.py",
    "embed": "tests/embed",
    "board": "tests/e2e",
    "board-whole": "tests/e2e",
}
SIM_TESTS = {  # by ctest's regular expression; a part may have tests in the world, too
    "retire": "^mtasts_life_(change|promote|retire|power)$",
}
BOARD_WORDS = {
    "board": ["--board", METAL, "-m", "every_board or only_on"],
    "board-whole": ["--board", METAL],
}
COMMANDS = {
    "size": ["tools/size", "--board", METAL, "--live"],
    "count": ["tools/count", "--twice", "--check", "tests/target/counts.json"],
}


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


lane = threading.local()  # .output: the file that takes what the parts of this thread print; without one, stdout


def say(text):
    print(f"test: {text}", flush=True, file=getattr(lane, "output", None))


def run(command, **keywords):
    output = getattr(lane, "output", None)
    return subprocess.run([str(word) for word in command], cwd=ROOT, check=False, stdout=output,
                          stderr=output and subprocess.STDOUT, **keywords).returncode


def build(preset):
    if shutil.which("ccache"):
        os.environ.setdefault("CMAKE_C_COMPILER_LAUNCHER", "ccache")
    say(f"building preset {preset}")
    return run(["cmake", "--preset", preset, "--log-level=WARNING"]) == 0 and \
        run(["cmake", "--build", "--preset", preset]) == 0


def cases_in(output, failed):
    """How many cases a test program ran, from what cmocka or pytest printed; one when it printed neither."""
    def total(pattern):
        return sum(int(number) for number in re.findall(pattern, output))

    found = Count(passed=total(r"\[  PASSED  \] (\d+) test\(s\)") + total(r"(\d+) passed(?=[, ].*in [\d.]+s)"),
                  failed=total(r"\[  FAILED  \] [^\n]*?(\d+) test\(s\), listed")
                  + total(r"(\d+) failed(?=[, ].*in [\d.]+s)"),
                  skipped=total(r"\[  SKIPPED \] [^\n]*?(\d+) test\(s\), listed")
                  + total(r"(\d+) skipped(?=[, ].*in [\d.]+s)"))
    if failed:
        found.failed = max(found.failed, 1)
    elif not found.passed and not found.skipped:
        found.passed = 1
    return found


def ctest(label, preset, names="."):
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "ctest.xml"
        status = run(["ctest", "--preset", preset, "-L", f"^{label}$", "-R", names, "-j", JOBS, "--no-tests=error",
                      "--output-on-failure", "--output-junit", report,
                      "--test-output-size-passed", WHOLE_OUTPUT, "--test-output-size-failed", WHOLE_OUTPUT])
        count = Count()
        if report.exists():
            for case in ElementTree.parse(report).getroot().iter("testcase"):
                count.add(_ctest_case(case))
    if status and not count.failed:
        count.failed = 1
    return count


def _ctest_case(case):
    if case.get("status") in ("disabled", "notrun"):
        skipped = case.find("skipped") is not None
        return Count(skipped=1) if skipped else Count(failed=1)
    output = case.findtext("system-out") or ""
    return cases_in(output, case.get("status") != "run")


def pytest(part, preset, words):
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "pytest.xml"
        build_folder = ROOT / "build" / preset
        environment = {**os.environ, "SEALPOST_SIM": str(build_folder / "sealpost-sim"),
                       "SEALPOST_BUILD": str(build_folder)}
        status = run(["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-ra",
                      f"--junitxml={report}", WORLD_TESTS[part], *BOARD_WORDS.get(part, []), *words],
                     env=environment)
        count = Count()
        if report.exists():
            for suite in ElementTree.parse(report).getroot().iter("testsuite"):
                tests, failed, errors, skipped = (int(suite.get(key, 0))
                                                  for key in ("tests", "failures", "errors", "skipped"))
                count.add(Count(max(0, tests - failed - errors - skipped), failed + errors, skipped))
    if status and not count.failed:
        count.failed = 1
    return count


def check_format():
    done = subprocess.run([ROOT / "tools" / "format", "--check"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        return Count(passed=1)
    files = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stdout, re.MULTILINE)))
    say("not formatted (tools/format does it): " + " ".join(files) if files else done.stdout)
    return Count(failed=1)


def judge(held):
    return Count(passed=1) if held else Count(failed=1)


def prepare_metal():
    """The cross compiler and QEMU, the firmware, and the host's tools that make its flash images."""
    skip = os.environ.get("SEALPOST_SKIP_SETUP")
    return (skip or run(["tools/setup", "--board", METAL]) == 0) and build("sim") and build(METAL)


def run_part(part, preset, options):
    if part == "format":
        return check_format()
    if part == "analyze":
        return judge(build("analyze"))
    if part in COMMANDS:
        return judge(run(COMMANDS[part]) == 0)
    count = Count()
    if part in SIM_TESTS:
        count.add(ctest("sim", preset, SIM_TESTS[part]))
    if part in WORLD_TESTS:
        count.add(pytest(part, preset, options.words))
    return count if part in SIM_TESTS or part in WORLD_TESTS else ctest(part, preset)


def parse(arguments):
    words = []
    if "--" in arguments:
        place = arguments.index("--")
        arguments, words = arguments[:place], arguments[place + 1:]
    parser = argparse.ArgumentParser(prog="tools/test")
    parser.add_argument("parts", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--asan", action="store_true")
    options = parser.parse_args(arguments)
    options.words = words
    usual = [part for part in USUAL if not (options.asan and part in ONCE)]
    wanted = []
    for name in options.parts or ["all"]:
        if name != "all" and name not in PARTS:
            parser.error(f"there is no part '{name}'; tools/test --list names them")
        wanted += [part for part in (usual if name == "all" else (name,)) if part not in wanted]
    options.presets = ["sim-asan"] if options.asan else ["sim"]
    if options.full:
        options.presets = ["sim", "sim-asan"]
        wanted = [part for part in wanted if part != "board"]  # of which board-whole is more
        wanted += [part for part in ONCE if part not in (*wanted, "board")]
    options.parts = wanted
    return options


def add_part(part, preset, options, total):
    name = f"{part} of {preset}" if len(options.presets) > 1 and part not in ONCE else part
    say(f"part {name}")
    count = run_part(part, preset, options)
    say(f"part {name}: {count.line()}")
    total.add(count)


def run_preset(preset, parts, options, total):
    if parts and not build(preset):
        say(f"preset {preset} did not build")
        total.failed += 1
        return
    for part in parts:
        add_part(part, preset, options, total)


def run_once(parts, options, total):
    for part in parts:
        add_part(part, "sim" if part in WORLD_TESTS else None, options, total)


class SideLane:
    """Parts that run beside all others, in a thread of their own; what they print comes whole, at the end."""

    def __init__(self, parts, options):
        self.total = Count()
        self._output = tempfile.TemporaryFile("w+")
        self._thread = threading.Thread(target=self._run, args=(parts, options))
        self._thread.start()

    def _run(self, parts, options):
        lane.output = self._output
        self.total.failed += 1  # until it has come to its end
        run_once(parts, options, self.total)
        self.total.failed -= 1

    def join(self):
        self._thread.join()
        self._output.seek(0)
        shutil.copyfileobj(self._output, sys.stdout)
        sys.stdout.flush()


def begin_metal(options, total):
    """The lane of the parts on the board, or None. They run beside the simulator's: both wait most of the time."""
    parts = [part for part in options.parts if part in ON_METAL]
    if not parts:
        return None
    if not prepare_metal():
        say(f"preset {METAL} could not be prepared or did not build")
        total.failed += 1
        return None
    say(f"beside the others: {' '.join(parts)}")
    return SideLane(parts, options)


def main(arguments):
    options = parse(arguments)
    if options.list:
        for name, meaning in PARTS.items():
            print(f"{name:11} {meaning}")
        return 0
    total = Count()
    metal = begin_metal(options, total)
    for preset in options.presets:
        run_preset(preset, [part for part in options.parts if part not in ONCE], options, total)
    run_once([part for part in options.parts if part in ONCE and part not in ON_METAL], options, total)
    if metal:
        metal.join()
        total.add(metal.total)
    print(total.line(), flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
