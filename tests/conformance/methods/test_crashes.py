"""Kills at every moment: qemu and the simulator come through, and a fault is found where it is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from snaptree.conformance.driver import Driver, DriverOptions, DriverUnavailable, Killed
from snaptree.conformance.drivers.qemu import QemuDriver
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import deviation_of, kind_of
from snaptree.conformance.methods import explorer as module
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.crashes import Crashes
from snaptree.conformance.methods.explorer import Share, transitions, why_not_explored
from snaptree.conformance.methods.failures import Failures
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.reports.basis import basis_of
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.prepare import _require_crashes
from snaptree.conformance.running.request import BadBound, parse_crashes
from snaptree.conformance.running.worker import Facts
from snaptree.conformance.running.workers import InProcess
from snaptree.conformance.sequences.running import Run
from snaptree.spec.vocabulary import pairs

from ..drivers.hypervisors import skip_without
from ..storage.fuse import need_fuse

SMALL = Bounds(crash_scopes=(("tree", 1),))


def performed(driver: Driver, bounds: Bounds = SMALL, *, only: int | None = None) -> tuple[list[Run], Ledger]:
    """What the method finds; ``only`` the unit of this number."""
    method, ledger = Crashes(), Ledger()
    units = list(method.units(driver.profile, bounds))
    chosen = units if only is None else units[only : only + 1]
    return [run for unit in chosen for run in method.perform(driver, unit, ledger)], ledger


def told(ledger: Ledger, part: str) -> int:
    """How many moments told of a part."""
    bits = pairs(part, "domain")
    return sum(times for (_, _, seen, _), times in ledger.tally.coverage.items() if seen & bits)


@pytest.mark.rule("DURABLE-1", "DURABLE-3")
def test_the_simulator_comes_through_every_moment_of_two_snapshots() -> None:
    found, ledger = performed(SimulatorDriver(), Bounds(crash_scopes=(("tree", 2), ("storage", 1))))
    assert found == []
    assert ledger.counts.missed == 0
    assert ledger.tally.moments == ledger.tally.recovered > 600
    assert told(ledger, "recovery") + told(ledger, "survival") == ledger.tally.moments


class NeverRecovers(SimulatedDomain):
    """Leaves what a kill left."""

    def recover(self) -> None:
        """Nothing."""
        self.journal.commit()


class BreaksLater(SimulatedDomain):
    """Looks right after a recovery, and loses the next write."""

    recovered = False

    def recover(self) -> None:
        """As it has to be, with damage that no look shows."""
        super().recover()
        self.recovered = True

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Written somewhere else."""
        super().write_disk(disk, block + self.recovered, value)


class Forgets(SimulatedDomain):
    """Undoes a call that has returned."""

    def recover(self) -> None:
        """Undo too much."""
        super().recover()
        if self.nodes:
            node = next(reversed(self.nodes.values()))
            del self.nodes[node.key]
            self.at = node.over


@pytest.mark.parametrize(
    ("domain", "rule", "kind"),
    [
        (NeverRecovers, "DURABLE-3", "recovery: neither state"),
        (BreaksLater, "DURABLE-3", "recovery: broken by a write"),
        (Forgets, "DURABLE-1", "survival: another state"),
    ],
)
def test_a_fault_is_found_and_named(domain: type[SimulatedDomain], rule: str, kind: str) -> None:
    driver = SimulatorDriver()
    driver.domain_class = domain
    found, _ = performed(driver)
    named = [deviation_of(run, driver.profile, "crashes", flaky=False) for run in found]
    assert (rule, kind) in {(one.rule, kind_of(one.differences[0])) for one in named}
    assert all("killed" in one.observed for one in named)


def test_a_call_that_was_killed_in_the_simulator_is_undone_wholly() -> None:
    """A create freezes the layers that it takes; after an undo they are written to again."""
    for change in range(3):
        domain = SimulatorDriver().open()
        domain.write_disk("vda", 0, 1)
        domain.interrupt_at(change)
        with pytest.raises(Killed):
            domain.create("a")
        domain.recover()
        domain.write_disk("vda", 0, 2)
        assert domain.observe()["active"]["disks"]["vda"]["blocks"] == {"0": 2}


@pytest.mark.rule("DURABLE-1", "DURABLE-3", "RECLAIM-1")
def test_qemu_comes_through_every_effect(tmp_path: Any) -> None:
    need_fuse()
    try:
        driver = QemuDriver(DriverOptions(work=tmp_path))
    except DriverUnavailable as error:
        skip_without("qemu", error)
    try:
        found, ledger = performed(driver, only=3)
        assert found == []
        assert ledger.counts.covered > 0
        assert ledger.counts.missed == 0
        assert ledger.tally.moments > 10
        assert ledger.tally.recovered < ledger.tally.moments / 2
        assert told(ledger, "leftover") > 0
    finally:
        driver.close()


def test_what_cannot_be_killed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(SimulatorDriver):
        interrupts = False

    class Reopens(SimulatorDriver):
        volatile = ()

        def reopen(self, folder: Any) -> Any:
            raise NotImplementedError

    monkeypatch.setattr(module, "why_not", lambda: "no FUSE here")
    assert why_not_explored(SimulatorDriver()) == ""
    assert why_not_explored(Plain()) == "the driver cannot open a domain again from a folder"
    assert why_not_explored(Reopens()) == "no FUSE here"


def test_the_units_are_the_same_for_any_number_of_workers() -> None:
    profile = SimulatorDriver().profile
    method = Crashes()
    (part,) = method.parts(profile, SMALL)
    units: list[Share] = list(method.units(profile, SMALL))
    every = transitions(profile, 1, "tree")
    assert part.total == len(every)
    assert {unit.part for unit in units} == {part.key}
    ends = [(one.number + 1) * len(every) // one.every for one in units]
    assert ends[-1] == len(every)


def test_graphs_to_kill_are_those_of_a_domain_that_is_off() -> None:
    assert parse_crashes(None) is None
    assert parse_crashes(["none"]) == ()
    assert parse_crashes(["tree=2", "storage=1"]) == (("tree", 2), ("storage", 1))
    with pytest.raises(BadBound, match="'memory' is no graph whose calls are killed; they are tree, storage"):
        parse_crashes(["memory=1"])


class SwallowsErrors(SimulatedDomain):
    """Says that a call succeeded that failed."""

    def rename(self, snapshot: str, name: str) -> None:
        """As it should be, but for errors."""
        with suppress(OSError):
            super().rename(snapshot, name)

    def discard(self, snapshot: str) -> None:
        """As it should be, but for errors."""
        with suppress(OSError):
            super().discard(snapshot)


def failing(driver: Driver, bound: int) -> tuple[list[Run], Ledger]:
    """What the method finds."""
    method, ledger = Failures(), Ledger()
    units = method.units(driver.profile, Bounds(failure_scopes=(("tree", bound),)))
    return [run for unit in units for run in method.perform(driver, unit, ledger)], ledger


@pytest.mark.rule("DURABLE-2")
def test_the_simulator_undoes_every_call_that_fails() -> None:
    found, ledger = failing(SimulatorDriver(), 1)
    assert found == []
    assert ledger.counts.missed == 0
    assert told(ledger, "failure") == ledger.tally.moments > 30


def test_an_error_that_is_swallowed_is_found() -> None:
    driver = SimulatorDriver()
    driver.domain_class = SwallowsErrors
    found, _ = failing(driver, 2)
    named = [deviation_of(run, driver.profile, "failures", flaky=False) for run in found]
    assert {(one.rule, one.operation.call) for one in named} == {("DURABLE-2", "discard")}
    assert all(one.observed.endswith("the call returned)") for one in named)
    assert all(one.expected == ("the state after discard",) for one in named)


def test_the_basis_of_a_verdict_says_what_was_killed_or_why_nothing_was() -> None:
    driver = SimulatorDriver()
    record = run_methods(InProcess.on(driver), driver.profile, SMALL, methods=[Crashes()])
    said = " ".join(basis_of(record, driver.profile))
    assert "a kill at every moment; tree, 1 snapshot: " in said
    assert "no crash" not in said
    silent = run_methods(InProcess.on(driver), driver.profile, Bounds(uncrashed="no /dev/fuse"), methods=[])
    assert "no crash: no /dev/fuse" in basis_of(silent, driver.profile)


def test_where_crashes_are_required_their_absence_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SNAPTREE_REQUIRE", raising=False)
    facts = Facts("d", "1", SimulatorDriver().profile, "ordinary", "no /dev/fuse", recovers=True)
    _require_crashes(facts)
    monkeypatch.setenv("SNAPTREE_REQUIRE", "qemu,crash")
    with pytest.raises(DriverUnavailable, match=r"SNAPTREE_REQUIRE names crash: .*no /dev/fuse"):
        _require_crashes(facts)
    _require_crashes(replace(facts, recovers=False))
    _require_crashes(replace(facts, uncrashed=""))
