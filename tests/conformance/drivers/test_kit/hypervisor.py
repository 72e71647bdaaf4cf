"""A hypervisor with one delete, in memory, for trying the kit on: content is one number.

The delete merges where something depends on the snapshot, and discards where nothing does. The hypervisor
counts what it was asked to do (``calls``), so that a test sees whether a refused call reached it.
"""

from __future__ import annotations

from dataclasses import dataclass

from snaptree.conformance.drivers.kit.catalogue import SnapshotTree
from snaptree.conformance.drivers.kit.look_ups import LookUps
from snaptree.conformance.drivers.kit.one_delete import OneDelete, leaves_first


@dataclass(frozen=True)
class Taken:
    """A snapshot: what it holds is what the active state held."""

    id: str
    name: str
    parent: str | None
    content: int


class Hypervisor(LookUps, OneDelete):
    """Keeps a tree; ``active`` is the content of the active state."""

    def __init__(self) -> None:
        self.taken: dict[str, Taken] = {}
        self.at: str | None = None
        self.active = 0
        self.calls: list[tuple[str, str, bool]] = []

    def take(self, snapshot: str, content: int) -> None:
        self.active = content
        self.taken[snapshot] = Taken(snapshot, snapshot, self.at, content)
        self.at = snapshot

    def catalogue(self) -> SnapshotTree[Taken]:
        return SnapshotTree(tuple(self.taken.values()), self.at)

    def delete(self, snapshot: str, *, with_children: bool) -> None:
        self.calls.append(("delete", snapshot, with_children))
        gone = leaves_first(self.catalogue(), snapshot) if with_children else [snapshot]
        for one in gone:
            parent = self.taken.pop(one).parent
            self.at = parent if self.at == one else self.at
            for other in list(self.taken.values()):
                if other.parent == one:
                    self.taken[other.id] = Taken(other.id, other.name, parent, other.content)

    def revert_to(self, snapshot: str, resume_as: str | None) -> None:
        assert resume_as is None, "nothing else is offered"
        self.calls.append(("revert", snapshot, False))
        self.at, self.active = snapshot, self.taken[snapshot].content


class OneByOne(Hypervisor):
    """Its delete takes one snapshot alone."""

    deletes_subtrees = False

    def delete(self, snapshot: str, *, with_children: bool) -> None:
        assert not with_children, "there is no such delete"
        super().delete(snapshot, with_children=False)
