"""held: a call stopped inside, where others meet it; faults are found, the correct not blamed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.qemu import QemuDriver
from snaptree.conformance.drivers.qemu.storage import Storage
from snaptree.conformance.drivers.remote import RemoteDriver
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Cell
from snaptree.conformance.judging.deviations import Deviation, deviation_of
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.held import Held, scenes
from snaptree.conformance.methods.meeting import why_not_held
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.driver import MutantDriver, options_for
from snaptree.conformance.mutants.meeting import (
    BusyForLooks,
    ShowsTheLastVersion,
    TriesAgain,
    WaitsForItsTurn,
)
from snaptree.conformance.reports.meetings import rows_of
from snaptree.conformance.running.request import BadBound, parse_callers
from snaptree.spec.profiles import Concurrency, load_profile
from snaptree.spec.vocabulary import pairs

from ..drivers.hypervisors import skip_without

ASKED = Bounds(held=True)
RFC = load_profile("rfc")


def found_in(driver: Any, *calls: str) -> tuple[list[Deviation], Ledger]:
    """What is found where these calls are held, every call if none is named."""
    method, ledger = Held(), Ledger()
    found: list[Deviation] = []
    for unit, scene in zip(method.units(driver.profile, ASKED), scenes(driver.profile), strict=True):
        if not calls or scene.held.call in calls:
            runs = method.perform(driver, unit, ledger)
            found += [deviation_of(run, driver.profile, method.name, flaky=False) for run in runs]
    return found, ledger


def told(ledger: Ledger, part: str) -> int:
    """How often a part was compared and held."""
    bits = pairs(part, "domain")
    return sum(times for (_, _, seen, _), times in ledger.tally.coverage.items() if seen & bits)


@pytest.mark.rule("CONCUR-1", "CONCUR-2", "CONCUR-3", "CONCUR-4")
def test_the_simulator_comes_through_and_every_rule_is_counted() -> None:
    found, ledger = found_in(SimulatorDriver(), "discard", "describe", "start")
    assert found == []
    assert (ledger.counts.covered, ledger.counts.missed) == (3, 0)
    assert all(told(ledger, part) > 0 for part in ("overlap", "patience", "progress", "sight"))
    assert ledger.tally.meetings > 3


def test_the_table_is_the_same_in_every_run() -> None:
    (_, first), (_, second) = (found_in(SimulatorDriver(), "describe") for _ in range(2))
    assert list(rows_of(first.tally)) == list(rows_of(second.tally)) != []
    assert first.tally.cells[Cell("describe", "create", "Busy")] > 0
    assert first.tally.cells[Cell("describe", "list", "waited")] > 0


@pytest.mark.parametrize("name", [one.name for one in MUTANTS if one.found_by == "held"])
def test_a_fault_among_callers_is_found_and_named(name: str) -> None:
    mutant = next(one for one in MUTANTS if one.name == name)
    driver = MutantDriver(options_for(mutant))
    method = Held()
    units = method.units(driver.profile, ASKED)
    runs = (run for unit in units for run in method.perform(driver, unit, Ledger()))
    found = (deviation_of(run, driver.profile, method.name, flaky=False) for run in islice(runs, 60))
    caught = next((one for one in found if one.rule in mutant.caught_by), None)
    assert caught is not None
    assert "was held before change" in caught.observed


@pytest.mark.parametrize("domain", [WaitsForItsTurn, TriesAgain, BusyForLooks, ShowsTheLastVersion])
def test_a_correct_hypervisor_of_another_kind_is_not_blamed(
    domain: type[SimulatedDomain],
) -> None:
    driver = SimulatorDriver()
    driver.domain_class = domain
    found, ledger = found_in(driver, "describe", "discard")
    assert found == []
    assert ledger.counts.covered == 2


def test_only_calls_that_are_one_call_of_the_hypervisor_take_part() -> None:
    profile = replace(RFC, name="rfc with two", concurrency=Concurrency(("list", "create", "revert")))
    assert [scene.held.call for scene in scenes(profile)] == ["create", "revert"]
    assert {look.call for scene in scenes(profile) for look in scene.looks} == {"list"}
    assert {one.call for scene in scenes(profile) for one in scene.changes} == {"create", "revert"}


def qemu() -> QemuDriver:
    """The driver; the test is skipped where its tools are missing."""
    try:
        return QemuDriver(DriverOptions())
    except DriverUnavailable as error:
        skip_without("qemu", error)


@pytest.mark.rule("CONCUR-1", "CONCUR-2", "CONCUR-3", "CONCUR-4")
def test_qemu_shows_the_state_before_or_after_a_call_that_is_held() -> None:
    driver = qemu()
    try:
        found, ledger = found_in(driver, "create", "discard")
    finally:
        driver.close()
    assert found == []
    assert (ledger.counts.covered, ledger.counts.missed) == (2, 0)
    assert all(told(ledger, part) > 0 for part in ("overlap", "patience", "progress", "sight"))
    assert ledger.tally.cells[Cell("create", "list", "before")] > 0
    assert ledger.tally.cells[Cell("create", "list", "after")] > 0
    assert ledger.tally.cells[Cell("create", "create", "Busy")] > 0


@contextmanager
def _reading_its_own(storage: Storage) -> Iterator[None]:
    """Keeps the tree for each caller, as if there were no other one."""
    with storage._sharing.images:
        storage.settle()
        yield


def test_a_tree_that_each_caller_keeps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Storage, "reading", _reading_its_own)
    monkeypatch.setattr(Storage, "committed", lambda storage: storage.tree)
    driver = qemu()
    try:
        found, _ = found_in(driver, "describe")
    finally:
        driver.close()
    assert found != []
    assert {one.rule for one in found} <= {"CONCUR-1", "CONCUR-3"}


def test_callers_of_one_domain_of_qemu_make_different_snapshots() -> None:
    driver = qemu()
    try:
        domain = driver.open()
        other = domain.attach()
        made = [domain.create("a"), other.create("b"), domain.create("c")]
        other.rename(made[0], "first")
        assert domain.list() == other.list() == made
        assert domain.lookup_by_name("first") == made[0]
        other.close()
        domain.write_disk("vda", 1, 9)
        assert domain.observe()["active"]["disks"]["vda"]["blocks"] == {"1": 9}
        domain.close()
    finally:
        driver.close()


class _Alone(SimulatedDomain):
    """Has one caller."""

    attach: Any = None


class _NeverHeld(SimulatedDomain):
    """Has callers, and no gate."""

    hold_at: Any = None


@pytest.mark.parametrize(
    ("domain", "profile", "why"),
    [
        (SimulatedDomain, "rfc", ""),
        (_Alone, "rfc", "the driver has no second caller"),
        (_NeverHeld, "rfc", "no call of the driver can be held inside"),
        (SimulatedDomain, "qemu-internal", "the profile lists no call under [concurrency] single"),
    ],
)
def test_a_driver_whose_calls_cannot_be_held_says_why(
    domain: type[SimulatedDomain], profile: str, why: str
) -> None:
    driver = SimulatorDriver()
    driver.domain_class, driver.profile = domain, load_profile(profile)
    assert why_not_held(driver) == why


def test_no_thread_stays() -> None:
    before = threading.active_count()
    found_in(SimulatorDriver(), "describe")
    assert threading.active_count() == before


def test_ways_of_several_callers_are_read() -> None:
    assert parse_callers("held") == {"held": None}
    assert parse_callers("none") == {}
    assert parse_callers("held,together=30") == {"held": None, "together": 30}
    for wrong in ("several", "together=", "together=0", "together=x", "held=3", ""):
        with pytest.raises(BadBound, match="write none, held"):
            parse_callers(wrong)


def test_callers_in_another_process_meet_what_those_in_this_one_meet() -> None:
    _, here = found_in(SimulatorDriver(), "describe")
    served = RemoteDriver(DriverOptions("simulator"))
    try:
        found, there = found_in(served, "describe")
    finally:
        served.close()
    assert found == []
    # How long a call may take before it waits is a matter of time, whom it meets is not.
    met = [{(cell.held, cell.call) for cell in ledger.tally.cells} for ledger in (here, there)]
    assert met[0] == met[1] != set()
    assert there.counts.covered == here.counts.covered == 1
