"""Which board the world's appliance is, and what that board can do that another cannot.

SEALPOST_BOARD names it: `sim`, which is the default, or a folder under boards/ whose `run` takes --flash, --tap,
--console and --led as the simulator does. Tests ask for an ability by its name; see ABILITIES for what each means.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from . import paths

ABILITIES = {
    "power_cut_options": "dies at a flash operation that is chosen on its command line",
    "flash_trace": "writes down every flash operation",
    "flash_timing": "takes a real part's times when asked to",
    "process": "is a Linux process of ours alone: its sleep and its system calls are the firmware's, and SIGTERM kills it",
    "hangup": "hears when the other end of its console leaves",
    "own_entropy": "has a source of entropy, so that it can work without a factory seed",
}

SIM = "sim"
MEANINGS = {
    SIM: "the firmware as a Linux process",
    "emcraft-sf2": "the firmware on a Cortex-M3 with FreeRTOS, under QEMU",
}


@dataclass(frozen=True)
class Kind:
    """One kind of board. meaning: in words; built: the file that its build leaves; end_status: how it ends on SIGTERM."""

    name: str
    meaning: str
    program: Path
    built: Path
    end_status: int
    abilities: frozenset

    def can(self, ability):
        if ability not in ABILITIES:
            raise KeyError(f"there is no ability '{ability}'; see ABILITIES in {__file__}")
        return ability in self.abilities


def kind():
    """The board of this run."""
    name = os.environ.get("SEALPOST_BOARD") or SIM
    if name == SIM:
        binary = paths.sim_binary()
        return Kind(name, MEANINGS[name], binary, binary, -signal.SIGTERM, frozenset(ABILITIES))
    program = paths.ROOT / "boards" / name / "run"
    if not program.exists():
        raise paths.MissingProgram(f"there is no board '{name}': {program} is not there")
    built = paths.ROOT / "build" / name / f"sealpost-{name}.elf"
    return Kind(name, MEANINGS.get(name, "a board of yours"), program, Path(os.environ.get("SEALPOST_ELF", built)), 0,
                frozenset())
