"""QEMU's images changed in place, as its manual says: qemu-img create -b, commit, rebase, resize.

The driver ``qemu`` works on copies in an order that loses nothing; it judges that order. This one makes the
calls that an administrator makes, on the images in use, so it judges qemu-img. Where qemu-img fails between
two disks, what it did stays. Each call cites the page of QEMU's documentation that recommends it:
``tools/qemu-img`` and ``interop/live-block-operations``, under https://www.qemu.org/docs/master/.

The tree is the driver's own (``kit.kept_tree``): qemu-img knows images and backing files only.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import ClassVar

from snaptree.conformance.driver import DEFAULT_DISKS, Json, SnapshotId
from snaptree.conformance.drivers.kit.blocks import check_disk, check_size, check_write, check_writes
from snaptree.conformance.drivers.kit.kept_tree import KeptDomain, KeptTree, deletes
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools, run
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.qemu.image_driver import ImageDriver
from snaptree.conformance.drivers.qemu.programs import SETTINGS
from snaptree.conformance.drivers.qemu.reading import Reader, console_path, digests_of
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE


class InPlaceDomain(KeptDomain):
    """A folder of images, one for each layer and disk."""

    def __init__(
        self,
        folder: Path,
        disks: Mapping[str, int],
        profile: Profile,
        tools: Tools,
        console: Console,
        *,
        keep: bool = False,
    ) -> None:
        self.folder, self.disks, self.profile = folder, tuple(disks), profile
        self._tools, self._console, self._keep = tools, console, keep
        self._tree = KeptTree()
        self._numbers = count(2)
        self._files = {self._tree.base: 0, self._tree.active: 1}
        """The number of the image of each layer: a commit moves a layer into the image below it."""
        self._below: dict[int, int] = {1: 0}
        """The image that each image is backed by."""
        self._reader = Reader(self, console)
        folder.mkdir()
        for disk, size in disks.items():
            self._run(tools.create(self.image(disk, self._tree.base), size=size))
            self._run(tools.overlay(self.image(disk, self._tree.active), self.image(disk, self._tree.base)))

    # --- where things lie -----------------------------------------------------

    def tree(self) -> KeptTree:
        """The tree as the last call left it."""
        return self._tree

    def image(self, disk: str, layer: int) -> str:
        """The file of a layer of a disk. Disks are numbered: no name becomes a file name."""
        return self._name(disk, self._files[layer])

    def chain(self, image: str) -> Iterator[str]:
        """The image and its backing files, from top to bottom."""
        disk, _, number = image.removesuffix(".qcow2").partition("-")
        file: int | None = int(number)
        while file is not None:
            yield f"{disk}-{file}.qcow2"
            file = self._below.get(file)

    def point(self, layer: int) -> dict[str, Json]:
        """The content of a layer's images, as QEMU reads it."""
        return self._reader.point(layer)

    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of every whole disk, by snapshot id, ``active`` or ``base``, then by disk."""
        layers = {snapshot.id: snapshot.layer for snapshot in self._tree.nodes}
        layers |= {"active": self._tree.active, "base": self._tree.base}
        return digests_of(self, self._tools, layers)

    # --- the tree -------------------------------------------------------------

    def change(self, after: KeptTree) -> None:
        """Make the new layer, rebase what builds on a layer that goes, and remove that layer."""
        before, kept = self._tree, after.layers()
        if after.active not in before.layers():
            self._overlay(after.active, after.layer_of(after.current))
        gone = {self._files[layer] for layer in before.layers() - kept}
        for layer in kept & before.layers():
            file = self._files[layer]
            if self._below.get(file) in gone:
                self._rebase(file, next(one for one in self._files_below(file) if one not in gone))
        for layer in before.layers() - kept:
            self._remove(layer)
        self._tree = after

    def _files_below(self, file: int) -> Iterator[int]:
        while file in self._below:
            file = self._below[file]
            yield file

    @translate_errors
    def merge_into_parent(self, snapshot: SnapshotId) -> None:
        """The parent's point becomes this snapshot's point; this one goes."""
        self._commit(snapshot, deletes.merge_into_parent(self._tree, snapshot))

    @translate_errors
    def merge_into_parent_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same, destroying the parent's other dependents."""
        forced = deletes.merge_into_parent(self._tree, snapshot, forced=True, resume_as=resume_as)
        self._commit(snapshot, forced)

    def _commit(self, snapshot: SnapshotId, after: KeptTree) -> None:
        before = self._tree
        merged = before.node(snapshot)
        top, base = self._files[merged.layer], self._files[before.layer_of(merged.parent)]
        after, lost = self._without_garbage(after, top, base)
        # Overlays of the base that are not in the chain read garbage after a commit (tools/qemu-img,
        # commit): they are the casualties that the caller accepted, so they go first.
        for layer in before.layers() - after.layers() - lost - {before.layer_of(merged.parent)}:
            self._remove(layer)
        self._fold(top, base)
        for layer in lost:
            self._remove(layer)
        self._remove(merged.layer)
        del self._files[before.layer_of(merged.parent)]
        self._files[merged.layer] = base
        if after.active not in before.layers():
            self._overlay(after.active, after.layer_of(after.current))
        self._tree = after

    def _without_garbage(self, after: KeptTree, top: int, base: int) -> tuple[KeptTree, frozenset[int]]:
        """The tree without the layers of retired snapshots that a commit into ``base`` changes, and these."""
        lost = {
            key: replace(gone, layer=None)
            for key, gone in after.retired.items()
            if gone.layer is not None
            and base in self._files_below(self._files[gone.layer])
            and top not in self._files_below(self._files[gone.layer])
        }
        layers = {after.retired[key].layer for key in lost}
        return replace(after, retired={**after.retired, **lost}), frozenset(
            one for one in layers if one is not None
        )

    def _fold(self, top: int, base: int) -> None:
        """Commit an image of every disk into one below it, which then is below what built on it."""
        for disk in self.disks:
            # -d: the image is removed afterwards, so it need not be emptied. "-b", "the base image": of a
            # retired snapshot there may be an image in between.
            below = ["-b", self._name(disk, base)]
            self._run(
                [self._tools.qemu_img, "commit", "-q", "-d", "-f", "qcow2", *below, self._name(disk, top)]
            )
            size = self._size(self._name(disk, top))
            if self._size(self._name(disk, base)) > size:
                # A commit enlarges a smaller backing file, and leaves a larger one to the caller.
                self._resize(disk, base, size)
        for file in self._built_on(top):
            # Unsafe mode is for this: the content below has only moved to another file.
            self._rebase(file, base, "-u")

    def _built_on(self, file: int) -> list[int]:
        return [one for one, below in self._below.items() if below == file]

    # --- the disks of the active state ------------------------------------------

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        check_write(self._sizes(), disk, block, value)
        self._write(disk, {block: value})

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set several blocks of a disk; the image is opened once."""
        self._write(disk, check_writes(self._sizes(), disk, blocks))

    def _write(self, disk: str, blocks: Mapping[int, int]) -> None:
        self._reader.forget(disk, self._tree.active)
        with self._console.image(console_path(self, disk, self._tree.active), write=True):
            for block, value in blocks.items():
                self._console.write(block * BLOCK_STRIDE, value)

    @translate_errors
    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes."""
        check_disk(self.disks, disk)
        check_size(size)
        self._resize(disk, self._files[self._tree.active], size)

    def close(self) -> None:
        """Remove the folder with its content, unless ``keep`` is set."""
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- qemu-img ---------------------------------------------------------------

    def _name(self, disk: str, file: int) -> str:
        return f"{self.disks.index(disk)}-{file}.qcow2"

    def _run(self, command: list[str]) -> None:
        run([command], self.folder)

    def _overlay(self, layer: int, on: int) -> None:
        file = self._files[layer] = next(self._numbers)
        self._below[file] = self._files[on]
        for disk in self.disks:
            self._run(self._tools.overlay(self.image(disk, layer), self.image(disk, on)))

    def _rebase(self, file: int, on: int, *mode: str) -> None:
        for disk in self.disks:
            below = ["-b", self._name(disk, on), "-F", "qcow2"]
            rebase = [self._tools.qemu_img, "rebase", "-q", *mode, "-f", "qcow2", *below]
            self._run([*rebase, self._name(disk, file)])
        self._below[file] = on

    def _resize(self, disk: str, file: int, size: int) -> None:
        image = self._name(disk, file)
        self._run(self._tools.resize(image, size, was=self._size(image)))

    def _size(self, image: str) -> int:
        with self._console.image(f"{self.folder.name}/{image}"):
            return self._console.size()

    def _sizes(self) -> dict[str, int]:
        return {disk: self._size(self.image(disk, self._tree.active)) for disk in self.disks}

    def _remove(self, layer: int) -> None:
        file = self._files.pop(layer)
        self._below.pop(file, None)
        for disk in self.disks:
            (self.folder / self._name(disk, file)).unlink()


class InPlaceDriver(ImageDriver):
    """qemu-img, offline and in place. Settings as for ``ImageDriver``."""

    name = "qemu:in-place"
    settings: ClassVar[Mapping[str, str]] = SETTINGS
    own_profile = "qemu-in-place"
    prefix = "snaptree-in-place-"
    domain_class: ClassVar[type[InPlaceDomain]] = InPlaceDomain

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> InPlaceDomain:
        """A fresh domain of images that read zero; sizes in bytes."""
        return self.domain_class(
            self._next_folder(), disks, self.profile, self._tools, self._console, keep=self._keeps
        )
