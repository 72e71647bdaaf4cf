"""The calls of a domain with snapshots inside its images: the driver keeps the tree, QEMU the content."""

from __future__ import annotations

import shutil
import time
from collections import Counter

from snaptree.conformance.driver import Json, SnapshotId
from snaptree.conformance.drivers.kit.blocks import check_disk, check_size, check_write, check_writes
from snaptree.conformance.drivers.kit.kept_tree import KeptDomain, KeptTree, changes
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.qemu.internal.images import Content, Images, entry
from snaptree.spec.outcomes import InvalidName, Unsupported
from snaptree.spec.profiles import Profile


class InternalDomain(KeptDomain):
    """A folder of images, one for each disk, and the tree that gives their snapshots a meaning."""

    def __init__(self, images: Images, profile: Profile, *, keep: bool = False) -> None:
        self.profile = profile
        self.images, self._keep = images, keep
        self._tree = KeptTree()

    def tree(self) -> KeptTree:
        """The tree as the last call left it."""
        return self._tree

    @translate_errors
    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state; the new snapshot becomes current. QEMU judges the name."""
        if not isinstance(name, str):
            raise InvalidName(f"a name is text, not {name!r:.100}")
        request = changes.CreateRequest(name, description, uuid, memory, quiesce)
        now = time.time_ns() // 1000
        after, issued = changes.create(self._tree, self.profile, request, now=now, any_name=True)
        self.images.create(name)
        # Of two that bear one name, qemu-img finds the first: the tree keeps that one.
        if self._tree.find(name) is None:
            self._tree = after
        return issued

    def change(self, after: KeptTree) -> None:
        """Apply the snapshot that the active state is to grow from, then delete those that go.

        A snapshot has all its content: to delete one is a merge into what depends on it, and a discard where
        nothing does.
        """
        before = self._tree
        if after.active != before.active:
            if after.current is None:
                raise Unsupported("no snapshot holds what was before the first one")
            self.images.apply(after.current)
        for snapshot in before.snapshots:
            if snapshot not in after.snapshots:
                self.images.delete(snapshot)
        self._tree = after

    # --- the disks of the active state ------------------------------------------

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        check_write(self.images.sizes(), disk, block, value)
        self.images.write(disk, {block: value})

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set several blocks of a disk; the image is opened once."""
        self.images.write(disk, check_writes(self.images.sizes(), disk, blocks))

    @translate_errors
    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes."""
        check_disk(self.images.files, disk)
        check_size(size)
        self.images.resize(disk, size)

    # --- what is there ------------------------------------------------------------

    def observe(self) -> dict[str, Json]:
        """The snapshots that every image lists, in the driver's tree, and those that the tree lacks."""
        contents = {disk: self.images.content(disk) for disk in self.images.files}
        listed = [one for one in self._tree.nodes if all(held.find(one.id) for held in contents.values())]
        strangers = _strangers(contents, self._tree)
        disks = {disk: entry(held.now) for disk, held in contents.items()}
        return {
            "snapshots": [
                *(
                    {
                        "id": one.id,
                        "name": one.name,
                        "parent": one.parent,
                        "description": one.description,
                        "uuid": one.uuid,
                        "captured": one.captured,
                        "point": _point(contents, one.id),
                    }
                    for one in listed
                ),
                *({"id": shown, "name": name, "parent": None} for shown, name in strangers.items()),
            ],
            "current": self._tree.current,
            "active": {"disks": disks, "memory": None, "power": "off", "configuration": {}},
            "managed_save": None,
            "independent": {},
        }

    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of whole disks, by snapshot id or ``active``, then by disk.

        A disk of a snapshot that has another size now is left out: ``qemu-img convert -l`` reads as much of
        it as the disk has now (docs/findings/qemu-img-convert-snapshot-size.md).
        """
        seen = {"active": {disk: self.images.digest(disk) for disk in self.images.files}}
        for snapshot in self._tree.ids():
            seen[snapshot] = {
                disk: self.images.digest(disk, snapshot)
                for disk in self.images.files
                if self.images.content(disk).keeps_size(snapshot)
            }
        return seen

    def close(self) -> None:
        """Remove the folder with its content, unless ``keep`` is set."""
        if not self._keep:
            shutil.rmtree(self.images.folder, ignore_errors=True)


def _strangers(contents: dict[str, Content], tree: KeptTree) -> dict[str, str]:
    """The names in the lists of the images beyond those of the tree, by an id that no other snapshot has."""
    found: dict[str, str] = {}
    for held in contents.values():
        for name, times in Counter(one.name for one in held.snapshots).items():
            expected = tree.find(name) is not None
            for number in range(expected, times):
                found[f"{name} ({number + 1})" if number else name or "(empty)"] = name
    return found


def _point(contents: dict[str, Content], name: str) -> dict[str, Json]:
    found = {disk: held.find(name) for disk, held in contents.items()}
    disks = {disk: entry(one.inside) for disk, one in found.items() if one is not None}
    return {"disks": disks, "memory": None, "power": "off", "configuration": {}}
