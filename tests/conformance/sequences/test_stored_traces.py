"""What a run once found, replayed for ever.

Each trace is the smallest sequence that showed a fault of some hypervisor. The
hypervisors that are right must get through all of them, and the recorded answers
must go on being judged as wrong.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.judging.deviations import rules_broken
from snaptree.conformance.sequences.playback import Playback
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.traces import read_trace
from snaptree.spec.profiles import load_profile

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("*.jsonl"))


def test_there_are_stored_traces() -> None:
    assert len(TRACES) >= 20


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_simulator_gets_through(path: Path) -> None:
    trace = read_trace(path)
    run = run_sequence(
        open_driver("simulator", DriverOptions()),
        trace.operations,
        trace.header.disks,
        persistent=trace.header.persistent,
    )
    assert run.differences == ()
    assert len(run.steps) == len(trace.steps)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_recorded_answers_are_still_judged_as_wrong(path: Path) -> None:
    trace = read_trace(path)
    profile = load_profile(trace.header.profile)
    run = run_sequence(
        Playback(trace, profile),
        trace.operations,
        trace.header.disks,
        persistent=trace.header.persistent,
        finish=False,
    )
    assert run.differences
    assert len(run.steps) == len(trace.steps), "the last step is the one that is wrong"
    rule = trace.header.note.partition(":")[0]
    assert rule in rules_broken(run.steps[-1], run.differences, profile)


REAL = sorted((Path(__file__).parents[2] / "traces" / "real").glob("*.jsonl"))


def test_every_profile_whose_driver_exists_has_a_trace_of_the_real_system() -> None:
    recorded = {read_trace(path).header.profile for path in REAL}
    assert recorded == {"esx", "qemu", "libvirt", "libvirt-test", "virtualbox"}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_model_explains_what_a_real_system_did(path: Path) -> None:
    trace = read_trace(path)
    run = run_sequence(
        Playback(trace, load_profile(trace.header.profile)),
        trace.operations,
        trace.header.disks,
        persistent=trace.header.persistent,
        finish=False,
    )
    assert run.differences == ()
    assert len(run.steps) == len(trace.steps) > 10
