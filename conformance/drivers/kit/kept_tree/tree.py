"""The tree of snapshots as the driver keeps it: who is whose parent, and whose layer is which.

Layers are numbers. Each snapshot, the base, the active state, and a retired
snapshot until its storage goes, has one layer of its own, which holds its
content. How the backend stores a layer is not said here: as a copy, as an image
that is backed by another one, as a clone. Only its content matters to the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.kit.catalogue import NodeTree

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A listed snapshot. ``captured`` is the time of capture of its content, in microseconds."""

    id: str
    name: str
    description: str
    uuid: str
    parent: str | None
    captured: int
    layer: int


@dataclass(frozen=True, slots=True)
class Retired:
    """A snapshot that is out of the tree; ``layer`` is None once its storage was folded."""

    uuid: str
    layer: int | None


@dataclass(frozen=True)
class KeptTree(NodeTree[Snapshot]):
    """The whole state of a domain beside the content of its images.

    ``snapshots`` is in order of creation. ``next_layer``, ``issued`` (ids) and
    ``latest`` (time of capture) only ever grow, so nothing is used twice.
    """

    base: int = 0
    active: int = 1
    current: str | None = None
    snapshots: Mapping[str, Snapshot] = field(default_factory=lambda: _EMPTY)
    retired: Mapping[str, Retired] = field(default_factory=lambda: _EMPTY)
    next_layer: int = 2
    issued: int = 0
    latest: int = 0

    @property
    def nodes(self) -> Iterable[Snapshot]:
        """Every listed snapshot, in order of creation."""
        return self.snapshots.values()

    def find(self, snapshot: object) -> Snapshot | None:
        """The listed snapshot with that id, or None."""
        return self.snapshots.get(snapshot) if isinstance(snapshot, str) else None

    def subtree(self, snapshot: SnapshotId) -> list[SnapshotId]:
        """The snapshot and all below it, in order of creation."""
        return self.in_order([snapshot, *self.below(snapshot)])

    def in_order(self, snapshots: Iterable[SnapshotId]) -> list[SnapshotId]:
        """These snapshots, each once, in order of creation."""
        wanted = frozenset(snapshots)
        return [one for one in self.snapshots if one in wanted]

    def ancestors(self, snapshot: str | None) -> Iterator[str]:
        """The snapshot itself, its parent, and so on up to its root."""
        while snapshot is not None:
            yield snapshot
            snapshot = self.snapshots[snapshot].parent

    def layer_of(self, snapshot: str | None) -> int:
        """The layer of a snapshot, or of the base for None."""
        return self.base if snapshot is None else self.snapshots[snapshot].layer

    def layers(self) -> frozenset[int]:
        """Every layer that somebody's content is in."""
        stored = {gone.layer for gone in self.retired.values() if gone.layer is not None}
        return frozenset({self.base, self.active, *(s.layer for s in self.snapshots.values()), *stored})

    def with_snapshot(self, snapshot: Snapshot) -> KeptTree:
        """The tree with one snapshot added, or with what is said of it changed."""
        return replace(self, snapshots={**self.snapshots, snapshot.id: snapshot})

    def without(self, gone: Iterable[str]) -> KeptTree:
        """The tree without these snapshots; children, and current, move to the nearest that stays."""
        removed = frozenset(gone)

        def survivor(snapshot: str | None) -> str | None:
            return next((one for one in self.ancestors(snapshot) if one not in removed), None)

        rest = {
            one.id: replace(one, parent=survivor(one.parent)) if one.parent in removed else one
            for one in self.snapshots.values()
            if one.id not in removed
        }
        return replace(self, snapshots=rest, current=survivor(self.current))

    def with_fresh_active(self, current: str | None) -> KeptTree:
        """The tree whose active state is a new layer, grown from a snapshot or from the base."""
        return replace(self, current=current, active=self.next_layer, next_layer=self.next_layer + 1)

    def to_json(self) -> dict[str, Any]:
        """The form in the state file."""
        record = {name: getattr(self, name) for name in self.__dataclass_fields__}
        record["snapshots"] = [asdict(snapshot) for snapshot in self.snapshots.values()]
        record["retired"] = {gone: asdict(retired) for gone, retired in self.retired.items()}
        return record


def tree_from_json(record: dict[str, Any]) -> KeptTree:
    """Read a tree back from its form in the state file."""
    listed = [Snapshot(**snapshot) for snapshot in record["snapshots"]]
    return KeptTree(
        **{
            **record,
            "snapshots": {snapshot.id: snapshot for snapshot in listed},
            "retired": {gone: Retired(**retired) for gone, retired in record["retired"].items()},
        }
    )
