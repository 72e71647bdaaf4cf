"""Runs a list of operations on a fresh domain, and shrinks a failing list.

Operations name snapshots by the model's ids, which count creations. Leaving out an operation changes the
numbers of later creations. A sequence that was run therefore records the id of each creation, and
references follow it. An operation whose snapshot is no longer created is left out too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from snaptree.conformance.driver import DEFAULT_DISKS, DomainFault, Driver, opened_domain
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.engine.own_calls import domain_fault_step
from snaptree.conformance.sequences.interruption import Interruption
from snaptree.conformance.sequences.start import Start
from snaptree.spec.operations import Operation, WriteBlocks, snapshots_of, with_ids
from snaptree.spec.outcomes import Accepted
from snaptree.spec.state import blank_domain

if TYPE_CHECKING:  # a history is written with the header of a trace, which says how a run was looked at
    from snaptree.conformance.sequences.history import Call

Looks = Literal["one", "none", "two", "both ways", "beside another"]
"""How often the state is looked at after each call: once, only after the last call, or twice. ``both ways``
are two runs, one with a look after each call and one with a look after the last only. With ``beside another``
a second domain of the driver makes each call first; the state is looked at after each call of both."""

BESIDE: Final = "beside another"


@dataclass(frozen=True)
class Run:
    """The result of a sequence: the steps taken, and the differences, if any.

    ``driver_ids`` maps the model's snapshot ids to the driver's. ``looks`` says how the state was looked at.
    ``interruption`` says where the last call was cut off, if it was.
    """

    steps: tuple[StepResult, ...]
    differences: tuple[Difference, ...]
    driver_ids: Mapping[str, str]
    persistent: bool = True
    looks: Looks = "one"
    interruption: Interruption | None = None
    history: tuple[Call, ...] = ()
    """The calls of several callers, where it was those that deviated."""

    @property
    def recorded(self) -> list[Recorded]:
        """The executed operations, each with the id that it created."""
        return [Recorded(taken.operation, created_by(taken)) for taken in self.steps]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An operation, and the id of the snapshot that it created in its first run."""

    operation: Operation
    created: str | None = None


def created_by(taken: StepResult) -> str | None:
    """The model's id of the snapshot that a step created, if it did."""
    if taken.operation.creates and isinstance(taken.outcome, Accepted):
        return str(taken.outcome.result)
    return None


def run_sequence(  # noqa: PLR0913 - what is played, on what, from where and how closely it is watched
    driver: Driver,
    operations: Iterable[Operation | Recorded],
    disks: Mapping[str, int] = DEFAULT_DISKS,
    *,
    persistent: bool = True,
    tally: Tally | None = None,
    finish: bool = True,
    watch: bool = True,
    start: Start | None = None,
    unwatched: int = 0,
    looks: Literal["one", "none", "two"] = "one",
) -> Run:
    """Carry out operations on a fresh domain until the first difference.

    ``watch`` looks at the whole state after each step; without, answers alone are compared.
    ``finish`` looks at the end at what can only be seen then; a recording has no more to show.
    ``start`` is the tree that the driver's domain already has. Of the first ``unwatched`` steps
    the answers alone are compared. ``looks`` is how often the state is looked at after each other step.
    """
    steps: list[StepResult] = []
    driver_ids: Mapping[str, str] = {}
    differences: tuple[Difference, ...] = ()
    try:
        with opened_domain(driver, disks, persistent=persistent) as domain:
            lockstep = Lockstep(domain, driver.profile, disks, persistent=persistent, tally=tally)
            if start is not None:
                lockstep.begin_at(start.domain, start.driver_ids, start.uuids)
            driver_ids = lockstep.identities.to_driver
            ids: dict[str, str] = {}
            recorded = [one if isinstance(one, Recorded) else Recorded(one) for one in operations]
            known = {one.created for one in recorded if one.created is not None}
            for place, one in enumerate(recorded, start=1):
                operation = one.operation
                if any(snapshot in known and snapshot not in ids for snapshot in snapshots_of(operation)):
                    continue  # a creation did not happen, or not yet
                operation = with_ids(operation, ids)
                look = watch and len(steps) >= unwatched and (looks != "none" or place == len(recorded))
                taken = lockstep.do(operation, look=look, twice=looks == "two")
                steps.append(taken)
                created = created_by(taken)
                if created is not None and one.created is not None:
                    ids[one.created] = created
                differences = taken.differences
                if differences:
                    break
            else:
                differences = lockstep.finish(steps) if finish else ()
    except DomainFault as fault:
        if not differences:
            # What the sequence itself showed comes first.
            before = steps[-1].after if steps else blank_domain(disks, persistent=persistent)
            steps.append(domain_fault_step(before, fault))
            differences = steps[-1].differences
    return Run(tuple(steps), differences, driver_ids, persistent, looks)


def smallest(
    sequence: Sequence[Recorded], still_fails: Callable[[Sequence[Recorded]], bool], *, most_runs: int = 200
) -> list[Recorded]:
    """A short sequence that still fails, found by leaving out ever smaller parts.

    The last operation, which showed the difference, is never left out. ``still_fails`` is called at most
    ``most_runs`` times.
    """
    kept = list(sequence)
    size = max(1, len(kept) // 2)
    runs = 0
    while size >= 1:
        start = 0
        shortened = False
        while start < len(kept) - 1 and runs < most_runs:
            end = min(start + size, len(kept) - 1)
            left = _without(kept, start, end)
            runs += 1
            if still_fails(left):
                kept = left
                shortened = True
            else:
                start = end
        if runs >= most_runs:
            break
        if size == 1 and not shortened:
            break
        # Half, rounded up: after three come two, for what only goes away in pairs.
        size = (size + 1) // 2 if size > 2 else 1
    return kept


def with_single_writes(sequence: Iterable[Recorded]) -> list[Recorded]:
    """The same sequence with one call for each block that is written."""
    return [
        Recorded(single, one.created)
        for one in sequence
        for single in (
            one.operation.single_writes() if isinstance(one.operation, WriteBlocks) else (one.operation,)
        )
    ]


def _without(sequence: list[Recorded], start: int, end: int) -> list[Recorded]:
    """The sequence without a part, and without operations on snapshots created in it."""
    lost = {one.created for one in sequence[start:end] if one.created is not None}
    rest = sequence[:start] + sequence[end:]
    return [one for one in rest if lost.isdisjoint(snapshots_of(one.operation))]
