"""The calls of one domain: the driver keeps the tree and fits the images to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.blocks import check_disk, check_size, check_write, check_writes
from snaptree.conformance.drivers.kit.callers import Gate
from snaptree.conformance.drivers.kit.kept_tree import KeptDomain, KeptTree
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.qemu.reading import Reader, console_path, digests_of
from snaptree.conformance.drivers.qemu.storage import Storage
from snaptree.spec.operations import KINDS
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE

MOST_RETIRED_LAYERS: Final = 32
"""How many retired snapshots may keep their layers.

They count for no limit on depth, yet each makes a chain longer, and qemu-io 7.2
dies on a chain of somewhat above 1,000. Beyond this number the next create folds
their layers; the snapshots stay retired.
"""


class QemuDomain(KeptDomain):
    """A domain that is always off: a folder of images, and the tree that gives them a meaning.

    A call that is refused raises a ``Refusal``. One that fails raises
    ``QemuError`` or ``OSError``, and leaves the state before it or the state
    after it. ``console`` runs in the folder above the domain's.
    """

    most_retired = MOST_RETIRED_LAYERS
    _changing = False
    """Whether a call of this caller has the images to itself: what it knows of them is then true."""

    def __init__(
        self, storage: Storage, profile: Profile, tools: Tools, console: Console, *, keep: bool = False
    ) -> None:
        self.profile = profile
        self._storage = storage
        self._tools = tools
        self._console = console
        self._reader = Reader(storage, console)
        self._keep = keep
        self._attached = False
        self._gate: Gate | None = None

    def attach(self) -> QemuDomain:
        """Another caller: it reads the tree again in each call, and has its turn when no other one has it."""
        other = copy(self)
        other._storage = self._storage.attached()
        other._reader = Reader(other._storage, self._console)
        other._attached, other._gate = True, None
        return other

    def hold_at(self, place: int | None) -> None:
        """Stop the next call that changes something before or after it commits; see ``Holds``."""
        gate = self._gate = Gate()
        gate.hold_at(place)
        self._storage.pass_by = gate.pass_by

    def held_at(self) -> str | None:
        """Where a call of this caller is stopped now."""
        return None if self._gate is None else self._gate.held_at()

    def let_go(self, *, fail: bool = False) -> None:
        """Let the call go on, or fail as with a tool that was ended."""
        if self._gate is not None:
            self._gate.let_go(fail=fail)

    def translation(self, call: str) -> AbstractContextManager[None]:
        """A call that changes something has its turn, or is refused as Busy."""
        looks = call in KINDS and KINDS[call].reads_only
        return super().translation(call) if looks else self._in_turn(call)

    @contextmanager
    def _in_turn(self, call: str) -> Iterator[None]:
        with super().translation(call), self._storage.changing():
            self._changing = True
            try:
                yield
            finally:
                self._changing = False

    @property
    def folder(self) -> Path:
        """The folder of the images."""
        return self._storage.folder

    def tree(self) -> KeptTree:
        """The committed tree, recovered if an operation was interrupted."""
        return self._storage.tree if self._changing else self._storage.committed()

    def observe(self) -> dict[str, Json]:
        """Everything, while no call changes an image."""
        with self._reading():
            return super().observe()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._storage.reading():
            self._changing = True
            try:
                yield
            finally:
                self._changing = False

    def change(self, after: KeptTree) -> None:
        """Fit the images to the tree, and commit it."""
        self._storage.change(after)

    def point(self, layer: int) -> dict[str, Json]:
        """The content of a layer's images, as QEMU reads it."""
        return self._reader.point(layer)

    @translate_errors
    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        tree = self.tree()
        check_write(self._storage.sizes(), disk, block, value)
        self._write(tree, disk, {block: value})

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set several blocks of a disk; the image is opened once."""
        with self._in_turn("write_disk"):
            self._write(self.tree(), disk, check_writes(self._storage.sizes(), disk, blocks))

    @translate_errors
    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes."""
        check_disk(self._storage.disks, disk)
        check_size(size)
        self._reader.forget(disk, self.tree().active)
        self._storage.resize(disk, size)

    def _write(self, tree: KeptTree, disk: str, blocks: Mapping[int, int]) -> None:
        self._storage.pass_by("before its write", lambda: OSError("the tool that writes was ended"))
        self._reader.forget(disk, tree.active)
        with self._console.image(console_path(self._storage, disk, tree.active), write=True):
            for block, value in blocks.items():
                self._console.write(block * BLOCK_STRIDE, value)

    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of every whole disk, by snapshot id, ``active`` or ``base``, then by disk."""
        with self._reading():
            tree = self.tree()
            layers = {snapshot.id: snapshot.layer for snapshot in tree.snapshots.values()}
            layers |= {"active": tree.active, "base": tree.base}
            return digests_of(self._storage, self._tools, layers)

    def recover(self) -> None:
        """Finish or undo an interrupted operation. Every call does so by itself after a failed one."""
        self._storage.recover()

    def release(self) -> None:
        """Let another driver open the folder as it is. Nothing else may be called afterwards."""
        self._storage.release()

    def close(self) -> None:
        """Remove the folder with its content, unless ``keep`` is set, and let it go; or end a caller."""
        if self._attached:
            self._storage.detach()
            return
        if not self._keep:
            shutil.rmtree(self._storage.folder, ignore_errors=True)
        self.release()
