"""The images of one domain, made to fit a tree.

Every operation ends in the same three questions, answered by comparing the
layers that the tree before and the tree after speak of: which layer is new,
which layers go, and which layers that stay are backed by one that goes. The
last are given the nearest backing file that stays, in QEMU's safe mode, which
keeps what they read. So a merge in either direction is the same work: of the
parent's layer and the snapshot's layer, the one that nobody speaks of goes.

No image in use is changed in place. QEMU works on copies under other names,
which replace the images only when all of it has succeeded; until then a lack of
space, an error or a kill has cost nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.qemu.state_file import STATE_NEW, commit, committed, locked
from snaptree.conformance.drivers.qemu.tools import Tools, run
from snaptree.conformance.drivers.qemu.tree import Tree

_COPY: Final = ".new"

_OURS: Final = re.compile(rf"{re.escape(STATE_NEW)}|[0-9]+-[0-9]+\.qcow2(\.new|\.raw)?")
"""The files that a call makes; nothing else is ever removed from a folder that somebody gave us."""

_HEADER: Final = struct.Struct(">4sIQI")
"""How a qcow2 image begins: magic, version, offset and length of the name of its backing file."""


@dataclass(frozen=True)
class Fitting:
    """What has to happen to the images: by name, what each is or will be backed by."""

    made: dict[str, str]
    rebased: dict[str, str | None]
    gone: list[str]


class Storage:
    """A folder with images and a state file.

    ``tree`` and ``disks`` (sizes in bytes by id) are what is committed. Opening a
    folder recovers it; raises OSError or ValueError if it holds no domain.
    """

    tree: Tree
    disks: dict[str, int]
    _backing: dict[str, str | None]

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder = folder
        self._tools = tools
        self.recover()

    def copied_to(self, folder: Path) -> Storage:
        """The same domain in another folder, which must not exist yet. No process is run."""
        self.settle()
        with _gone_if_it_fails(folder):
            shutil.copytree(self.folder, folder)
        twin = copy(self)
        twin.folder = folder
        twin._backing = dict(self._backing)
        return twin

    def image(self, disk: str, layer: int) -> str:
        """The file of a layer of a disk. Disks are numbered: no name becomes a file name."""
        return image_name(list(self.disks).index(disk), layer)

    def chain(self, image: str) -> Iterator[str]:
        """The image, what it is backed by, and so on down."""
        name: str | None = image
        while name is not None:
            yield name
            name = self._backing[name]

    def settle(self) -> None:
        """Recover, if an operation was cut off since this was last asked."""
        if self._unsettled:
            self.recover()

    def recover(self) -> None:
        """Finish or undo whatever was cut off: the state is then the one before it or after it."""
        with locked(self.folder):
            self._recover()

    def change(self, after: Tree) -> None:
        """Make the images fit a tree, and that the tree. Raises QemuError or OSError, nothing done.

        An error that comes after the commit point leaves the tree after.
        """
        fitting = self._fitting(after)
        with locked(self.folder) as lock:
            self._unsettled = True
            try:
                self._prepare(fitting, lock)
                commit(self.folder, after, self.disks)
                for name in fitting.gone:
                    (self.folder / name).unlink()
            except BaseException:
                self._recover()
                raise
            self._unsettled = False
        self.tree = after
        self._backing.update(fitting.made)
        self._backing.update(fitting.rebased)
        for name in fitting.gone:
            del self._backing[name]

    def _recover(self) -> None:
        self._unsettled = True
        self.tree, self.disks = committed(self.folder)
        named = self._images(self.tree)
        for path in list(self.folder.iterdir()):
            if path.name not in named and _OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)
        self._backing = {name: backing_of(self.folder / name) for name in named}
        self._unsettled = False

    def _fitting(self, after: Tree) -> Fitting:
        """What the images lack to fit the tree."""
        have, want = self._images(self.tree), self._images(after)
        base = after.layer_of(after.current)
        made, rebased = {}, {}
        for disk in self.disks:
            active = self.image(disk, after.active)
            if active not in have:
                made[active] = self.image(disk, base)
        for name in want & have:
            backing = nearest = self._backing[name]
            while nearest is not None and nearest not in want:
                nearest = self._backing[nearest]
            if nearest != backing:
                rebased[name] = nearest
        return Fitting(made, rebased, sorted(have - want))

    def _prepare(self, fitting: Fitting, lock: int) -> None:
        """Everything that needs time or space, up to the commit point."""
        commands = [self._tools.overlay(name, backing) for name, backing in fitting.made.items()]
        for name, backing in fitting.rebased.items():
            shutil.copyfile(self.folder / name, self.folder / (name + _COPY))
            commands.append(self._tools.rebase(name + _COPY, backing))
        run(commands, self.folder, lock=lock)
        for name in fitting.rebased:
            # It reads the same with either backing file, so the tree before is true of it as well.
            os.replace(self.folder / (name + _COPY), self.folder / name)

    def _images(self, tree: Tree) -> set[str]:
        layers = tree.layers()
        return {image_name(number, layer) for number in range(len(self.disks)) for layer in layers}


def image_name(disk: int, layer: int) -> str:
    """The file name of a layer of the disk with that number."""
    return f"{disk}-{layer}.qcow2"


def backing_of(image: Path) -> str | None:
    """The backing file that the header of a qcow2 image names.

    Two fields of docs/interop/qcow2.txt, instead of a process for every image of
    a domain. Raises ValueError if it is no such image.
    """
    with image.open("rb") as content:
        header = content.read(_HEADER.size)
        magic, _, offset, length = _HEADER.unpack(header.ljust(_HEADER.size, b"\0"))
        if magic != b"QFI\xfb":
            raise ValueError(f"{image} is not a qcow2 image")
        content.seek(offset)
        return content.read(length).decode() if offset else None


def make_blank(folder: Path, disks: Mapping[str, int], tools: Tools) -> None:
    """Make the images and the state file of a domain without snapshots whose disks read zero."""
    tree = Tree()
    empty = [
        tools.create(image_name(number, tree.base), size=size) for number, size in enumerate(disks.values())
    ]
    active = [
        tools.overlay(image_name(number, tree.active), image_name(number, tree.base))
        for number in range(len(disks))
    ]
    with _gone_if_it_fails(folder):
        folder.mkdir()
        run(empty, folder)
        run(active, folder)
        commit(folder, tree, disks)


@contextmanager
def _gone_if_it_fails(folder: Path) -> Iterator[None]:
    """Half a domain only takes up space."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
