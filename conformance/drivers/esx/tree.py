"""The tree of a machine, from its property ``snapshot``; without it there is no snapshot.

The host lists a tree but no order of creation; the driver records that itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.esx import names
from snaptree.conformance.drivers.kit.catalogue import SnapshotTree
from snaptree.conformance.drivers.kit.order import CreationOrder

POWER: Final[Mapping[str, str]] = {"poweredOn": "running", "poweredOff": "off"}
"""The power states that the specification knows as well. A suspended machine is none of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One snapshot; ``id`` is its managed object reference, ``handle`` the object itself."""

    id: str
    name: str
    description: str
    parent: str | None
    captured: str
    power: str
    handle: Any


@dataclass(frozen=True)
class HostTree(SnapshotTree[Entry]):
    """The snapshots of a machine. Those that were not ``made`` here are shown, and found by no call."""

    made: Collection[SnapshotId] = ()

    def find(self, snapshot: object) -> Entry | None:
        """The snapshot with that id, if it was made here."""
        return super().find(snapshot) if snapshot in self.made else None


def read_tree(info: Any, order: CreationOrder) -> HostTree:
    """The tree in a VirtualMachineSnapshotInfo; None for a machine without snapshots."""
    if info is None:
        return HostTree(made=order)
    current = info.currentSnapshot
    entries = order.sort(_walked(info.rootSnapshotList or (), None), attrgetter("id"))
    return HostTree(tuple(entries), None if current is None else current._moId, order)


def _walked(nodes: Any, parent: str | None) -> Iterator[Entry]:
    # A chain may be as deep as the host lets it be: no recursion.
    waiting = [(node, parent) for node in reversed(nodes)]
    while waiting:
        node, above = waiting.pop()
        reference = node.snapshot._moId
        yield Entry(
            reference,
            names.unescape(node.name),
            node.description or "",
            above,
            node.createTime.isoformat(),
            POWER.get(node.state, str(node.state)),
            node.snapshot,
        )
        waiting += [(child, reference) for child in reversed(node.childSnapshotList or ())]
