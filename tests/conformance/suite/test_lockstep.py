"""The fixture ``lockstep``: scenarios in tests of one's own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HASTY = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""

TESTS = """
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import Refused


def test_words(lockstep):
    lockstep("write; create mon; create tue; merge_into_parent(tue)")


def test_calls(lockstep):
    steps = lockstep("create a", ops.Create("b"), "discard a")
    assert isinstance(steps[-1].outcome, Refused)


def test_misspelt(lockstep):
    lockstep("creat a")


def test_empty(lockstep):
    lockstep("# nothing")


def test_number(lockstep):
    lockstep(5)
"""

KNOWN = """
[[deviation]]
rule = "DISCARD-5"
operation = "discard"
reason = "it is hasty"
"""


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(TESTS, encoding="utf-8")
    (folder / "hasty_lockstep.py").write_text(HASTY, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_a_scenario_passes_and_a_misspelt_one_fails_in_one_line(tmp_path: Path) -> None:
    done = _pytest(tmp_path)
    assert "3 failed, 2 passed" in done.stdout
    assert "no command 'creat'; did you mean create" in done.stdout
    assert "nothing was tested" in done.stdout
    assert "text or operations, not 5" in done.stdout
    assert "During handling" not in done.stdout
    left = {one.name for one in tmp_path.iterdir()} - {"test_mine.py", "hasty_lockstep.py", "__pycache__"}
    assert left == set(), "nothing is left unasked"


def test_a_deviation_fails_with_the_report_and_a_trace_that_replays(tmp_path: Path) -> None:
    done = _pytest(
        tmp_path, "--snaptree-driver=hasty_lockstep:HastyDriver", "--snaptree-out=out", "-k", "calls"
    )
    assert done.returncode == 1
    assert "DISCARD-5 (MUST)" in done.stdout
    assert "smallest sequence" in done.stdout
    # Where CI is set, pytest prints the whole message once more in its summary.
    commands = set(re.findall(r"^ replay  snaptree (.*)$", done.stdout, re.MULTILINE))
    assert len(commands) == 1
    for command in commands:
        again = subprocess.run(
            [sys.executable, "-m", "snaptree.conformance.cli", *command.split()],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert again.returncode == 1, again.stderr
        assert "DISCARD-5" in again.stdout


def test_a_known_deviation_is_an_expected_failure(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(KNOWN, encoding="utf-8")
    done = _pytest(
        tmp_path,
        "--snaptree-driver=hasty_lockstep:HastyDriver",
        "--snaptree-deviations=known.toml",
        "-k",
        "calls",
        "-rx",
    )
    assert done.returncode == 0, done.stdout
    assert "known deviation from DISCARD-5: it is hasty" in done.stdout
