"""One pipeline: what a run found and why it ended; and the same for any number of workers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import Driver, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.record import MethodResult, RunRecord
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import Examples
from snaptree.conformance.methods.exhaustive import Exhaustive
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.running.assess import Unwatched, assess, run_methods
from snaptree.conformance.running.request import Request
from snaptree.conformance.running.workers import InProcess
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.profiles import Profile, load_profile

DRIVERS = '''
from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver

CREATED = [0]


class Wrong(SimulatedDomain):
    """Three faults, each of which shows in many places."""

    def discard(self, snapshot):
        self.discard_forced(snapshot, None)

    def describe(self, snapshot, description):
        super().describe(snapshot, description[:3])

    def rename(self, snapshot, name):
        super().rename(snapshot, name)
        super().describe(snapshot, name[:5])


class WrongDriver(SimulatorDriver):
    domain_class = Wrong


class Ending(Wrong):
    """Wrong, until it has created 90 snapshots; then it is over."""

    def create(self, *given, **by_name):
        CREATED[0] += 1
        if CREATED[0] > 90:
            self.over()
        return super().create(*given, **by_name)


class GivesOut(Ending):
    def over(self):
        raise DriverUnavailable("the disk is full", install="a larger disk")


class GivesOutDriver(SimulatorDriver):
    domain_class = GivesOut
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module of drivers, of its own name in each test, that workers find as well."""
    name = f"ending_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(DRIVERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield name  # type: ignore[misc]
    sys.modules.pop(name, None)


def checked(out: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of a run, and its report."""
    code = run(["check", *arguments, "--seed", "7", "--out", str(out)])
    return code, json.loads((out / "report.json").read_text())


# --- why a run ended, and what it had found -------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_host_that_gives_out_leaves_what_was_found(
    module: str, jobs: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = f"{module}:GivesOutDriver"
    code, report = checked(tmp_path / "out", driver, "--snapshots", "2", "--jobs", str(jobs))
    assert code == report["exit_code"] == 1, "a deviation wins over a host that gave out"
    assert report["complete"] is False
    assert report["ended"] == {"why": "host gave out", "text": "the disk is full"}
    assert "DISCARD-5" in {rule for found in report["deviations"] for rule in found["rules"]}
    assert len(list((tmp_path / "out" / "traces").iterdir())) == len(report["deviations"])
    shown = capsys.readouterr()
    assert "the disk is full" in shown.err
    assert "a larger disk" in shown.err
    junit = (tmp_path / "out" / "junit.xml").read_text()
    assert '<error type="host gave out" message="host gave out: the disk is full"' in junit


class GivesOutWhenLookedAtAgain(SimulatedDomain):
    """It deviates once; then its host is gone, and nobody can make the sequence small."""

    discarded: ClassVar[int] = 0

    def discard(self, snapshot: str) -> None:
        if GivesOutWhenLookedAtAgain.discarded:
            raise DriverUnavailable("gone")
        if any(one["parent"] == snapshot for one in self.observe()["snapshots"]):
            GivesOutWhenLookedAtAgain.discarded += 1
            self.discard_forced(snapshot, None)
        else:
            super().discard(snapshot)


def test_what_could_not_be_examined_is_reported_as_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GivesOutWhenLookedAtAgain, "discarded", 0)
    driver = SimulatorDriver()
    driver.domain_class = GivesOutWhenLookedAtAgain
    record = run_methods(InProcess.on(driver), driver.profile, Bounds((("tree", 3),)), methods=[Exhaustive()])
    assert record.ending.why == "host gave out"
    (found,) = record.deviations.values()
    assert found.operation.call == "discard"
    assert record.tally.steps >= len(found.sequence)


def test_a_fault_of_ours_is_told_with_what_was_found_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def perform(*_given: object) -> Iterator[Run]:
        raise ZeroDivisionError

    monkeypatch.setattr(Exhaustive, "perform", perform)
    driver = SimulatorDriver()
    bounds = Bounds((("tree", 1),), sequences=5)
    record = run_methods(InProcess.on(driver), driver.profile, bounds)
    assert record.ending.why == "worker died"
    assert "ZeroDivisionError" in record.ending.text
    assert record.methods["examples"].complete
    assert record.methods["sampled"].sequences == 0


def test_an_error_of_who_listens_is_none_of_the_workers() -> None:
    def closed(_record: RunRecord, _result: MethodResult) -> None:
        raise BrokenPipeError

    driver = SimulatorDriver()
    with pytest.raises(BrokenPipeError):
        run_methods(InProcess.on(driver), driver.profile, Bounds((("tree", 1),), sequences=0), closed)


def test_seconds_that_do_not_suffice_are_why_it_ended() -> None:
    request = Request(seed=1, budget=0.5, graphs=(("tree", 4),), jobs=1)
    assessment = assess(request, lambda _text: None, Unwatched())
    assert assessment.ending.why == "budget"
    assert assessment.judgement.verdict in ("incomplete", "nothing was tested")


def test_a_run_that_was_done_says_so() -> None:
    request = Request(seed=1, sequences=3, graphs=(("tree", 1),), jobs=1)
    assessment = assess(request, lambda _text: None, Unwatched())
    assert (assessment.ending.why, assessment.exit_code) == ("done", 0)
    assert assessment.record.methods["sampled"].covered == 3
    assert assessment.result_of("SAVE-11").rule.id == "SAVE-11"
    with pytest.raises(KeyError):
        assessment.result_of("NOBODY-1")


# --- the same for any number of workers ------------------------------------------------


def test_a_seed_and_a_number_of_sequences_give_one_report_under_any_number_of_jobs(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = []
    for jobs in ("1", "2", "2", "3"):
        folder = tmp_path / f"run-{len(reports)}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        code, report = checked(
            Path("out"), f"{module}:WrongDriver", "--graph", "tree=2", "--sequences", "150", "--jobs", jobs
        )
        assert code == 1
        assert report["jobs"] == int(jobs)
        del report["jobs"], report["seconds"], report["counts"]["driver_seconds"]
        traces = {path.name: path.read_bytes() for path in Path("out/traces").iterdir()}
        reports.append((json.dumps(report), traces))
    assert len(json.loads(reports[0][0])["deviations"]) >= 3
    assert reports[1:] == reports[:1] * 3


def test_a_number_of_sequences_ends_with_the_budget_if_that_is_less() -> None:
    request = Request(seed=1, sequences=1_000_000, budget=1.0, graphs=(("tree", 1),), jobs=1)
    assessment = assess(request, lambda _text: None, Unwatched())
    assert assessment.ending.why == "budget"
    # How many are done in a second is a matter of the host.
    assert assessment.record.methods["sampled"].sequences < 1_000_000


# --- a method is one class --------------------------------------------------------------


@dataclass(frozen=True)
class _One:
    part: str
    name: str


class Hello(Method[_One]):
    """As small as a method can be: two snapshots, one unit each."""

    name: ClassVar[str] = "hello"
    noun: ClassVar[str] = "greeting"

    def parts(self, _profile: Profile, _bounds: Bounds) -> Sequence[Part]:
        return [Part("hello", "two greetings", 2)]

    def units(self, _profile: Profile, _bounds: Bounds) -> Iterator[_One]:
        yield from (_One("hello", name) for name in ("hello", "world"))

    def perform(self, driver: Driver, unit: _One, ledger: Ledger) -> Iterator[Run]:
        done = run_sequence(
            driver, [ops.Create(unit.name), ops.Describe("s1", "friendly")], tally=ledger.tally
        )
        ledger.counts.covered += not done.differences
        ledger.counts.deviated += bool(done.differences)
        if done.differences:
            yield done


class Mute(SimulatedDomain):
    def describe(self, snapshot: str, description: str) -> None:
        """Nothing is described."""


def test_a_new_method_is_one_class() -> None:
    driver = SimulatorDriver(DriverOptions())
    record = run_methods(InProcess.on(driver), load_profile("rfc"), Bounds(), methods=[Hello()])
    assert (record.methods["hello"].covered, record.complete) == (2, True)
    driver.domain_class = Mute
    record = run_methods(InProcess.on(driver), driver.profile, Bounds(), methods=[Hello(), Examples()])
    assert record.methods["hello"].deviated == 2
    # One sign, one deviation: it is found by whichever method comes first.
    assert {found.method for found in record.deviations.values()} >= {"hello"}
    assert {found.operation.call for found in record.deviations.values()} == {"describe"}
