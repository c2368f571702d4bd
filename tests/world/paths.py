"""Where the world finds its programs, all of them relative to the repository."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build" / "tools"
NODE_DIR = Path(__file__).resolve().parent / "node"
PYTHON = "/usr/bin/python3"


class MissingProgram(RuntimeError):
    """A program of the world is not installed."""


def system_program(name):
    """A program from a Debian package; the sbin folders are not on every user's PATH."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
    found = shutil.which(name, path=path)
    if not found:
        raise MissingProgram(f"{name} is not installed: run tools/setup")
    return found


def unpacked_program(package, name):
    """A program that tools/setup unpacked from a package under build/tools."""
    base = TOOLS / package
    for candidate in (base / name, base / "usr" / "bin" / name, base / "bin" / name):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    raise MissingProgram(f"{name} is not under {base}: run tools/setup")


def sim_binary():
    """The simulator board; SEALPOST_SIM names another build of it, the sanitised one for instance."""
    named = os.environ.get("SEALPOST_SIM")
    return Path(named).resolve() if named else ROOT / "build" / "sim" / "sealpost-sim"


def host_build():
    """The folder of the tools and test programs that were built for this machine."""
    return Path(os.environ.get("SEALPOST_BUILD", ROOT / "build" / "sim")).resolve()


def image_tool():
    return ROOT / "tools" / "image"
