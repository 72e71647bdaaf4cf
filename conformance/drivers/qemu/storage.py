"""Fits the images of one domain to a tree.

Every operation compares the layers of the tree before and of the tree after: which layers are new, which
are removed, and which of the others are backed by a removed one. The last get the nearest remaining backing
file, in QEMU's safe mode, which keeps their content. A merge in either direction is therefore the same
work: of the parent's layer and the snapshot's layer, the unreferenced one is removed.

No image in use is changed in place. QEMU works on copies under other names, which replace the images only
when all steps have succeeded. Until then a full disk, an error or a kill loses nothing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Final

from snaptree.conformance.drivers.kit.kept_tree import KeptTree
from snaptree.conformance.drivers.kit.qemu_images.qcow2 import backing_of, size_of
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools, run
from snaptree.conformance.drivers.qemu.state_file import STATE_NEW, FolderLock, commit, read_state
from snaptree.spec.outcomes import Busy

_COPY: Final = ".new"

PassBy = Callable[[str, Callable[[], Exception]], None]
"""Is told of each place of a call, with what makes an error if the call is to fail there."""


def _nowhere(_place: str, _error: Callable[[], Exception]) -> None:
    """No call is held."""


def _failed() -> Exception:
    return OSError("the tool that made the images was ended")


_OURS: Final = re.compile(rf"{re.escape(STATE_NEW)}|[0-9]+-[0-9]+\.qcow2(\.new|\.raw)?")
"""The files that a call makes; nothing else is ever removed from a folder that somebody gave us."""


@dataclass(frozen=True)
class Fitting:
    """The changes needed on the images: by name, the backing file of each."""

    made: dict[str, str]
    rebased: dict[str, str | None]
    gone: list[str]


class Sharing:
    """What the callers of one folder share: whose turn it is to change something, and how many they are.

    ``images`` is held by whoever changes images or reads them.
    """

    def __init__(self) -> None:
        self.turn = RLock()
        self.images = RLock()
        self.callers = 1


class Storage:
    """A folder with images and a state file.

    ``tree`` and ``disks`` (sizes in bytes by id, before the first resize) are the committed ones.
    Opening a folder recovers it; raises OSError or ValueError if it holds no domain, FolderInUse if another
    one has it open.
    """

    tree: KeptTree
    disks: dict[str, int]
    _backing: dict[str, str | None]

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder = folder
        self._tools = tools
        self._lock = FolderLock(folder)
        self._sharing = Sharing()
        self.pass_by: PassBy = _nowhere
        try:
            self.recover()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let another one open the folder. Nothing may be called afterwards."""
        self._lock.release()

    def copied_to(self, folder: Path) -> Storage:
        """The same domain in another folder, which must not exist. Runs no process."""
        self.settle()
        with _gone_if_it_fails(folder):
            shutil.copytree(self.folder, folder)
        twin = copy(self)
        twin.folder = folder
        twin._lock = FolderLock(folder)
        twin._sharing = Sharing()
        twin._backing = dict(self._backing)
        return twin

    def attached(self) -> Storage:
        """The same folder for another caller, who keeps a tree and backing files of its own."""
        other = copy(self)
        other._backing = dict(self._backing)
        other.pass_by = _nowhere
        self._sharing.callers += 1
        return other

    def detach(self) -> None:
        """This caller is gone; the others keep the folder."""
        self._sharing.callers -= 1

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Have the turn, with the images to itself; raises Busy if another caller has it."""
        if not self._sharing.turn.acquire(blocking=False):
            raise Busy("another call is changing the domain")
        try:
            with self.reading():
                yield
        finally:
            self._sharing.turn.release()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have the images to itself, and know them as the last call of any caller left them."""
        with self._sharing.images:
            self.settle()
            if self._sharing.callers > 1:
                self.tree, self.disks = read_state(self.folder)
                self._backing = {name: backing_of(self.folder / name) for name in self._images(self.tree)}
            yield

    def committed(self) -> KeptTree:
        """The tree that was committed last, by whichever caller; waits for no call that is under way."""
        if self._sharing.callers > 1:
            return read_state(self.folder)[0]
        self.settle()
        return self.tree

    def image(self, disk: str, layer: int) -> str:
        """The file of a layer of a disk. Disks are numbered: no name becomes a file name."""
        return image_name(list(self.disks).index(disk), layer)

    def chain(self, image: str) -> Iterator[str]:
        """The image and its backing files, from top to bottom."""
        name: str | None = image
        while name is not None:
            yield name
            name = self._backing[name]

    def settle(self) -> None:
        """Recover, if an operation was interrupted since the last call."""
        if self._unsettled:
            self.recover()

    def recover(self) -> None:
        """Finish or undo an interrupted operation; the state is then the one before it or after it."""
        self._unsettled = True
        self.tree, self.disks = read_state(self.folder)
        named = self._images(self.tree)
        for path in list(self.folder.iterdir()):
            if path.name not in named and _OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)
        self._backing = {name: backing_of(self.folder / name) for name in named}
        self._unsettled = False

    def change(self, after: KeptTree) -> None:
        """Fit the images to a tree, and commit it. Raises QemuError or OSError with the tree unchanged.

        An error after the commit point leaves the tree after.
        """
        fitting = self._fitting(after)
        self._unsettled = True
        try:
            self.pass_by("before its images are made", _failed)
            self._prepare(fitting, self._lock.descriptor)
            self.pass_by("before its commit", _failed)
            commit(self.folder, after, self.disks)
            self.pass_by("after its commit", _failed)
            for name in fitting.gone:
                (self.folder / name).unlink()
        except BaseException:
            self.recover()
            raise
        self._unsettled = False
        self.tree = after
        self._backing.update(fitting.made)
        self._backing.update(fitting.rebased)
        for name in fitting.gone:
            del self._backing[name]

    def sizes(self) -> dict[str, int]:
        """The size of each disk of the active state in bytes."""
        return {disk: size_of(self.folder / self.image(disk, self.tree.active)) for disk in self.disks}

    def resize(self, disk: str, size: int) -> None:
        """Give a disk of the active state another size: a resized copy takes the place of its image."""
        image = self.image(disk, self.tree.active)
        copied = image + _COPY
        self._unsettled = True
        try:
            self.pass_by("before its images are made", _failed)
            shutil.copyfile(self.folder / image, self.folder / copied)
            was = size_of(self.folder / image)
            run([self._tools.resize(copied, size, was=was)], self.folder, lock=self._lock.descriptor)
            self.pass_by("before its commit", _failed)
            os.replace(self.folder / copied, self.folder / image)
            self.pass_by("after its commit", _failed)
        except BaseException:
            self.recover()
            raise
        self._unsettled = False

    def _fitting(self, after: KeptTree) -> Fitting:
        """The changes that the images need to fit the tree."""
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
        """All work that needs time or space, before the commit point."""
        commands = [self._tools.overlay(name, backing) for name, backing in fitting.made.items()]
        for name, backing in fitting.rebased.items():
            shutil.copyfile(self.folder / name, self.folder / (name + _COPY))
            commands.append(self._tools.rebase(name + _COPY, backing))
        run(commands, self.folder, lock=lock)
        for name in fitting.rebased:
            # It reads the same with either backing file, so the tree before is true of it as well.
            os.replace(self.folder / (name + _COPY), self.folder / name)

    def _images(self, tree: KeptTree) -> set[str]:
        layers = tree.layers()
        return {image_name(number, layer) for number in range(len(self.disks)) for layer in layers}


def image_name(disk: int, layer: int) -> str:
    """The file name of a layer of the disk with that number."""
    return f"{disk}-{layer}.qcow2"


def make_blank(folder: Path, disks: Mapping[str, int], tools: Tools) -> None:
    """Make the images and the state file of a domain without snapshots whose disks read zero."""
    tree = KeptTree()
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
    """Remove an incomplete domain if the body fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
