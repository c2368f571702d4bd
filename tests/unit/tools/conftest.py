"""Loads a program of tools/, which has no ending, as a module."""

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"


def load(name):
    loader = SourceFileLoader(f"tool_{name}", str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def count():
    return load("count")
