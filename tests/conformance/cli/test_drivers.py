"""``snaptree drivers`` tries each driver in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.drivers.registry import SHIPPED

DRIVERS = """
import ctypes
import os
import time

from snaptree.conformance.drivers.simulator import SimulatorDriver


class Hangs(SimulatorDriver):
    def __init__(self, options):
        time.sleep(600)


class Leaves(SimulatorDriver):
    def __init__(self, options):
        os._exit(0)


class Segfaults(SimulatorDriver):
    def __init__(self, options):
        ctypes.string_at(0)


class HangsInClose(SimulatorDriver):
    def close(self):
        time.sleep(600)


class Good(SimulatorDriver):
    pass
"""


def test_a_driver_that_hangs_or_ends_its_process_does_so_to_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tried_drivers.py").write_text(DRIVERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")
    names = ("Hangs", "Leaves", "Segfaults", "HangsInClose", "Good")
    tried = {
        name: replace(SHIPPED["qemu"], name=name, probe=f"tried_drivers:{name}", about="a driver")
        for name in names
    }
    module = import_module("snaptree.conformance.cli.drivers")
    monkeypatch.setattr(module, "SHIPPED", tried)
    monkeypatch.setattr(module, "OPENING", 2)
    assert run(["drivers"]) == 0
    shown = capsys.readouterr().out
    table = shown.partition("comes with:")[0].splitlines()
    rows = {line.split()[0]: line for line in table if line.partition(" ")[0] in names and "a driver" in line}
    assert "did not return within 2 s" in rows["Hangs"]
    assert "ended with exit code 0" in rows["Leaves"]
    assert "was killed by SIGSEGV" in rows["Segfaults"]
    assert "was not closed" in rows["HangsInClose"]
    assert " yes, " in rows["Good"]
