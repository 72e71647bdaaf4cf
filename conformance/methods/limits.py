"""limits: as deep and as many as the profile says, and one more, where that is far.

Nearer ones are among the examples, and looked at step by step. Here only the answers are compared, at the
end how many there are then and which is current. To look at everything would take the square of the length,
and one look at a long chain can take a minute.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from snaptree.conformance.methods.examples import FARTHEST
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

Sequence = tuple[Operation, ...]

MOST: Final = 300
"""A limit beyond this is not tried."""


@cache
def limit_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """One chain for each limit that is a number: snapshots up to it, and one beyond."""
    limits = {limit for limit in (profile.limits.depth, profile.limits.count) if limit is not None}
    # Of two limits the lower one is met first.
    return tuple(
        (*(ops.Create(f"n{number}") for number in range(1, limit + 2)), ops.Count(), ops.Current())
        for limit in sorted(limits)[:1]
        if FARTHEST < limit <= MOST
    )
