"""The suite under pytest: with and without xdist, with a driver that deviates, and with none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

QUICK = (
    "-q",
    "-p",
    "no:cacheprovider",
    "--snaptree-budget=4s",
    "--snaptree-snapshots=1",
    "--snaptree-seed=5",
)

BROKEN = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--pyargs", *QUICK, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


BOTH = pytest.mark.parametrize("xdist", [("-p", "no:xdist"), ("-n", "2")])


@BOTH
def test_suite_passes_on_the_simulator_with_and_without_xdist(tmp_path: Path, xdist: tuple[str, ...]) -> None:
    done = _pytest(tmp_path, "snaptree.conformance.suite", *xdist, "--snaptree-budget=12s")
    assert done.returncode == 0, done.stdout
    assert "driver simulator, seed 5" in done.stdout, "everything that is needed to repeat it"
    assert " passed" in done.stdout
    assert "skipped" in done.stdout, "what was not observed is not passed"


def test_deviation_fails_the_test_of_its_rule(tmp_path: Path) -> None:
    (tmp_path / "hasty.py").write_text(BROKEN)
    done = _pytest(
        tmp_path,
        "snaptree.conformance.suite.test_discard",
        "--snaptree-driver=hasty:HastyDriver",
        "-p",
        "no:xdist",
    )
    assert done.returncode == 1
    assert "test_DISCARD_3" in done.stdout
    assert "smallest sequence" in done.stdout


def test_driver_that_cannot_be_brought_up_ends_with_one_message(tmp_path: Path) -> None:
    done = _pytest(tmp_path, "snaptree.conformance.suite", "--snaptree-driver=nobody", "-p", "no:xdist")
    assert done.returncode == 3
    assert "no driver 'nobody'" in done.stdout + done.stderr


@BOTH
def test_nothing_seen_is_no_success(tmp_path: Path, xdist: tuple[str, ...]) -> None:
    done = _pytest(tmp_path, "snaptree.conformance.suite.test_concurrency", *xdist)
    assert done.returncode == 4
    assert "nothing was tested" in done.stdout
