"""Other looks: what heals, harms or changes when it is looked at is a deviation of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from snaptree.conformance.cli.command import run as command
from snaptree.conformance.driver import DEFAULT_DISKS, Driver, DriverOptions
from snaptree.conformance.drivers.qemu import QemuDriver
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import Deviation, examine, rules_broken
from snaptree.conformance.methods.bounds import LOOKS, Bounds, LooksAsked
from snaptree.conformance.methods.graph import graph_of
from snaptree.conformance.methods.histories import AllHistories, tuples
from snaptree.conformance.methods.looks import OtherLooks
from snaptree.conformance.methods.method import Counts, Ledger
from snaptree.conformance.mutants import MUTANTS, Mutant, MutantDriver, options_for
from snaptree.conformance.mutants.confusing import RevertToOlderTwin
from snaptree.conformance.mutants.looking import (
    BusyAfterLook,
    ForgetsCurrent,
    SettlesWhenLookedAt,
    SpoiltByLook,
)
from snaptree.conformance.running.request import BadBound, parse_looks
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.conformance.sequences.traces import Header, read_trace, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.profiles import load_profile

from ..drivers.hypervisors import skip_without

RFC = load_profile("rfc")


def on_simulator(*kinds: type) -> SimulatorDriver:
    driver = SimulatorDriver()
    driver.domain_class = type("Faulty", (*kinds, SimulatedDomain), {})
    return driver


def runs(driver: Driver, *looks: LooksAsked, ledger: Ledger | None = None, bound: int = 2) -> Iterator[Run]:
    method, bounds = OtherLooks(), Bounds(looks=looks, history_scopes=(("tree", bound),))
    for unit in method.units(driver.profile, bounds):
        yield from method.perform(driver, unit, ledger or Ledger())


def found(driver: Driver, *looks: LooksAsked) -> Deviation:
    return examine(driver, next(runs(driver, *looks)), "looks")


def test_the_simulator_passes_with_any_looks() -> None:
    ledger = Ledger()
    assert list(runs(SimulatorDriver(), *LOOKS, ledger=ledger)) == []
    paths = len(tuples(RFC, 2, "tree", 1, moving=True)) + graph_of(RFC, 2, "tree").transitions
    assert ledger.counts == Counts(covered=paths)


def test_the_first_of_two_calls_without_a_look_changes_the_state() -> None:
    graph = graph_of(RFC, 2, "tree")
    every, moving = tuples(RFC, 2, "tree", 1), tuples(RFC, 2, "tree", 1, moving=True)
    assert moving == [(state, way) for state, way in every if graph.edges[state][way[0]] != state]
    assert (len(every), len(moving)) == (869, 539)


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.correct], ids=lambda one: one.name)
def test_a_hypervisor_that_is_only_different_is_not_blamed_for_its_looks(mutant: Mutant) -> None:
    driver = MutantDriver(options_for(mutant))
    assert list(runs(driver, *LOOKS, bound=1)) == []


@pytest.mark.rule("LOOK-2")
def test_what_a_look_heals_is_found_where_no_look_is_made() -> None:
    driver = on_simulator(SettlesWhenLookedAt)
    deviation = found(driver, "none")
    assert deviation.rules == ("LOOK-2",)
    assert not deviation.flaky
    assert [one.call for one in deviation.sequence][-2:] == ["merge_into_children", "create"]
    assert deviation.run.looks == "both ways"
    # With a look after every call there is nothing to see.
    assert run_sequence(driver, deviation.sequence).differences == ()
    assert list(runs(driver, "two")) == []


@pytest.mark.rule("LOOK-1")
@pytest.mark.parametrize("kind", [ForgetsCurrent, SpoiltByLook])
def test_what_a_look_changes_is_found_by_the_second_one(kind: type) -> None:
    deviation = found(on_simulator(kind), "two")
    assert deviation.rules == ("LOOK-1",)
    assert not deviation.flaky
    assert deviation.run.looks == "two"
    assert "what the first look showed: all that is specified" in deviation.expected[0]


@pytest.mark.rule("LOOK-2")
def test_what_a_look_harms_later_is_found_where_both_are_compared() -> None:
    driver, bounds = on_simulator(BusyAfterLook), Bounds(history=1, history_scopes=(("tree", 2),))
    method = AllHistories()
    every = (run for unit in method.units(RFC, bounds) for run in method.perform(driver, unit, Ledger()))
    deviation = examine(driver, next(every), "histories")
    assert deviation.rules == ("LOOK-2",)
    assert not deviation.flaky
    assert deviation.observed.startswith("with a look after each call: outcome of")


def test_what_goes_wrong_with_any_looks_breaks_its_own_rule() -> None:
    driver = on_simulator(*RevertToOlderTwin.__bases__[:1])
    for looks in LOOKS:
        run = next(runs(driver, looks))
        rules = rules_broken(run.steps[-1], run.differences, RFC)
        assert rules[0].startswith("REVERT-"), looks


class Fickle(SimulatedDomain):
    """Wrong in the first look of two, and right in the second."""

    looked = 0

    def observe(self) -> Any:
        self.looked += 1
        seen = super().observe()
        wrong = self.looked % 2 == 1 and seen["snapshots"]
        return {**seen, "current": None} if wrong else seen


def test_a_second_look_that_is_right_after_a_wrong_one_breaks_the_rule_of_looks() -> None:
    driver = SimulatorDriver()
    driver.domain_class = Fickle
    run = run_sequence(driver, [ops.Create("a")], looks="two")
    assert [one.part for one in run.differences] == ["second look"]
    assert run.differences[0].observed == "all that is specified"


@pytest.mark.parametrize(
    ("text", "looks"),
    [("one", ()), ("none", ("none",)), ("two,none", ("none", "two")), ("one,two", ("two",))],
)
def test_looks_are_words_joined_by_commas(text: str, looks: tuple[str, ...]) -> None:
    assert parse_looks(text) == looks


@pytest.mark.parametrize("text", ["", "three", "none,", "none two"])
def test_another_word_is_no_number_of_looks(text: str) -> None:
    with pytest.raises(BadBound, match="write one, none, two"):
        parse_looks(text)


MINE: Final = """
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.mutants.looking import SecondLookDiffers, SettlesWhenSeen

class Settling(SimulatorDriver):
    domain_class = SettlesWhenSeen

class Forgetting(SimulatorDriver):
    domain_class = SecondLookDiffers
"""


@pytest.mark.parametrize(("driver", "kind", "looks"), [
    ("mine:Settling", SettlesWhenLookedAt, "none"), ("mine:Forgetting", ForgetsCurrent, "two"),
])  # fmt: skip
def test_a_replay_looks_as_often_as_the_recording(
    driver: str, kind: type, looks: LooksAsked,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    deviation = found(on_simulator(kind), looks)
    trace, run = tmp_path / "seen.jsonl", deviation.run
    write_trace(trace, Header.of("mine", "1", RFC, disks=dict(DEFAULT_DISKS), looks=run.looks), run.steps)
    assert read_trace(trace).header.looks == run.looks
    assert command(["replay", str(trace), "--driver", driver]) == 1
    assert deviation.rule in capsys.readouterr().out
    assert command(["replay", str(trace), "--driver", "simulator"]) == 0


def test_a_run_tours_with_other_looks_where_it_is_asked_to(tmp_path: Path) -> None:
    asked = ["--graph", "tree=1", "--looks", "none,two", "--history", "0", "--sequences", "0"]
    assert command(["check", *asked, "--in-process", "--out", str(tmp_path)]) == 0
    methods = json.loads((tmp_path / "report.json").read_text())["methods"]
    rows = [one for one in methods if one["method"] == "looks"]
    assert [(one["title"], one["covered"]) for one in rows] == [
        ("no look between two calls; tree, 1 snapshot", len(tuples(RFC, 1, "tree", 1, moving=True))),
        ("two looks after each call; tree, 1 snapshot", graph_of(RFC, 1, "tree").transitions),
    ]


AT_NIGHT: Final[list[tuple[type, LooksAsked]]] = [(SettlesWhenLookedAt, "none")]
OVER_QEMU: Final[list[tuple[type, LooksAsked]]] = [
    (ForgetsCurrent, "two"),
    (SpoiltByLook, "two"),
    *(AT_NIGHT if "SNAPTREE_CONFUSED" in os.environ else []),
]
"""`make nightly` tries all."""


@pytest.mark.parametrize(("kind", "looks"), OVER_QEMU)
def test_it_is_found_over_qemu_as_well(kind: type, looks: LooksAsked) -> None:
    if shutil.which("qemu-img") is None:
        skip_without("qemu", "qemu-img and qemu-io are not installed (apt-get install qemu-utils)")

    class Faulty(QemuDriver):
        domain_class: Any = type("OnQemu", (kind, QemuDomain), {})

    driver = Faulty(DriverOptions())
    try:
        run = next(runs(driver, looks))
        assert run.differences[0].part == ("second look" if looks == "two" else "other looks")
    finally:
        driver.close()
