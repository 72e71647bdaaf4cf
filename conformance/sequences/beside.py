"""A sequence on two domains of one driver: what one does must not show in the other.

The second domain is opened when the first one is there. It makes each call first, under the same names and
with other content, and is closed before the last look at the first one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS, DomainFault, Driver, opened_domain
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.engine.own_calls import domain_fault_step
from snaptree.conformance.sequences.running import BESIDE, Recorded, Run, created_by
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation, snapshots_of, with_ids

FURTHER: Final = 100
"""How far the values of the second domain are from those of the first."""

LAST: Final = ops.Count()
"""Is asked of the first domain when the second one is closed. A sequence that was recorded ends in it."""


class NoSecondDomain(Exception):
    """The driver has one domain at a time."""


def run_beside(
    driver: Driver,
    operations: Sequence[Operation | Recorded],
    disks: Mapping[str, int] = DEFAULT_DISKS,
    *,
    persistent: bool = True,
    tally: Tally | None = None,
) -> Run:
    """Carry out operations on two domains in turn until the first difference in one of them.

    The steps are those of the first domain. A difference in the second one is told of the same call.
    Raises NoSecondDomain.
    """
    steps: list[StepResult] = []
    if operations and _recorded(operations[-1]).operation == LAST:
        operations = operations[:-1]
    with ExitStack() as opened:
        domain = opened.enter_context(opened_domain(driver, disks, persistent=persistent))
        first = Lockstep(domain, driver.profile, disks, persistent=persistent, tally=tally)
        try:
            _play_both(driver, first, operations, disks, steps, persistent=persistent)
        except DomainFault as fault:
            steps.append(domain_fault_step(first.model, fault))
        if not steps or not steps[-1].differences:
            # The other one is closed now.
            steps.append(first.do(LAST))
        differences = steps[-1].differences or first.finish(steps)
        return Run(tuple(steps), differences, first.identities.to_driver, persistent, BESIDE)


def _play_both(
    driver: Driver,
    first: Lockstep,
    operations: Sequence[Operation | Recorded],
    disks: Mapping[str, int],
    steps: list[StepResult],
    *,
    persistent: bool,
) -> None:
    """Make each call on the second domain and then on the first, up to a difference; closes the second."""
    with ExitStack() as opened:
        try:
            other = opened.enter_context(opened_domain(driver, disks, persistent=persistent))
        except Exception as error:
            raise NoSecondDomain(str(error)) from error
        second = Lockstep(other, driver.profile, disks, persistent=persistent)
        ids: dict[str, str] = {}
        for one in _made(operations, ids):
            for lockstep in (second, first):
                operation = one.operation if lockstep is first else of_the_other(one.operation)
                taken = lockstep.do(operation)._replace(operation=one.operation)
                if taken.differences or lockstep is first:
                    steps.append(taken)
                if taken.differences:
                    return
            ids |= {} if one.created is None else {one.created: created_by(steps[-1]) or one.created}


def _made(operations: Sequence[Operation | Recorded], ids: Mapping[str, str]) -> Iterator[Recorded]:
    """The operations with the ids that their snapshots have now, without those on one that is not there."""
    recorded = [_recorded(one) for one in operations]
    known = {one.created for one in recorded if one.created is not None}
    for one in recorded:
        if all(snapshot not in known or snapshot in ids for snapshot in snapshots_of(one.operation)):
            yield replace(one, operation=with_ids(one.operation, ids))


def _recorded(one: Operation | Recorded) -> Recorded:
    return one if isinstance(one, Recorded) else Recorded(one)


def of_the_other(operation: Operation) -> Operation:
    """The operation with other content, under the same names."""
    if isinstance(operation, ops.WriteDisk | ops.WriteMemory):
        return replace(operation, value=1 + (operation.value + FURTHER) % 255)
    if isinstance(operation, ops.WriteBlocks):
        blocks = tuple((block, 1 + (value + FURTHER) % 255) for block, value in operation.blocks)
        return replace(operation, blocks=blocks)
    if isinstance(operation, ops.Configure) and operation.value:
        return replace(operation, value=f"{operation.value} of the other")
    return operation
