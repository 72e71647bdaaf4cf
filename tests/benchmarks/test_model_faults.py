"""Mechanical faults of the model: what is drawn, planted, seen and listed as equivalent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

BENCHMARKS: Final = Path(__file__).parents[2] / "benchmarks"

LISTED: Final = """
import sys
sys.path.insert(0, {folder!r})
from planting.equivalent import EQUIVALENT
from planting.faults import all_faults, drawn_faults
every, drawn = all_faults(), drawn_faults(2010, 100)
keys = [fault.key for fault in every]
print(len(keys) - len(set(keys)), sorted(set(EQUIVALENT) - set(keys)))
print(sorted({{fault.kind for fault in every}}))
print(drawn == drawn_faults(2010, 100) != drawn_faults(2011, 100), len(drawn))
print([reason for reason in EQUIVALENT.values() if not reason.endswith(".")])
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The benchmark with these arguments, on the faults of one function."""
    command = [sys.executable, str(BENCHMARKS / "model_faults.py"), "--count", "10000", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=BENCHMARKS.parent)


def test_faults_are_named_once_and_drawn_by_the_seed_and_no_reason_is_stale() -> None:
    code = LISTED.format(folder=str(BENCHMARKS))
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    kinds = [
        "branches swapped", "comparison turned", "conjunct dropped", "constant off by one", "refusal dropped",
    ]  # fmt: skip
    assert said.splitlines() == ["0 []", str(kinds), "True 100", "[]"]


def test_a_planted_fault_is_seen_by_a_law_and_the_model_is_sound_afterwards() -> None:
    ran = run("--laws", "--only", "managed_save.save_refused")
    lines = [line for line in ran.stdout.splitlines() if "managed_save.save_refused" in line]
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(lines) == 3
    # Each fault is planted in the sound model: one that stayed would be seen by the same law again.
    assert all(line.startswith("laws ") for line in lines)
    assert any("unsupported-is-what-is-not-offered" in line for line in lines)
    assert any("power-bars-what-it-must" in line for line in lines)
    assert "the laws see 3 of 3; at least half: yes" in ran.stdout
