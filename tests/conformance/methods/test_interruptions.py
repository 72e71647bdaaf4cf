"""What a kill or an error left is stored in a trace, and shown again without a recorder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run as command
from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import Deviation, deviation_of
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.crashes import Crashes
from snaptree.conformance.methods.failures import Failures
from snaptree.conformance.methods.interruptions import NotPlayed, judge_interruption, play_interruption
from snaptree.conformance.methods.method import Ledger, Method
from snaptree.conformance.mutants.stored import STORED, StoredDriver
from snaptree.conformance.sequences.running import Run
from snaptree.conformance.sequences.traces import Header, Trace, TraceError, read_trace, write_trace
from snaptree.conformance.storage.packed import PackFault, pack, unpack
from snaptree.conformance.storage.replay import Folder

TRACES = sorted((Path(__file__).parents[2] / "traces/interrupted").glob("*.jsonl"))
SMALL = Bounds(crash_scopes=(("tree", 1),), failure_scopes=(("tree", 1),))


class NeverRecovers(SimulatedDomain):
    """Leaves what a kill left."""

    def recover(self) -> None:
        """Nothing."""
        self.journal.commit()


class SwallowsErrors(SimulatedDomain):
    """Says that a call succeeded that failed."""

    def discard_forced(self, snapshot: str, resume_as: str | None) -> None:
        """As it should be, but for errors."""
        try:
            super().discard_forced(snapshot, resume_as)
        except OSError:
            return


def stored(run: Run, driver: Any, path: Path) -> Trace:
    """The run, written and read."""
    header = Header.of(driver.name, driver.version, driver.profile, disks={"vda": 1 << 20, "vdb": 1 << 20})
    write_trace(path, header, run.steps, interruption=run.interruption)
    return read_trace(path)


def deviation(run: Run, driver: Any) -> Deviation:
    """What a run shows."""
    return deviation_of(run, driver.profile, "replay", flaky=False)


@pytest.mark.parametrize(
    ("domain", "method"), [(NeverRecovers, Crashes()), (SwallowsErrors, Failures())], ids=["kill", "error"]
)
def test_a_finding_in_memory_is_shown_again(
    domain: type[SimulatedDomain], method: Method[Any], tmp_path: Path
) -> None:
    driver = SimulatorDriver()
    driver.domain_class = domain
    units = method.units(driver.profile, SMALL)
    found = [run for unit in units for run in method.perform(driver, unit, Ledger())]
    assert found
    for number, run in enumerate(found):
        trace = stored(run, driver, tmp_path / f"{number}.jsonl")
        assert deviation(play_interruption(driver, trace), driver).id == deviation(run, driver).id
        again = play_interruption(SimulatorDriver(), trace)
        assert again.differences == ()
        assert len(again.steps) == len(run.steps)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_a_stored_folder_is_opened_again(path: Path) -> None:
    trace = read_trace(path)
    rule, _, name = trace.header.note.partition(": ")
    cut_off = trace.interruption
    assert cut_off is not None
    driver: Any = StoredDriver(DriverOptions(settings={"stored": name}))
    try:
        if cut_off.unplayed:
            with pytest.raises(NotPlayed, match="'snaptree judge' needs no driver"):
                play_interruption(driver, trace)
            run = judge_interruption(trace, driver.profile)
        else:
            run = play_interruption(driver, trace)
        assert deviation(run, driver).rule == rule
    finally:
        driver.close()


def test_the_stored_folders_are_of_faulty_hypervisors_of_each_rule() -> None:
    rules = {read_trace(path).header.note.partition(": ")[0] for path in TRACES}
    assert rules == {"DURABLE-1", "DURABLE-2", "DURABLE-3", "DURABLE-4", "RECLAIM-1"}
    faulty = {one.name for one in STORED if not one.correct}
    assert {path.stem for path in TRACES} <= faulty


def test_what_shows_only_later_is_not_judged() -> None:
    trace = read_trace(TRACES[0].with_name("broken-at-next-write.jsonl"))
    with pytest.raises(NotPlayed, match="the fault showed when work went on"):
        judge_interruption(trace, trace.header.judged_by())


def test_a_driver_of_another_kind_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    path = TRACES[0].with_name("commit-before-data.jsonl")
    assert command(["replay", str(path), "--in-process"]) == 4
    assert "keeps its domains in another way" in capsys.readouterr().err
    assert command(["judge", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "DURABLE-3" in shown
    assert "missing" in shown
    assert "effect 4 of 9: create of domain/vda-2" in shown


def test_only_the_last_step_is_interrupted(tmp_path: Path) -> None:
    lines = TRACES[0].read_text(encoding="utf-8").splitlines()
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*lines, lines[1]]), encoding="utf-8")
    with pytest.raises(TraceError, match="only the last step"):
        read_trace(path)


def folder(**content: bytes) -> Folder:
    """A folder with some files."""
    made = Folder()
    for number, (name, held) in enumerate(content.items(), start=1):
        made.put(number, [name], held, 0o600)
    return made


def test_a_packed_folder_is_the_folder() -> None:
    whole = folder(a=b"a" * 100_000, b=b"")
    whole.names["link"] = whole.names["a"]
    whole.folders["d"] = 0o755
    whole.links["s"] = "a"
    again = unpack(json.loads(json.dumps(pack(whole))))
    assert again.differing(whole) == []
    assert again.names["link"] == again.names["a"]
    assert again.files[again.names["a"]].mode == 0o600


HOSTILE: Mapping[str, Mapping[str, Any]] = {
    "is no path": {"names": ["../a"]},
    "lies in no folder": {"names": ["d/a"]},
    "is damaged": {"content": "AAAA"},
    "cut short": {"content": pack(folder(a=b"a"))["files"][0]["content"][:8]},  # type: ignore[index]
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_a_folder_that_leads_elsewhere_is_refused(reason: str) -> None:
    packed = pack(folder(a=b"a"))
    assert packed is not None
    packed["files"][0] |= HOSTILE[reason]
    with pytest.raises(PackFault, match=reason):
        unpack(packed)
