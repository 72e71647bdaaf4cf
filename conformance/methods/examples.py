"""examples: the chapters' examples on the driver, and the limits of the profile.

The examples are few and written for readers. They reach cases that random sequences seldom meet, and
everyone understands a deviation from a figure. Random draws never reach a limit, so this method walks to
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.fixed import FixedSequences
from snaptree.conformance.methods.power_states import in_each_power_state
from snaptree.spec.examples import example_operations, example_start, tree_operations
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
    """The operations of every example whose tree the profile can make, after those that make the tree.

    Every call in each power state comes after them, and the walks to near limits of the profile come last.
    """
    found = dict.fromkeys(_shown(profile, persistent=True))
    found.update(dict.fromkeys(in_each_power_state(profile)))
    found.update(dict.fromkeys(_to_the_limits(profile)))
    return tuple(found)


@cache
def transient_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """Those of the examples that begin with a transient domain, if the profile offers one."""
    return tuple(dict.fromkeys(_shown(profile, persistent=False))) if profile.offers("transient") else ()


def _shown(profile: Profile, *, persistent: bool) -> Iterator[Sequence]:
    for example in (one for rule in rules() for one in rule.examples):
        tree = tuple(_without_content(tree_operations(example.tree), profile))
        begins = example_start(example).persistent == persistent
        if begins and _is_made(tree, profile, persistent=persistent):
            yield (*tree, *example_operations(example))


class Examples(FixedSequences):
    """The chapters' examples."""

    name: ClassVar[str] = "examples"
    noun: ClassVar[str] = "example"
    title: ClassVar[str] = "what the chapters show"

    def sequences(self, profile: Profile) -> tuple[Sequence, ...]:
        """``example_sequences``."""
        return example_sequences(profile)

    def transient(self, profile: Profile) -> tuple[Sequence, ...]:
        """``transient_sequences``."""
        return transient_sequences(profile)


def _without_content(operations: Iterable[Operation], profile: Profile) -> Iterator[Operation]:
    """The same tree on a hypervisor whose disks or memory cannot be written from outside."""
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


def _is_made(operations: Sequence, profile: Profile, *, persistent: bool) -> bool:
    domain = blank_domain(DEFAULT_DISKS, persistent=persistent)
    for operation in operations:
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            return False
        domain = outcome.domain
    return True
