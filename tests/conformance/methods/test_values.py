"""values: each class is asked for on the driver, and faults that need one value or history are caught."""

from __future__ import annotations

from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.judging.deviations import rules_broken
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.values import CLASSES, Cells, Values
from snaptree.spec.domains.search import Cell, feasible_cells
from snaptree.spec.domains.table import DIMENSIONS
from snaptree.spec.outcomes import InvalidArgument, NoSuchSnapshot


def visited(driver: SimulatorDriver) -> tuple[Ledger, list[Any]]:
    """The counts of all visits to cells, and the runs that deviated."""
    ledger, method, runs = Ledger(), Values(), []
    for unit in method.units(driver.profile, Bounds()):
        if isinstance(unit, Cells):
            runs += [*method.perform(driver, unit, ledger)]
    return ledger, runs


def cells_in(ledger: Ledger) -> set[Cell]:
    found: set[Cell] = set()
    for call, answer, classes in ledger.tally.classes:
        row = list(zip(DIMENSIONS[call], classes, strict=True))[2:]
        found.update(Cell(call, one.name, name, answer) for one, name in row)
        if not row:
            found.add(Cell(call, "", "", answer))
    return found


@pytest.mark.parametrize("profile", ["rfc", "qemu", "libvirt-test"])
def test_every_feasible_class_is_met_with_each_of_its_answers(profile: str) -> None:
    driver = SimulatorDriver(DriverOptions(profile=profile))
    ledger, runs = visited(driver)
    cells = feasible_cells(driver.profile)
    assert runs == []
    assert set(cells) <= cells_in(ledger)
    assert (ledger.counts.covered, ledger.counts.missed) == (len(cells), 0)
    assert ledger.tally.steps < 2 * len(cells), "a slow driver pays for each"


def test_the_parts_say_how_much_there_is() -> None:
    profile = SimulatorDriver().profile
    parts = {part.key: part.total for part in Values().parts(profile, Bounds())}
    assert parts[CLASSES] == len(feasible_cells(profile))
    assert parts["names"] > 50


class FormerNames(SimulatedDomain):
    """A look-up answers for a name that its bearer has given up."""

    def rename(self, snapshot: str, name: str) -> Any:
        old = {node.name: node.key for node in self.nodes.values()}
        answer = super().rename(snapshot, name)
        self.__dict__.setdefault("former", {}).update(old)
        return answer

    def lookup_by_name(self, name: str) -> str:
        try:
            return super().lookup_by_name(name)
        except NoSuchSnapshot:
            found = self.__dict__.get("former", {}).get(name)
            if found is None or found not in self.nodes:
                raise
            return str(found)


class LongTextsCut(SimulatedDomain):
    """Descriptions end after 300 characters."""

    def create(self, name: str, description: str = "", *given: Any, **by_name: Any) -> str:
        return super().create(name, description[:300], *given, **by_name)


class UuidsOnce(SimulatedDomain):
    """A uuid is not given again after its snapshot was removed."""

    def create(self, *given: Any, uuid: str | None = None, **by_name: Any) -> str:
        used = self.__dict__.setdefault("used", set())
        if uuid is not None and uuid in used:
            raise InvalidArgument("that uuid was used before")
        created = super().create(*given, uuid=uuid, **by_name)
        used.add(uuid)
        return created


class GrownBlocksLost(SimulatedDomain):
    """What is written beyond the old end of a disk is lost."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        super().write_disk(disk, block, 0 if block >= 16 else value)


@pytest.mark.parametrize(
    ("faulty", "broken"),
    [
        (FormerNames, "REFUSE-4"),
        (LongTextsCut, "CREATE-9"),
        (UuidsOnce, "TREE-4"),
        (GrownBlocksLost, "ACTIVE-1"),
    ],
)
def test_a_fault_in_one_class_is_caught(faulty: type[SimulatedDomain], broken: str) -> None:
    driver = SimulatorDriver()
    driver.domain_class = faulty
    _, runs = visited(driver)
    rules = {one for run in runs for one in rules_broken(run.steps[-1], run.differences, driver.profile)}
    assert broken in rules


def test_a_wrong_answer_does_not_keep_the_rest_from_being_asked() -> None:
    """Of a call that is always answered wrongly each cell deviates; those of other calls are all covered."""

    class NeverDescribes(SimulatedDomain):
        def lookup_by_name(self, name: str) -> str:  # noqa: ARG002
            raise InvalidArgument("never")

    driver = SimulatorDriver()
    driver.domain_class = NeverDescribes
    ledger, runs = visited(driver)
    wrong = {cell for cell in feasible_cells(driver.profile) if cell.call == "lookup_by_name"}
    assert ledger.counts.deviated == len(wrong) == len(runs)
    assert set(feasible_cells(driver.profile)) - cells_in(ledger) == wrong
