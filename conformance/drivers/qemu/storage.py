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

import json
import os
import shutil
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.qemu.journal import Journal
from snaptree.conformance.drivers.qemu.tools import Tools, run
from snaptree.conformance.drivers.qemu.tree import Tree

_COPY: Final = ".new"


@dataclass(frozen=True)
class Fitting:
    """What has to happen to the images: by name, what each is or will be backed by."""

    made: dict[str, str]
    rebased: dict[str, str | None]
    gone: list[str]

    def files(self) -> list[str]:
        """Every file that appears or disappears on the way."""
        return [*self.made, *(name + _COPY for name in self.rebased), *self.gone]


class Storage:
    """A folder with images, a state file and a journal.

    ``tree`` and ``disks`` (sizes in bytes by id) are what is committed. Opening a
    folder recovers it; raises OSError or ValueError if it holds no domain.
    """

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder = folder
        self._tools = tools
        self._journal = Journal(folder)
        self.recover()

    def copied_to(self, folder: Path) -> Storage:
        """The same domain in another folder, which must not exist yet.

        Much faster than making one: nobody has to be asked what the copies are backed by.
        """
        self.settle()
        shutil.copytree(self.folder, folder)
        twin = copy(self)
        twin.folder = folder
        twin._journal = Journal(folder)
        twin._backing = dict(self._backing)
        return twin

    def image(self, disk: str, layer: int) -> str:
        """The file of a layer of a disk. Disks are numbered: no name becomes a file name."""
        return image_name(list(self.disks).index(disk), layer)

    def settle(self) -> None:
        """Recover, if an operation was cut off since this was last asked."""
        if self._unsettled:
            self.recover()

    def recover(self) -> None:
        """Finish or undo whatever was cut off: the state is then the one before it or after it."""
        self._unsettled = True
        self.tree: Tree
        self.disks: dict[str, int]
        self.tree, self.disks = self._journal.committed()
        pending = self._journal.pending()
        if pending is not None:
            named = self._images(self.tree)
            for name in pending.files:
                if name not in named:
                    (self.folder / name).unlink(missing_ok=True)
            self._journal.end()
        self._backing: dict[str, str | None] = self._survey()
        self._unsettled = False

    def change(self, after: Tree, operation: str) -> None:
        """Make the images fit a tree, and that the tree. Raises QemuError or OSError, nothing done.

        An error that comes after the commit point leaves the tree after.
        """
        fitting = self._fitting(after)
        self._unsettled = True
        try:
            if fitting.files():
                self._journal.begin(operation, fitting.files())
                self._prepare(fitting)
            self._journal.commit(after, self.disks)
            for name in fitting.gone:
                (self.folder / name).unlink()
            if fitting.files():
                self._journal.end()
        except BaseException:
            self.recover()
            raise
        self._unsettled = False
        self.tree = after
        self._backing.update(fitting.made)
        self._backing.update(fitting.rebased)
        for name in fitting.gone:
            del self._backing[name]

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

    def _prepare(self, fitting: Fitting) -> None:
        """Everything that needs time or space, up to the commit point."""
        commands = [self._tools.overlay(name, backing) for name, backing in fitting.made.items()]
        for name, backing in fitting.rebased.items():
            shutil.copyfile(self.folder / name, self.folder / (name + _COPY))
            commands.append(self._tools.rebase(name + _COPY, backing))
        run(commands, self.folder)
        for name in fitting.rebased:
            # It reads the same with either backing file, so the tree before is true of it as well.
            os.replace(self.folder / (name + _COPY), self.folder / name)

    def _images(self, tree: Tree) -> set[str]:
        layers = tree.layers()
        return {image_name(number, layer) for number in range(len(self.disks)) for layer in layers}

    def _survey(self) -> dict[str, str | None]:
        """What each image is backed by, as QEMU reads it."""
        names = sorted(self._images(self.tree))
        said = run([self._tools.info(name) for name in names], self.folder)
        return {name: json.loads(one).get("backing-filename") for name, one in zip(names, said, strict=True)}


def image_name(disk: int, layer: int) -> str:
    """The file name of a layer of the disk with that number."""
    return f"{disk}-{layer}.qcow2"


def make_blank(folder: Path, disks: Mapping[str, int], tools: Tools) -> None:
    """Make the images and the state file of a domain without snapshots whose disks read zero."""
    folder.mkdir()
    tree = Tree()
    numbered = list(enumerate(disks.values()))
    run([tools.create(image_name(number, tree.base), size=size) for number, size in numbered], folder)
    run(
        [tools.overlay(image_name(number, tree.active), image_name(number, tree.base)) for number, _ in numbered],
        folder,
    )
    Journal(folder).commit(tree, disks)
