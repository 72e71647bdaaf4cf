"""The tree of snapshots as one answers questions about it: what ``LookUps`` and ``OneDelete`` stand on.

``Catalogue`` is what they ask. A driver whose hypervisor has look-ups of its own writes a class that asks
the hypervisor, so that the suite sees what that says. A driver that reads the whole tree at once puts what
it read into a ``SnapshotTree``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from snaptree.conformance.driver import SnapshotId, SnapshotIds
from snaptree.spec.outcomes import AmbiguousName, NoSuchSnapshot


class Catalogue(Protocol):
    """The snapshots of a domain. Lists are in order of creation.

    Every method with a snapshot raises NoSuchSnapshot, or the hypervisor's own error that means it,
    for one that is not listed.
    """

    @property
    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""

    def ids(self) -> SnapshotIds:
        """All snapshots."""

    def count(self) -> int:
        """How many there are."""

    def require(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""

    def children(self, snapshot: SnapshotId | None) -> SnapshotIds:
        """The children; the roots for None."""

    def below(self, snapshot: SnapshotId) -> SnapshotIds:
        """The children, theirs, and so on."""

    def find_by_name(self, name: str) -> SnapshotId:
        """The snapshot that a name means. Raises NoSuchSnapshot, and AmbiguousName where it means several."""


class Node(Protocol):
    """A snapshot as a tree has to know it."""

    @property
    def id(self) -> SnapshotId:
        """What the driver issued."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def parent(self) -> SnapshotId | None:
        """The id of its parent, None for a root."""


N = TypeVar("N", bound=Node)


class NodeTree(Generic[N]):
    """Answers a catalogue's questions from ``nodes`` (in order of creation) and ``current`` alone."""

    current: SnapshotId | None

    @property
    def nodes(self) -> Iterable[N]:
        """Every snapshot, in order of creation."""
        raise NotImplementedError

    def find(self, snapshot: object) -> N | None:
        """The node with that id, or None."""
        return next((one for one in self.nodes if one.id == snapshot), None)

    def node(self, snapshot: object) -> N:
        """The node with that id. Raises NoSuchSnapshot."""
        node = self.find(snapshot)
        if node is None:
            raise NoSuchSnapshot(f"no snapshot has the id {excerpt(snapshot)}")
        return node

    def ids(self) -> SnapshotIds:
        """All snapshots."""
        return [one.id for one in self.nodes]

    def count(self) -> int:
        """How many there are."""
        return len(self.ids())

    def require(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""
        return self.node(snapshot).id

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""
        return self.node(snapshot).parent

    def children(self, snapshot: SnapshotId | None) -> SnapshotIds:
        """The children; the roots for None."""
        if snapshot is not None:
            self.node(snapshot)
        return [one.id for one in self.nodes if one.parent == snapshot]

    def below(self, snapshot: SnapshotId) -> SnapshotIds:
        """The children, theirs, and so on."""
        self.node(snapshot)
        inside = self._inside(snapshot)
        return [one.id for one in self.nodes if one.id in inside and one.id != snapshot]

    def find_by_name(self, name: object) -> SnapshotId:
        """The one snapshot that has the name. Raises NoSuchSnapshot and AmbiguousName."""
        bearers = [one.id for one in self.nodes if one.name == name]
        if len(bearers) > 1:
            raise AmbiguousName(f"{len(bearers)} snapshots are named {excerpt(name)}")
        if not bearers:
            raise NoSuchSnapshot(f"no snapshot is named {excerpt(name)}")
        return bearers[0]

    def _inside(self, snapshot: SnapshotId) -> set[SnapshotId]:
        # No order is relied on: a hypervisor may list a child that somebody else made before its parent.
        below: dict[SnapshotId | None, SnapshotIds] = {}
        for one in self.nodes:
            below.setdefault(one.parent, []).append(one.id)
        inside = {snapshot}
        waiting = [snapshot]
        while waiting:
            for child in below.get(waiting.pop(), ()):
                if child not in inside:
                    inside.add(child)
                    waiting.append(child)
        return inside


@dataclass(frozen=True)
class SnapshotTree(NodeTree[N]):
    """A tree that was read from a hypervisor: its snapshots in order of creation, and the current one."""

    entries: tuple[N, ...] = ()
    current: SnapshotId | None = None

    @property
    def nodes(self) -> tuple[N, ...]:
        """Every snapshot, in order of creation."""
        return self.entries


def excerpt(value: object) -> str:
    """A value in a message, however long it is."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"
