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
    "--snaptree-sequences=20",
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


FORGETFUL = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Forgetful(SimulatedDomain):
    def create(self, name, description, memory, uuid, quiesce):
        made = super().create(name, description, memory, uuid, quiesce)
        self.write_disk("vda", 7, 77)
        return made


class ForgetfulDriver(SimulatorDriver):
    domain_class = Forgetful
"""


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--pyargs", *QUICK, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


FEW = ("-p", "no:xdist", "--snaptree-methods=examples,exhaustive,sampled")
"""For what any method shows."""

BOTH = pytest.mark.parametrize("xdist", [("-p", "no:xdist"), ("-n", "2")])


@BOTH
def test_suite_passes_on_the_simulator_with_and_without_xdist(tmp_path: Path, xdist: tuple[str, ...]) -> None:
    done = _pytest(tmp_path, "snaptree.conformance.suite", *xdist, "--snaptree-sequences=200")
    assert done.returncode == 0, done.stdout
    assert "driver simulator, seed 5" in done.stdout, "everything that is needed to repeat it"
    assert " passed" in done.stdout
    assert "skipped" in done.stdout, "what was not observed is not passed"


LOGGING = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Logged(SimulatedDomain):
    def observe(self):
        with open("looks", "ab") as looks:
            looks.write(b".")
        return super().observe()


class LoggedDriver(SimulatorDriver):
    domain_class = Logged
"""


def test_a_selected_rule_takes_only_the_work_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "logging_driver.py").write_text(LOGGING)
    chosen = ("snaptree.conformance.suite", "--snaptree-driver=logging_driver:LoggedDriver", *FEW)
    done = _pytest(tmp_path, *chosen, "-k", "RETIRE-1]")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    few = (tmp_path / "looks").stat().st_size
    done = _pytest(tmp_path, *chosen, "-k", "LIST-1]")
    assert done.returncode == 0, done.stdout
    assert 0 < few < ((tmp_path / "looks").stat().st_size - few) / 2


def test_deviation_fails_the_test_of_its_rule(tmp_path: Path) -> None:
    (tmp_path / "hasty.py").write_text(BROKEN)
    done = _pytest(
        tmp_path,
        "snaptree.conformance.suite",
        "-m",
        "discard",
        "--snaptree-driver=hasty:HastyDriver",
        *FEW,
    )
    assert done.returncode == 1
    assert "test_rule[DISCARD-5]" in done.stdout
    assert "smallest sequence" in done.stdout


def test_driver_that_cannot_be_brought_up_ends_with_one_message(tmp_path: Path) -> None:
    done = _pytest(tmp_path, "snaptree.conformance.suite", "--snaptree-driver=nobody", "-p", "no:xdist")
    assert done.returncode == 3
    assert "no driver 'nobody'" in done.stdout + done.stderr


@BOTH
def test_nothing_seen_is_no_success(tmp_path: Path, xdist: tuple[str, ...]) -> None:
    chosen = ("snaptree.conformance.suite", "-m", "concurrency", *xdist)
    done = _pytest(tmp_path, *chosen, "--snaptree-budget=1s")
    assert done.returncode == 4
    assert "nothing was tested" in done.stdout


def test_properties_hold_or_show_the_smallest_sequence_that_breaks_them(tmp_path: Path) -> None:
    module = ("snaptree.conformance.suite.test_properties", "-p", "no:xdist")
    done = _pytest(tmp_path, *module)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    (tmp_path / "forgetful.py").write_text(FORGETFUL)
    done = _pytest(tmp_path, *module, "--snaptree-driver=forgetful:ForgetfulDriver")
    assert done.returncode == 1
    assert "sequence = (Create(name='n1', description=''" in done.stdout
    assert "test_property[keeps_in_step_with_the_model]" in done.stdout


GIVES_OUT = """
from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver

CREATED = [0]


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)

    def create(self, *given, **by_name):
        CREATED[0] += 1
        if CREATED[0] > 150:
            raise DriverUnavailable("the disk is full")
        return super().create(*given, **by_name)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""


@BOTH
def test_a_host_that_gives_out_fails_the_session_and_leaves_what_was_found(
    tmp_path: Path, xdist: tuple[str, ...]
) -> None:
    (tmp_path / "gives_out.py").write_text(GIVES_OUT)
    done = _pytest(
        tmp_path,
        "snaptree.conformance.suite",
        "--snaptree-driver=gives_out:HastyDriver",
        "--snaptree-budget=60s",
        FEW[-1],
        *xdist,
    )
    assert done.returncode == 1, "a deviation wins over a host that gave out: " + done.stdout
    assert "DISCARD" in done.stdout
    assert "smallest sequence" in done.stdout
    assert "host gave out: the disk is full" in done.stdout


COUNTING = """
import os
from time import sleep

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Counted(SimulatedDomain):
    def observe(self):
        with open("looks", "ab") as looks:
            looks.write(b".")
        sleep(0.05)
        return super().observe()


class CountedDriver(SimulatorDriver):
    domain_class = Counted
"""


def test_the_budget_bounds_the_run_of_all_workers(tmp_path: Path) -> None:
    """Two jobs look at most 80 times in two seconds of 0.05 a look, on a machine of any speed."""
    (tmp_path / "counting.py").write_text(COUNTING)
    bounds = (
        "--snaptree-driver=counting:CountedDriver",
        "--snaptree-budget=2s",
        "-k",
        "not property",
        FEW[-1],
    )
    done = _pytest(tmp_path, "snaptree.conformance.suite", "-n", "2", *bounds)
    looks = len((tmp_path / "looks").read_bytes())
    # Beside those: smoke calls, and the step that each job was in when time was up.
    assert 1 <= looks <= 80 + 40, done.stdout
    assert "incomplete" in done.stdout
    assert done.returncode == 1
