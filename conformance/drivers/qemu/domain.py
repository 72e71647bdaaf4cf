"""The calls of one domain: decide, then make the images fit."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from snaptree.conformance.driver import Json, SnapshotId, SnapshotIds
from snaptree.conformance.drivers.qemu import changes, deletes
from snaptree.conformance.drivers.qemu.changes import find, find_by_name
from snaptree.conformance.drivers.qemu.console import Console
from snaptree.conformance.drivers.qemu.reading import Reader, digests_of, located
from snaptree.conformance.drivers.qemu.storage import Storage
from snaptree.conformance.drivers.qemu.tools import Tools
from snaptree.conformance.drivers.qemu.tree import Tree
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class QemuDomain:
    """A domain that is always off: a folder of images, and the tree that gives them a meaning.

    A call that is refused raises a ``Refusal``. One that fails raises
    ``QemuError`` or ``OSError``, and leaves the state before it or the state
    after it. ``console`` runs in the folder above the domain's.
    """

    def __init__(
        self, storage: Storage, profile: Profile, tools: Tools, console: Console, *, keep: bool = False
    ) -> None:
        self._storage = storage
        self._profile = profile
        self._tools = tools
        self._console = console
        self._reader = Reader(storage, console)
        self._keep = keep

    @property
    def folder(self) -> Path:
        """Where the images lie."""
        return self._storage.folder

    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state; the new snapshot becomes current."""
        wanted = changes.Wanted(name, description, uuid, memory, quiesce)
        after, issued = changes.create(self._tree, self._profile, wanted, now=time.time_ns() // 1000)
        self._storage.change(after)
        return issued

    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds."""
        self._storage.change(changes.revert(self._tree, snapshot, resume_as))

    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot; children and active state keep their content."""
        self._storage.change(deletes.merge_into_children(self._tree, snapshot))

    def merge_into_parent(self, snapshot: SnapshotId) -> None:
        """The parent's point becomes this snapshot's point; this one goes."""
        self._storage.change(deletes.merge_into_parent(self._tree, snapshot))

    def merge_into_parent_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same, destroying the parent's other dependents."""
        after = deletes.merge_into_parent(self._tree, snapshot, forced=True, resume_as=resume_as)
        self._storage.change(after)

    def discard(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot on which nothing depends."""
        self._storage.change(deletes.discard(self._tree, snapshot))

    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same, destroying all that depends on it."""
        after = deletes.discard(self._tree, snapshot, forced=True, resume_as=resume_as)
        self._storage.change(after)

    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Remove the subtree; the active state stays as it is."""
        self._storage.change(deletes.remove_subtree(self._tree, snapshot, keep_root))

    def retire(self, snapshot: SnapshotId) -> None:
        """Take the snapshot out of the tree; its storage stays."""
        self._storage.change(deletes.retire(self._tree, snapshot))

    def reclaim(self, snapshot: SnapshotId) -> None:
        """Give back the storage of a retired snapshot."""
        self._storage.change(deletes.reclaim(self._tree, snapshot))

    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""
        self._storage.change(changes.rename(self._tree, self._profile, snapshot, name))

    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""
        self._storage.change(changes.describe(self._tree, snapshot, description))

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        tree, sizes = self._tree, self._storage.disks
        if not isinstance(disk, str) or disk not in sizes:
            raise InvalidArgument(f"no disk {disk!r}; there are {', '.join(sizes) or 'none'}")
        last = (sizes[disk] - BLOCK_SIZE) // BLOCK_STRIDE
        if not _is_number(block, last):
            raise InvalidArgument(f"{disk} has the blocks 0 to {last}, not {block!r}")
        if not _is_number(value, 255):
            raise InvalidArgument(f"{value!r} is not a number from 0 to 255")
        self._reader.forget(disk, tree.active)
        with self._console.image(located(self._storage, disk, tree.active), write=True):
            self._console.write(block * BLOCK_STRIDE, value)

    def list(self) -> SnapshotIds:
        """All ids in order of creation."""
        return [*self._tree.snapshots]

    def children(self, snapshot: SnapshotId | None = None) -> SnapshotIds:
        """Children in order of creation; the roots for None."""
        tree = self._tree
        return tree.children(None if snapshot is None else find(tree, snapshot).id)

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""
        return find(self._tree, snapshot).parent

    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""
        return self._tree.current

    def lookup_by_name(self, name: str) -> SnapshotId:
        """The snapshot that has the name."""
        return find_by_name(self._tree, name).id

    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""
        return find(self._tree, snapshot).id

    def count(self) -> int:
        """How many snapshots are listed."""
        return len(self._tree.snapshots)

    def observe(self) -> dict[str, Json]:
        """Everything that can be seen; content is what QEMU reads from the images."""
        tree = self._tree
        base = self._reader.point(tree.base)
        return {
            "snapshots": [
                {
                    "id": snapshot.id,
                    "name": snapshot.name,
                    "parent": snapshot.parent,
                    "description": snapshot.description,
                    "uuid": snapshot.uuid,
                    "captured": snapshot.captured,
                    "point": self._reader.point(snapshot.layer),
                }
                for snapshot in tree.snapshots.values()
            ],
            "current": tree.current,
            "active": self._reader.point(tree.active),
            "base": {"disks": base["disks"], "configuration": base["configuration"]},
            "managed_save": None,
            "independent": {},
        }

    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of every whole disk, by snapshot id, ``active`` or ``base``, then by disk."""
        tree = self._tree
        layers = {snapshot.id: snapshot.layer for snapshot in tree.snapshots.values()}
        return digests_of(self._storage, self._tools, {**layers, "active": tree.active, "base": tree.base})

    def recover(self) -> None:
        """Finish or undo what was cut off. Every call does so by itself after one that failed."""
        self._storage.recover()

    def close(self) -> None:
        """Remove the folder with everything in it, unless it is to be kept."""
        if not self._keep:
            shutil.rmtree(self._storage.folder, ignore_errors=True)

    @property
    def _tree(self) -> Tree:
        self._storage.settle()
        return self._storage.tree


def _is_number(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
