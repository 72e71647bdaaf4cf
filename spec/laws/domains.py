"""Small domains for the laws: one of each shape that a few snapshots can have.

The conformance suite has a bounded graph of its own, which keeps no domains. Here writes of fresh content
precede every create, so no two points are equal and no law holds by accident.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

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
        """The domain after one more operation; unchanged if that is refused."""
        outcome = step(self.domain, operation, profile)
        if isinstance(outcome, Accepted):
            return Reached(outcome.domain, (*self.operations, operation))
        return self


def small_domains(
    start: Domain, profile: Profile, bound: int, scope: Scope, shape: Callable[[Domain], Hashable]
) -> dict[Hashable, Reached]:
    """One domain of each shape with at most ``bound`` snapshots, ``start`` first.

    ``shape`` maps a domain to a value that is equal for domains of the same shape.
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
    if not domain.defined:
        return
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


_HISTORIES: Final[tuple[tuple[Operation, ...], ...]] = (
    (
        ops.WriteDisk("vda", 0, 1), ops.Create("n1"), ops.WriteDisk("vda", 0, 2), ops.Create("n2"),
        ops.WriteDisk("vdb", 1, 3), ops.Create("n3"), ops.WriteDisk("vda", 3, 4), ops.Revert("s1"),
        ops.WriteDisk("vda", 3, 5), ops.Create("n4"), ops.Retire("s2"),
    ),
    (
        ops.Start(), ops.WriteMemory(1), ops.WriteDisk("vda", 0, 1), ops.Create("n1", memory=True),
        ops.Pause(), ops.WriteDisk("vdb", 0, 2), ops.Create("n2"), ops.Revert("s1"),
        ops.WriteDisk("vda", 1, 3), ops.Start(),
    ),
    (
        ops.WriteDisk("vda", 0, 1), ops.Create("n1"), ops.Start(), ops.WriteMemory(2), ops.Pause(),
        ops.ManagedSave(),
    ),
    (
        ops.Start(), ops.WriteMemory(3), ops.Pause(), ops.AttachDisk("vdi", 65536, independent=True),
        ops.Create("n1", memory=True), ops.Create("n2"), ops.Revert("s1"), ops.Configure("key", "value"),
    ),
    (ops.Create("n1", memory=True), ops.Create("n1"), ops.Create("n2"), ops.Discard("s2")),
    (
        ops.DetachDisk("vdb"), ops.AttachDisk("vdx", 65536), ops.Create("n1"), ops.DetachDisk("vdx"),
        ops.AttachDisk("vdy", 131072), ops.Create("n2"), ops.DetachDisk("vdy"), ops.Retire("s2"),
    ),
    (
        ops.WriteDisk("vda", 0, 1), ops.Create("n1"), ops.Revert("s1"), ops.Create("n2"),
        ops.MergeIntoParentForced("s1"),
    ),
)  # fmt: skip
"""Histories after which every point of a profile has a question to ask."""


def few_domains(disks: Mapping[str, int], profile: Profile) -> list[Reached]:
    """A few domains on which the points of a profile show; what it refuses on the way is left out."""
    found: dict[Domain, Reached] = {}
    for persistent in (True, False) if profile.offers("transient") else (True,):
        for history in _HISTORIES:
            here = Reached(blank_domain(disks, persistent=persistent))
            for operation in history:
                here = here.then(operation, profile)
            found.setdefault(here.domain, here)
    return list(found.values())
