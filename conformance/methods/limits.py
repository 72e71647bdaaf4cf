"""limits: the largest depth and count of the profile, and one more, if they are far.

Nearer limits are among the examples, with a comparison after each step. Here the method compares only
answers, and at the end the count and the current snapshot. Comparing the state each time would take the
square of the length, and observing a long chain can take a minute.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import FARTHEST
from snaptree.conformance.methods.fixed import FixedSequences
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


class Limits(FixedSequences):
    """The largest depth and count that the profile claims, and one more."""

    name: ClassVar[str] = "limits"
    noun: ClassVar[str] = "limit"
    title: ClassVar[str] = "as deep and as many as claimed, and one more"
    shrinks: ClassVar[bool] = False  # the way to a limit is as long as it has to be
    watches: ClassVar[bool] = False

    def sequences(self, profile: Profile) -> tuple[Sequence, ...]:
        """``limit_sequences``."""
        return limit_sequences(profile)

    def applies(self, bounds: Bounds) -> bool:
        """Only if the bounds ask for it."""
        return bounds.limits
