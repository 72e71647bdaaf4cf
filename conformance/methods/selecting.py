"""Shares of the work of a method, and what of it a run needs whose rules speak of some calls alone.

A step of another call can neither count for such a rule nor break it. Every sequence that contains one of the
calls is still made whole: what came before may be what the call goes wrong after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snaptree.conformance.methods.bounds import Calls
from snaptree.conformance.methods.graph import Label, Scope
from snaptree.spec.operations import Operation

PREPARES: frozenset[str] = frozenset({"write_disk", "configure"})
"""Calls that a move makes before its own, so that no two points are equal."""


@dataclass(frozen=True)
class GraphShare:
    """One of ``every`` shares of what a method does in one graph; ``method`` begins the key of its part.

    ``calls`` are those of the bounds.
    """

    method: str
    scope: Scope
    bound: int
    number: int
    every: int
    calls: Calls = None

    @property
    def part(self) -> str:
        """Each graph is a part of its own."""
        return f"{self.method}{self.scope}-{self.bound}"


def concerns(operations: Iterable[Operation], calls: Calls) -> bool:
    """Whether a sequence contains one of the calls."""
    return calls is None or any(one.call in calls for one in operations)


def makes(label: Label, calls: Calls) -> bool:
    """Whether a move of a graph makes one of the calls."""
    return calls is None or label[0] in calls or (label[0] == "create" and not calls.isdisjoint(PREPARES))
