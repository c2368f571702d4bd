"""Loads a program of tools/, which has no ending, as a module."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"


def load(name):
    loader = SourceFileLoader(f"tool_{name}", str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module  # dataclasses look there
    loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def count():
    return load("count")


@pytest.fixture(scope="session")
def size():
    return load("size")
