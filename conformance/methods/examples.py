"""examples: what the chapters show, done on the driver.

The examples are few and meant for reading. They reach the cases that random
sequences seldom meet, and a figure that a driver does not follow is a deviation
that everybody understands.
"""

from __future__ import annotations

from functools import cache

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.spec.examples import example_operations, tree_operations
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import rules
from snaptree.spec.semantics import step
from snaptree.spec.state import blank_domain

Sequence = tuple[Operation, ...]


@cache
def example_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """The operations of every example whose tree the profile can make, with those that make it."""
    found: dict[Sequence, None] = {}
    for rule in rules():
        for example in rule.examples:
            tree = tuple(tree_operations(example.tree))
            if _is_made(tree, profile):
                found[(*tree, *example_operations(example))] = None
    return tuple(found)


def _is_made(operations: Sequence, profile: Profile) -> bool:
    domain = blank_domain(DEFAULT_DISKS)
    for operation in operations:
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            return False
        domain = outcome.domain
    return True
