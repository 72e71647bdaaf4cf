"""examples: what the chapters show, done on the driver, and the limits that the profile states.

The examples are few and meant for reading. They reach the cases that random
sequences seldom meet, and a figure that a driver does not follow is a deviation
that everybody understands. A limit is met by nobody who draws at random: it is
walked to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.spec.examples import example_operations, tree_operations
from snaptree.spec.operations import Create, Operation, Revert
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import rules
from snaptree.spec.semantics import step
from snaptree.spec.state import blank_domain

Sequence = tuple[Operation, ...]


FARTHEST: Final = 64
"""Snapshots that are made to see a limit; a limit beyond takes too long on a slow hypervisor."""


@cache
def example_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """The operations of every example whose tree the profile can make, with those that make it.

    Last come the walks to the limits of the profile that are not too far.
    """
    found: dict[Sequence, None] = {}
    for rule in rules():
        for example in rule.examples:
            tree = tuple(_without_content(tree_operations(example.tree), profile))
            if _is_made(tree, profile):
                found[(*tree, *example_operations(example))] = None
    found.update(dict.fromkeys(_to_the_limits(profile)))
    return tuple(found)


def _without_content(operations: Iterable[Operation], profile: Profile) -> Iterator[Operation]:
    """The same tree of a hypervisor whose disks or memory nobody can write from outside."""
    for operation in operations:
        if operation.op not in ("write_disk", "write_memory") or profile.claims(operation.call):
            yield operation


def _to_the_limits(profile: Profile) -> Iterator[Sequence]:
    """One more snapshot than the depth allows, in a chain; one more than the count does, side by side."""
    limits = profile.limits
    if limits.depth is not None and limits.depth <= FARTHEST:
        yield tuple(Create(f"n{number}") for number in range(1, limits.depth + 2))
    if limits.count is not None and limits.count <= FARTHEST:
        wide: list[Operation] = [Create("n1")]
        for number in range(2, limits.count + 2):
            wide += [Revert("s1"), Create(f"n{number}")]
        yield tuple(wide)


def _is_made(operations: Sequence, profile: Profile) -> bool:
    domain = blank_domain(DEFAULT_DISKS)
    for operation in operations:
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            return False
        domain = outcome.domain
    return True
