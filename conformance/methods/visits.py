"""Visits to cells: the way to a situation on a fresh domain, and the operation that is wanted there.

Several cells share a domain: after one of them, whatever else is wanted can often be asked right where the
domain is. What the driver answers wrong is asked once, and the rest goes on, on another domain if the two
sides are not in the same state any more. A domain is left with a create and a revert: what a value harmed may
show no sooner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS, CallBarred, DomainFault, Driver, opened_domain
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.engine.own_calls import domain_fault_step
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.sequences.running import Run
from snaptree.spec import operations as ops
from snaptree.spec.domains.names import fresh_name
from snaptree.spec.domains.search import Cell, Menus, Shown, operation_in
from snaptree.spec.domains.situation import Situation
from snaptree.spec.operations import Operation
from snaptree.spec.state import blank_domain

LONGEST: Final = 30
"""Steps after which a domain is given up for a fresh one: a witness must stay readable."""

Wanted = tuple[Cell, Shown]


@dataclass
class Visits:
    """The cells that are still wanted, on one driver."""

    driver: Driver
    wanted: dict[Cell, Shown]
    ledger: Ledger

    @classmethod
    def of(cls, driver: Driver, wanted: Sequence[Wanted], ledger: Ledger) -> Visits:
        """Visits to the given cells."""
        return cls(driver, dict(wanted), ledger)

    def make(self) -> Iterator[Run]:
        """Visit every cell, until time is up; yields each run that deviated."""
        while self.wanted and not self.ledger.expired():
            before = len(self.wanted)
            cell, shown = next(iter(self.wanted.items()))
            yield from self._on_one_domain(shown)
            # A domain can be given up over others that came first; the cell then has another domain.
            if len(self.wanted) == before:
                del self.wanted[cell]
                self.ledger.counts.missed += 1

    def _on_one_domain(self, shown: Shown) -> Iterator[Run]:
        steps: list[StepResult] = []
        deviates = False
        try:
            with opened_domain(self.driver, persistent=shown.persistent) as domain:
                lockstep = Lockstep(
                    domain, self.driver.profile, persistent=shown.persistent, tally=self.ledger.tally
                )
                for run in self._in_step(lockstep, shown, steps):
                    deviates = True
                    yield run
        except DomainFault as fault:
            if not deviates:  # what the sequence itself showed comes first
                before = (
                    steps[-1].after if steps else blank_domain(DEFAULT_DISKS, persistent=shown.persistent)
                )
                last = domain_fault_step(before, fault)
                yield Run((*steps, last), last.differences, {}, shown.persistent)

    def _in_step(self, lockstep: Lockstep, shown: Shown, steps: list[StepResult]) -> Iterator[Run]:
        """The way, and then what is wanted wherever the domain is by then."""
        for operation in shown.way:
            yield from self._take(lockstep, operation, steps, shown)
            if not steps or steps[-1].operation is not operation:
                return  # it deviated, or is not made any more: the way leads elsewhere
        while len(steps) < LONGEST and lockstep.model.defined and not self.ledger.expired():
            found = self._wanted_here(lockstep, shown)
            if found is None:
                break
            cell, operation = found
            del self.wanted[cell]
            deviated = False
            for run in self._take(lockstep, operation, steps, shown):
                deviated = True
                yield run
            self.ledger.counts.deviated += deviated
            self.ledger.counts.covered += not deviated
            if lockstep.broken:
                return
        for operation in _afterwards(lockstep):
            yield from self._take(lockstep, operation, steps, shown)
            if lockstep.broken:
                return
        differences = lockstep.finish(steps)
        if differences:
            yield Run(tuple(steps), differences, dict(lockstep.identities.to_driver), shown.persistent)

    def _take(
        self, lockstep: Lockstep, operation: Operation, steps: list[StepResult], shown: Shown
    ) -> Iterator[Run]:
        """One step; a run if it deviated, and the step is then forgotten."""
        try:
            steps.append(lockstep.do(operation))
        except CallBarred:
            return
        if steps[-1].differences:
            yield Run(
                tuple(steps), steps[-1].differences, dict(lockstep.identities.to_driver), shown.persistent
            )
            steps.pop()

    def _wanted_here(self, lockstep: Lockstep, shown: Shown) -> tuple[Cell, Operation] | None:
        """A cell that can be visited in the present state, and how; first what changes nothing."""
        situation = Situation(lockstep.model, lockstep.profile, lockstep.history)
        menus = Menus(situation)
        later: tuple[Cell, Operation] | None = None
        for cell, one in self.wanted.items():
            if one.persistent != shown.persistent:
                continue
            operation = operation_in(cell, menus)
            if operation is None:
                continue
            if cell.answer == "refused" or operation.reads_only:
                return cell, operation
            later = later or (cell, operation)
        return later


def _afterwards(lockstep: Lockstep) -> Iterator[Operation]:
    """Another create, and a revert to the latest snapshot, as far as both are claimed."""
    if lockstep.model.defined and lockstep.profile.claims("create"):
        yield ops.Create(fresh_name(Situation(lockstep.model, lockstep.profile, lockstep.history)))
    listed = lockstep.model.in_order()
    if listed and lockstep.profile.claims("revert"):
        yield ops.Revert(listed[-1].id)
