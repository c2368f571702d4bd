"""The status light, as somebody who watches it tells its patterns.

Both readers have patterns(): the names of those that were shown, in order, none twice in a row.
"""

import re

STEPS_A_CYCLE = 16
SEEN = STEPS_A_CYCLE * 3 // 2
# One bit for an eighth of a second of a cycle of two seconds, the first in bit 0 (drivers/light_blink).
LAMP = {"boot": 0x1111, "ok": 0xFFFF, "working": 0x00FF, "attention": 0x0005, "risk": 0x5555, "fault": 0x0015}
NAMES = frozenset(LAMP)
GPIO_WRITE = re.compile(r"^gpio: unimplemented device write \(size 4, offset 0x088, value 0x0*([01])\)", re.MULTILINE)


class NamedLight:
    """The simulator's: a file with the name of each pattern."""

    def __init__(self, path):
        self._path = path

    def patterns(self):
        return without_repeats(self._path.read_text().split()) if self._path.exists() else []


class Lamp:
    """One lamp, that QEMU logs as a write to a device that it does not model: one line an eighth of a second.

    A pattern is told when a cycle and a half of it has been seen; one that is shown for a shorter time is not."""

    def __init__(self, path):
        self._path = path

    def patterns(self):
        text = self._path.read_text(errors="replace") if self._path.exists() else ""
        return patterns_of("".join(GPIO_WRITE.findall(text)))


def patterns_of(steps):
    """The patterns in a text of one 0 or 1 a step."""
    windows = (steps[place:place + SEEN] for place in range(len(steps) - SEEN + 1))
    return without_repeats([WINDOWS[window] for window in windows if window in WINDOWS])


def _windows(cycle):
    """What is seen of a pattern, from each of its steps on."""
    wave = "".join(str(cycle >> step & 1) for step in range(STEPS_A_CYCLE)) * 3
    return {wave[start:start + SEEN] for start in range(STEPS_A_CYCLE)}


WINDOWS = {window: name for name, cycle in LAMP.items() for window in _windows(cycle)}


def without_repeats(names):
    return [name for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
