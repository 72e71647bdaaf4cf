"""again: old content that comes back under a name, uuid or disk id that is used again is caught."""

from __future__ import annotations

from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.methods.again import Again, again_sequences
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.sweep import sweep, sweep_of
from snaptree.conformance.sequences.running import Run
from snaptree.spec import operations as ops
from snaptree.spec.domains.history import NO_HISTORY
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.table import classes_of
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, NoSuchSnapshot
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import blank_domain

RFC = load_profile("rfc")


def performed(domain_class: type[SimulatedDomain]) -> tuple[Ledger, list[Run]]:
    driver, method, ledger = SimulatorDriver(), Again(), Ledger()
    driver.domain_class = domain_class
    runs = [run for unit in method.units(RFC, Bounds()) for run in method.perform(driver, unit, ledger)]
    return ledger, runs


def classes_in(sequences: tuple[tuple[Operation, ...], ...], profile: Profile) -> set[str]:
    """The classes of names, uuids and disks of all creates and attaches."""
    found: set[str] = set()
    for sequence in sequences:
        domain, history = blank_domain(DEFAULT_DISKS), NO_HISTORY
        for operation in sequence:
            outcome = step(domain, operation, profile)
            if operation.op in ("create", "attach_disk"):
                assert isinstance(outcome, Accepted), operation
                found.update(classes_of(operation, Situation(domain, profile, history)) or ())
            if isinstance(outcome, Accepted):
                history = history.after(domain, operation, outcome.domain)
                domain = outcome.domain
    return found


def test_every_way_of_becoming_free_is_followed_by_a_use() -> None:
    ways = {
        "merged into children", "merged into parent", "discarded", "forced", "in a subtree", "reclaimed",
        "renamed away",
    }  # fmt: skip
    found = classes_in(again_sequences(RFC), RFC)
    assert {f"borne before: {way}" for way in ways} <= found
    assert {"of a retired snapshot", "detached, held by none", "detached, held by a point"} <= found
    replacing = varied("rfc", ["names.policy=replace"])
    assert any(
        [one.name for one in sequence if isinstance(one, ops.Create)].count("again") == 2
        and not {"rename", "discard", "retire"} & {one.op for one in sequence}
        for sequence in again_sequences(replacing)
    )


@pytest.mark.parametrize("name", ["qemu", "virtualbox", "libvirt-qemu-external", "esx"])
def test_only_claimed_calls_are_made(name: str) -> None:
    profile = load_profile(name)
    assert again_sequences(profile)
    for sequence in again_sequences(profile):
        assert all(profile.claims(operation.call) for operation in sequence)


def test_the_simulator_reads_every_snapshot_as_specified() -> None:
    ledger, runs = performed(SimulatedDomain)
    assert runs == []
    assert ledger.counts.covered == len(again_sequences(RFC)) > 50
    assert ledger.tally.steps < 3000, "a slow driver pays for each"


class StoredByName(SimulatedDomain):
    """Content is stored under the name at creation: a name that is used again reads what was stored first."""

    def create(self, name: str, *given: Any, **named: Any) -> str:
        stored = self.__dict__.setdefault("stored", {})
        created = super().create(name, *given, **named)
        node = self.nodes[created]
        stored[created] = name
        first = next(one for one, under in stored.items() if under == name)
        if first != created and first in self.nodes:
            self.__dict__.setdefault("aliases", {})[created] = first
        assert node.name == name
        return created

    def revert(self, snapshot: str, *given: Any, **named: Any) -> Any:
        meant = self.__dict__.get("aliases", {}).get(snapshot, snapshot)
        answer = super().revert(meant if meant in self.nodes else snapshot, *given, **named)
        if meant != snapshot and meant in self.nodes:
            self.at = self.nodes[snapshot]
        return answer


def test_storage_that_is_keyed_by_the_name_at_creation_is_caught() -> None:
    _, runs = performed(StoredByName)
    assert runs
    shortest = min(runs, key=lambda run: len(run.steps))
    tree = [one.operation.op for one in shortest.steps if one.operation.op in ("create", "rename", "revert")]
    assert tree[:3] == ["create", "rename", "create"]


class DiskRemembered(SimulatedDomain):
    """A disk that is attached again reads what it held when it was detached."""

    def detach_disk(self, disk: str) -> Any:
        seen: Any = self.observe()["active"].get("disks", {}).get(disk)
        self.__dict__.setdefault("kept", {})[disk] = seen
        return super().detach_disk(disk)

    def attach_disk(self, disk: str, size: int, independent: bool = False) -> Any:
        answer = super().attach_disk(disk, size, independent)
        kept = self.__dict__.get("kept", {}).get(disk)
        for block, value in (kept or {}).get("blocks", {}).items():
            self.write_disk(disk, int(block), value)
        return answer


def test_a_disk_id_that_brings_its_old_content_back_is_caught() -> None:
    _, runs = performed(DiskRemembered)
    assert {run.steps[-1].operation.op for run in runs} == {"attach_disk"}


def test_a_sweep_asks_for_what_is_there_and_what_was() -> None:
    driver = SimulatorDriver()
    steps: list[StepResult] = []
    lockstep = Lockstep(driver.open(), driver.profile)
    for operation in (ops.Create("a"), ops.Create("b"), ops.Rename("s1", "c"), ops.MergeIntoChildren("s2")):
        lockstep.do(operation)
    asked = {*sweep_of(lockstep.model, lockstep.history, driver.profile)}
    assert {ops.LookupByName(name) for name in "abc"} <= asked
    assert {ops.Parent("s2"), ops.Children("s2"), ops.LookupById("s2"), ops.LookupById("s1")} <= asked
    sweep(lockstep, steps)
    assert steps == [], "right answers are no steps of the sequence"


def test_a_sweep_finds_a_look_up_that_answers_for_what_is_gone() -> None:
    class Stale(SimulatedDomain):
        def lookup_by_name(self, name: str) -> str:
            try:
                return super().lookup_by_name(name)
            except NoSuchSnapshot:
                if name != "b":
                    raise
                return next(iter(self.nodes))

    driver = SimulatorDriver()
    driver.domain_class = Stale
    steps: list[StepResult] = []
    lockstep = Lockstep(driver.open(), driver.profile)
    for operation in (ops.Create("a"), ops.Create("b"), ops.MergeIntoChildren("s2")):
        assert lockstep.do(operation).differences == ()
    sweep(lockstep, steps)
    assert [one.operation for one in steps] == [ops.LookupByName("b")]
    assert steps[-1].differences
