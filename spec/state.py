"""The state of one domain: points, the tree of snapshots, and the active state.

Everything here is an immutable value. Maps are persistent (rpds), so a state that differs in one snapshot
shares all the rest with the state before it. The model speaks of content, never of files: a point has the
value of each block, not its place in storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal, get_args

from rpds import HashTrieMap, HashTrieSet

from snaptree.spec.copies import replace
from snaptree.spec.memo import memo
from snaptree.spec.observation import DiskSeen, PointSeen

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
        """The disk after one write; a block of zeros equals a block never written."""
        if value:
            return Disk(self.size, self.blocks.insert(block, value))
        return Disk(self.size, self.blocks.discard(block))

    def resized(self, size: int) -> Disk:
        """The disk shrunk or extended to ``size`` bytes; content beyond the new end is lost for good."""
        shorter = Disk(size, self.blocks)
        lost = [block for block in self.blocks if not shorter.holds(block)]
        blocks = self.blocks
        for block in lost:
            blocks = blocks.remove(block)
        return Disk(size, blocks)

    @memo
    def seen(self) -> DiskSeen:
        """The disk as an observation shows it (JSON)."""
        blocks = sorted(self.blocks.items()) if self.blocks else ()
        return {"size": self.size, "blocks": {str(k): v for k, v in blocks}}


@dataclass(frozen=True)
class Point:
    """A captured state, or the active state, which has the same parts.

    ``power`` is the power state at capture; in the active state it is the present power state. ``memory``
    is None if none was captured.
    """

    disks: HashTrieMap[str, Disk]
    memory: Memory
    power: Power
    configuration: HashTrieMap[str, str]

    def without_memory(self) -> Point:
        """The same point, its disks and configuration only."""
        return self if self.memory is None else replace(self, memory=None)

    @memo
    def holds(self) -> tuple[bool, bool, bool]:
        """Whether it holds content other than zeros, memory, and configuration."""
        content = any(disk["blocks"] for disk in self.seen["disks"].values())
        return content, self.memory is not None, bool(self.configuration)

    @memo
    def seen(self) -> PointSeen:
        """The point as an observation shows it (JSON)."""
        return {
            "disks": {name: disk.seen for name, disk in sorted(self.disks.items())},
            "memory": self.memory,
            "power": self.power,
            "configuration": dict(sorted(self.configuration.items())) if self.configuration else {},
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
_NONE: Final[HashTrieSet[str]] = HashTrieSet()
_SERIAL: Final = attrgetter("serial")
_Ordered = tuple[Any, tuple[Snapshot, ...]]
_in_order: tuple[_Ordered, _Ordered] = ((_EMPTY, ()), (_EMPTY, ()))
"""The snapshots that were last put in order, of two domains: engine and model ask for those before and after
a step again and again.

To go through a map of rpds takes many times as long as through one of Python's.
"""


@dataclass(frozen=True, slots=True)
class Domain:
    """One virtual machine with its tree of snapshots.

    ``base`` is the implicit root under all root snapshots. ``children`` maps a
    snapshot id, or None for base, to its child snapshots in order of creation.
    ``names`` maps a name to the snapshots that bear it. ``retired`` snapshots
    are storage only and part of no tree. ``independent`` disks belong to no point.
    ``issued`` are the uuids of every snapshot so far, kept only where the uuid is the identity.
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
    issued: HashTrieSet[str] = _NONE
    serial: int = 0
    persistent: bool = True
    defined: bool = True

    def __contains__(self, snapshot: object) -> bool:
        return snapshot in self.snapshots

    def in_order(self) -> list[Snapshot]:
        """Every listed snapshot in order of creation."""
        global _in_order
        for known, ordered in _in_order:
            if known is self.snapshots:
                return [*ordered]
        made = tuple(sorted(self.snapshots.values(), key=_SERIAL))
        _in_order = (self.snapshots, made), _in_order[0]
        return [*made]

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
        """The domain without a snapshot and its subtree.

        The active state does not change: a caller that removes the current snapshot has to set it.
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
