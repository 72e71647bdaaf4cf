"""Small domains for the laws: one of each shape that a few snapshots can have.

Not the bounded graph of the conformance suite, which keeps no domains: here every
create is preceded by writes of fresh content, so that no two points are alike and
no law holds by accident.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

Scope = Literal["tree", "storage", "power"]
"""``tree``: a domain that is off. ``storage``: with a retired snapshot. ``power``: with
everything that power can be."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


@dataclass(frozen=True)
class Reached:
    """A domain, and the accepted operations that lead to it."""

    domain: Domain
    operations: tuple[Operation, ...] = ()

    def then(self, operation: Operation, profile: Profile) -> Reached:
        """The domain after one more operation; the same if that is refused."""
        outcome = step(self.domain, operation, profile)
        if isinstance(outcome, Accepted):
            return Reached(outcome.domain, (*self.operations, operation))
        return self


def small_domains(
    start: Domain, profile: Profile, bound: int, scope: Scope, shape: Callable[[Domain], Hashable]
) -> dict[Hashable, Reached]:
    """One domain of each shape with at most ``bound`` snapshots, ``start`` first.

    ``shape`` says which domains are alike: it is the same for those.
    """
    reached = {shape(start): Reached(start)}
    waiting = deque(reached.values())
    while waiting:
        here = waiting.popleft()
        for operations in _moves(here.domain, bound, scope):
            there = here
            for operation in operations:
                there = there.then(operation, profile)
            if there is not here and (key := shape(there.domain)) not in reached:
                reached[key] = there
                waiting.append(there)
    return reached


def _writes(domain: Domain) -> list[Operation]:
    value = domain.serial % 255 + 1
    first, *_, last = (*sorted(domain.active.disks), *sorted(domain.active.disks))
    return [ops.WriteDisk(first, 0, value), ops.WriteDisk(last, value % 16, value)]


def _moves(domain: Domain, bound: int, scope: Scope) -> Iterator[list[Operation]]:
    name = f"n{domain.serial + 1}"
    yield _writes(domain)
    if len(domain.snapshots) < bound:
        yield [*_writes(domain), ops.Create(name)]
        yield [ops.Create(name, memory=True)]
    for snapshot in sorted(domain.snapshots):
        yield [ops.Revert(snapshot)]
        yield [ops.MergeIntoChildren(snapshot)]
        yield [ops.Discard(snapshot)]
        yield [ops.MergeIntoParent(snapshot)]
        if scope == "storage" and not domain.retired:
            yield [ops.Retire(snapshot)]
    if scope == "power":
        for operation in (ops.Start(), ops.Stop(), ops.Pause(), ops.ManagedSave()):
            yield [operation]
        yield [ops.WriteMemory(domain.serial % 255 + 1)]
