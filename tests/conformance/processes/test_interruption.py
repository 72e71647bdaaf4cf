"""Ctrl-C while rpds hashes a map: rpds raises TypeError in place of KeyboardInterrupt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

INTERRUPTED: Final = """
import os, signal, sys
from rpds import HashTrieMap
from snaptree.conformance.cli.command import run
from snaptree.conformance.running import assess

class Interrupted:
    def __hash__(self):
        os.kill(os.getpid(), signal.{name})
        return sum(range(3))

def plan(*_arguments, **_named):
    hash(HashTrieMap(a=Interrupted()))

signal.signal(signal.SIGINT, signal.default_int_handler)
assess.Plan = plan
sys.exit(run(["check", "--snapshots", "1", "--out", {out!r}]))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_that_rpds_replaces_ends_in_a_partial_report(name: str, tmp_path: Path) -> None:
    code = INTERRUPTED.format(name=name, out=str(tmp_path / "report"))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 130, ran.stderr
    assert "defect" not in ran.stderr
    assert '"verdict": "interrupted"' in (tmp_path / "report" / "report.json").read_text()


def test_rpds_still_replaces_it() -> None:
    """If this fails, ``is_interruption`` need not look at TypeError any more."""
    code = INTERRUPTED.partition("signal.signal")[0].format(name="SIGINT")
    code += "try:\n    plan()\nexcept TypeError as error:\n    sys.exit(error.__cause__ is None)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
