"""The tree of a machine, out of its property ``snapshot``; absent there is no snapshot.

The host lists a tree, not an order of creation: that one is kept by whoever created.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from snaptree.conformance.drivers.esx import names

POWER: Final[Mapping[str, str]] = {"poweredOn": "running", "poweredOff": "off"}
"""The power states that the specification knows as well. A suspended machine is none of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One snapshot; ``id`` is its managed object reference, ``native`` the object itself."""

    id: str
    name: str
    description: str
    parent: str | None
    captured: str
    power: str
    native: Any


@dataclass(frozen=True, slots=True)
class Tree:
    """The snapshots of a machine, parents before children, and the current one."""

    entries: tuple[Entry, ...]
    current: str | None

    def find(self, snapshot: str) -> Entry | None:
        """The entry with that id."""
        return next((one for one in self.entries if one.id == snapshot), None)

    def children(self, snapshot: str | None) -> tuple[Entry, ...]:
        """The children; the roots for None."""
        return tuple(one for one in self.entries if one.parent == snapshot)

    def below(self, snapshot: str) -> tuple[Entry, ...]:
        """Everything below a snapshot."""
        inside = {snapshot}
        found = []
        for one in self.entries:  # parents come first
            if one.parent in inside:
                inside.add(one.id)
                found.append(one)
        return tuple(found)

    def carries_active(self, snapshot: str) -> bool:
        """Whether the active state grew from the snapshot or from something below it."""
        return self.current is not None and self.current in {
            snapshot,
            *(one.id for one in self.below(snapshot)),
        }


def read_tree(info: Any) -> Tree:
    """The tree in a VirtualMachineSnapshotInfo, or None for a machine that is at its base."""
    if info is None:
        return Tree((), None)
    current = info.currentSnapshot
    entries = tuple(_walked(info.rootSnapshotList or (), None))
    return Tree(entries, None if current is None else current._moId)


def _walked(nodes: Any, parent: str | None) -> Iterator[Entry]:
    # A chain may be as deep as the host lets it be: no recursion.
    waiting = [(node, parent) for node in reversed(nodes)]
    while waiting:
        node, above = waiting.pop()
        reference = node.snapshot._moId
        yield Entry(
            reference,
            names.read(node.name),
            node.description or "",
            above,
            node.createTime.isoformat(),
            POWER.get(node.state, str(node.state)),
            node.snapshot,
        )
        waiting += [(child, reference) for child in reversed(node.childSnapshotList or ())]
