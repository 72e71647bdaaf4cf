"""The state of one domain: points, the tree of snapshots, and what is active.

Everything here is an immutable value. Maps are persistent (rpds), so a state
that differs in one snapshot shares all the rest with the state before it.
The model speaks of content, never of files: a point says what a reader finds
in each block, not where it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal, get_args

from rpds import HashTrieMap

Power = Literal["off", "running", "paused"]
POWER_STATES: Final[tuple[Power, ...]] = get_args(Power)

Memory = int | Literal["unspecified"] | None
"""What the memory of a domain holds: the marker last written (0 to 255),
``unspecified`` between a boot and the first write, or None where there is none."""

BLOCK_SIZE: Final = 512
"""Bytes that one ``write_disk`` sets."""
BLOCK_STRIDE: Final = 64 * 1024
"""Bytes between the starts of two addressable blocks."""


@dataclass(frozen=True)
class Disk:
    """Size and content of one disk. Blocks that are absent read as zero.

    ``blocks`` maps block k, the 512 bytes at k times 64 KiB, to the value
    (1 to 255) that each of its bytes has. ``size`` is in bytes.
    """

    size: int
    blocks: HashTrieMap[int, int]

    def holds(self, block: int) -> bool:
        """Whether block k lies inside the disk."""
        return block >= 0 and block * BLOCK_STRIDE + BLOCK_SIZE <= self.size

    def written(self, block: int, value: int) -> Disk:
        """The disk after one write; writing zero is the same as never written."""
        if value:
            return Disk(self.size, self.blocks.insert(block, value))
        return Disk(self.size, self.blocks.discard(block))

    def resized(self, size: int) -> Disk:
        """The disk cut or extended to ``size`` bytes; what is cut off is gone for good."""
        shorter = Disk(size, self.blocks)
        lost = [block for block in self.blocks if not shorter.holds(block)]
        blocks = self.blocks
        for block in lost:
            blocks = blocks.remove(block)
        return Disk(size, blocks)

    @cached_property
    def seen(self) -> dict[str, Any]:
        """What an observation of this disk looks like (JSON)."""
        return {"size": self.size, "blocks": {str(k): v for k, v in sorted(self.blocks.items())}}


@dataclass(frozen=True)
class Point:
    """A captured state, or the active state, which has the same parts.

    ``power`` is the power state at capture; for the active state it is the
    power state now. ``memory`` is None where none was captured.
    """

    disks: HashTrieMap[str, Disk]
    memory: Memory
    power: Power
    configuration: HashTrieMap[str, str]

    def without_memory(self) -> Point:
        """The same point, its disks and configuration only."""
        return self if self.memory is None else replace(self, memory=None)

    @cached_property
    def seen(self) -> dict[str, Any]:
        """What an observation of this point looks like (JSON)."""
        return {
            "disks": {name: disk.seen for name, disk in sorted(self.disks.items())},
            "memory": self.memory,
            "power": self.power,
            "configuration": dict(sorted(self.configuration.items())),
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A named, identified point in the tree.

    ``serial`` is the place in the order of creation and never changes.
    ``captured`` is the serial at which the point was captured: a merge into
    the parent moves it with the point, while id, name, description and serial
    stay. ``parent`` is None for a root, whose parent is the base.
    """

    id: str
    serial: int
    name: str
    description: str
    uuid: str
    parent: str | None
    captured: int
    point: Point


@dataclass(frozen=True, slots=True)
class SavedState:
    """A managed-save image: memory and the power state to continue in."""

    memory: Memory
    power: Power


_EMPTY: Final[HashTrieMap[Any, Any]] = HashTrieMap()


@dataclass(frozen=True, slots=True)
class Domain:
    """One virtual machine with its tree of snapshots.

    ``base`` is the implicit root under all root snapshots. ``children`` maps a
    snapshot id, or None for base, to its child snapshots in order of creation.
    ``names`` maps a name to the snapshots that bear it. ``retired`` snapshots
    are storage only and part of no tree. ``independent`` disks belong to no point.
    ``defined`` turns False when the domain is removed.
    """

    base: Point
    active: Point
    current: str | None = None
    snapshots: HashTrieMap[str, Snapshot] = _EMPTY
    children: HashTrieMap[str | None, tuple[str, ...]] = _EMPTY
    names: HashTrieMap[str, tuple[str, ...]] = _EMPTY
    uuids: HashTrieMap[str, str] = _EMPTY
    retired: HashTrieMap[str, Snapshot] = _EMPTY
    managed_save: SavedState | None = None
    independent: HashTrieMap[str, Disk] = _EMPTY
    serial: int = 0
    persistent: bool = True
    defined: bool = True

    def __contains__(self, snapshot: object) -> bool:
        return snapshot in self.snapshots

    def in_order(self) -> list[Snapshot]:
        """Every listed snapshot in order of creation."""
        return sorted(self.snapshots.values(), key=lambda snapshot: snapshot.serial)

    def children_of(self, snapshot: str | None) -> tuple[str, ...]:
        """Child snapshots of a snapshot, or of base for None, in order of creation."""
        return self.children.get(snapshot, ())

    def subtree(self, snapshot: str) -> Iterator[str]:
        """The snapshot and everything below it, each before its children."""
        waiting = [snapshot]
        while waiting:
            here = waiting.pop()
            yield here
            waiting.extend(reversed(self.children.get(here, ())))

    def ancestors(self, snapshot: str | None) -> Iterator[str]:
        """The snapshot itself, its parent, and so on up to its root."""
        while snapshot is not None:
            yield snapshot
            snapshot = self.snapshots[snapshot].parent

    def is_below(self, snapshot: str | None, top: str) -> bool:
        """Whether ``snapshot`` is ``top`` or lies in the subtree under it."""
        return any(ancestor == top for ancestor in self.ancestors(snapshot))

    def dependents(self, snapshot: str | None) -> tuple[tuple[str, ...], bool]:
        """Child snapshots, and whether the active state depends on it as well."""
        return self.children.get(snapshot, ()), self.current == snapshot

    # The four changes that every operation on the tree is made of.

    def with_snapshot(self, snapshot: Snapshot) -> Domain:
        """The domain with one more snapshot, the last of its parent's children."""
        siblings = self.children.get(snapshot.parent, ())
        return replace(
            self,
            snapshots=self.snapshots.insert(snapshot.id, snapshot),
            children=self.children.insert(snapshot.parent, (*siblings, snapshot.id)),
            names=self.names.insert(snapshot.name, (*self.names.get(snapshot.name, ()), snapshot.id)),
            uuids=self.uuids.insert(snapshot.uuid, snapshot.id),
        )

    def with_changed(self, snapshot: Snapshot) -> Domain:
        """The domain with another point, name or description for one snapshot."""
        before = self.snapshots[snapshot.id]
        names = self.names
        if before.name != snapshot.name:
            names = _without(names, before.name, snapshot.id)
            names = names.insert(snapshot.name, (*names.get(snapshot.name, ()), snapshot.id))
        return replace(self, snapshots=self.snapshots.insert(snapshot.id, snapshot), names=names)

    def with_spliced_out(self, snapshot: str) -> Domain:
        """The domain without one snapshot; its children move to its parent.

        The active state moves with them when it depended on the snapshot.
        """
        gone = self.snapshots[snapshot]
        orphans = self.children.get(snapshot, ())
        snapshots = self.snapshots.remove(snapshot)
        for child in orphans:
            snapshots = snapshots.insert(child, replace(snapshots[child], parent=gone.parent))
        family = [child for child in self.children[gone.parent] if child != snapshot]
        family.extend(orphans)
        # Reparenting never changes the order, which is that of creation.
        family.sort(key=lambda child: snapshots[child].serial)
        children = self.children.discard(snapshot).insert(gone.parent, tuple(family))
        return replace(
            self,
            snapshots=snapshots,
            children=children,
            names=_without(self.names, gone.name, snapshot),
            uuids=self.uuids.remove(gone.uuid),
            current=gone.parent if self.current == snapshot else self.current,
        )

    def with_cut_off(self, snapshot: str) -> Domain:
        """The domain without a snapshot and everything below it.

        The active state is not touched: whoever cuts off the current snapshot
        says what becomes of it.
        """
        top = self.snapshots[snapshot]
        snapshots, children, names, uuids = self.snapshots, self.children, self.names, self.uuids
        for here in self.subtree(snapshot):
            gone = snapshots[here]
            snapshots = snapshots.remove(here)
            children = children.discard(here)
            names = _without(names, gone.name, here)
            uuids = uuids.remove(gone.uuid)
        family = tuple(child for child in children[top.parent] if child != snapshot)
        children = children.insert(top.parent, family)
        return replace(self, snapshots=snapshots, children=children, names=names, uuids=uuids)


def _without(
    names: HashTrieMap[str, tuple[str, ...]], name: str, snapshot: str
) -> HashTrieMap[str, tuple[str, ...]]:
    rest = tuple(bearer for bearer in names[name] if bearer != snapshot)
    return names.insert(name, rest) if rest else names.remove(name)


def blank_domain(disks: Mapping[str, int], *, persistent: bool = True) -> Domain:
    """A defined, powered-off domain without snapshots whose disks read zero.

    ``disks`` maps disk ids to sizes in bytes.
    """
    empty = Point(
        disks=HashTrieMap({name: Disk(size, HashTrieMap()) for name, size in disks.items()}),
        memory=None,
        power="off",
        configuration=HashTrieMap(),
    )
    return Domain(base=empty, active=empty, persistent=persistent)


def tree_order(domain: Domain, snapshots: Iterable[str]) -> list[str]:
    """The given snapshots in order of creation."""
    return sorted(snapshots, key=lambda snapshot: domain.snapshots[snapshot].serial)
