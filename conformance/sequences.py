"""Running a list of operations on a fresh domain, and making a failing list small.

Operations name snapshots by the model's ids, which count creations. When an
operation is left out, later creations count differently; so a sequence that was
run remembers which id each creation had, and references follow it. An operation
whose snapshot is no longer created is left out as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from snaptree.conformance.differences import Difference
from snaptree.conformance.driver import DEFAULT_DISKS, Driver, DriverUnavailable
from snaptree.conformance.lockstep import Lockstep, Taken
from snaptree.conformance.tally import Tally
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted


@dataclass(frozen=True)
class Run:
    """What became of a sequence: the steps taken, and what differed, if anything.

    ``driver_ids`` maps the model's snapshot ids to the driver's.
    """

    steps: tuple[Taken, ...]
    differences: tuple[Difference, ...]
    driver_ids: Mapping[str, str]
    persistent: bool = True

    @property
    def recorded(self) -> list[Recorded]:
        """The operations that were carried out, each with the id that it created."""
        return [Recorded(taken.operation, _created(taken)) for taken in self.steps]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An operation, and the id of the snapshot that it created when it was first run."""

    operation: Operation
    created: str | None = None


def _created(taken: Taken) -> str | None:
    if taken.operation.creates and isinstance(taken.outcome, Accepted):
        return str(taken.outcome.result)
    return None


def open_domain(driver: Driver, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> Any:
    """A fresh domain. A driver whose profile has no transient domains need not know the word.

    Raises DriverUnavailable when the driver cannot open one: it cannot be judged then.
    """
    opener: Any = driver
    with _told("opened"):
        return opener.open(disks) if persistent else opener.open(disks, persistent=False)


@contextmanager
def opened_domain(
    driver: Driver, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True
) -> Iterator[Any]:
    """A fresh domain, closed afterwards. Raises DriverUnavailable when it cannot be opened or closed."""
    domain = open_domain(driver, disks, persistent=persistent)
    try:
        yield domain
    finally:
        with _told("closed"):
            domain.close()


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except DriverUnavailable:
        raise
    except (Exception, SystemExit) as error:
        text = f"a fresh domain could not be {what}: {type(error).__name__}: {error}"
        raise DriverUnavailable(text) from error


def run_sequence(
    driver: Driver,
    operations: Iterable[Operation | Recorded],
    disks: Mapping[str, int] = DEFAULT_DISKS,
    *,
    persistent: bool = True,
    tally: Tally | None = None,
    finish: bool = True,
    watch: bool = True,
) -> Run:
    """Carry out operations on a fresh domain until the first difference.

    ``watch`` looks at the whole state after each step; without, answers alone are compared.
    ``finish`` looks at the end at what can only be seen then; a recording has no more to show.
    """
    with opened_domain(driver, disks, persistent=persistent) as domain:
        lockstep = Lockstep(domain, driver.profile, disks, persistent=persistent, tally=tally)
        driver_ids = lockstep.identities.to_driver
        steps: list[Taken] = []
        ids: dict[str, str] = {}
        earlier: set[str] = set()
        recorded = [one if isinstance(one, Recorded) else Recorded(one) for one in operations]
        known = {one.created for one in recorded if one.created is not None}
        for one in recorded:
            operation = one.operation
            snapshot = getattr(operation, "snapshot", None)
            if snapshot in earlier:
                operation = _renamed(operation, ids[snapshot])
            elif snapshot in known:
                continue  # its creation did not happen, or not yet
            taken = lockstep.do(operation, look=watch)
            steps.append(taken)
            created = _created(taken)
            if created is not None and one.created is not None:
                ids[one.created] = created
                earlier.add(one.created)
            if taken.differences:
                return Run(tuple(steps), taken.differences, driver_ids, persistent)
        differences = lockstep.finish(steps) if finish else ()
        return Run(tuple(steps), differences, driver_ids, persistent)


def _renamed(operation: Operation, snapshot: str) -> Operation:
    target: Any = operation
    return operation if target.snapshot == snapshot else replace(target, snapshot=snapshot)


def smallest(
    sequence: Sequence[Recorded], still_fails: Callable[[Sequence[Recorded]], bool], *, most_runs: int = 200
) -> list[Recorded]:
    """A short sequence that still fails, by leaving out ever smaller parts.

    The last operation, the one that showed the difference, is never left out.
    ``still_fails`` is asked at most ``most_runs`` times.
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


def _without(sequence: list[Recorded], start: int, end: int) -> list[Recorded]:
    """The sequence without a part, and without what referred to snapshots made there."""
    lost = {one.created for one in sequence[start:end] if one.created is not None}
    rest = sequence[:start] + sequence[end:]
    return [one for one in rest if getattr(one.operation, "snapshot", None) not in lost]
