"""The calls of one domain: decide, then make the images fit."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from snaptree.conformance.driver import Json, SnapshotId, SnapshotIds
from snaptree.conformance.drivers.qemu import changes, deletes
from snaptree.conformance.drivers.qemu.console import Console
from snaptree.conformance.drivers.qemu.reading import digest_of, point_of
from snaptree.conformance.drivers.qemu.storage import Storage
from snaptree.conformance.drivers.qemu.tools import Tools
from snaptree.conformance.drivers.qemu.tree import Tree
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


class QemuDomain:
    """A domain that is always off: a folder of images and the tree that gives them their meaning.

    A call that is refused raises a ``Refusal``; one that fails raises
    ``QemuError`` or ``OSError``, and the state is the one before it, or the one
    after it. ``console`` runs in ``folder`` or in one above it.
    """

    def __init__(self, storage: Storage, profile: Profile, tools: Tools, console: Console, prefix: str) -> None:
        self._storage = storage
        self._profile = profile
        self._tools = tools
        self._console = console
        self._prefix = prefix

    @property
    def folder(self) -> Path:
        """Where the images lie."""
        return self._storage.folder

    # --- the tree -----------------------------------------------------------

    def create(
        self, name: str, description: str = "", memory: bool = False, uuid: str | None = None, quiesce: bool = False
    ) -> SnapshotId:
        after, issued = changes.create(
            self._tree(), self._profile, now=time.time_ns() // 1000, name=name, description=description, uuid=uuid,
            memory=memory, quiesce=quiesce,
        )  # fmt: skip
        self._storage.change(after, "create")
        return issued

    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        self._storage.change(changes.revert(self._tree(), snapshot, resume_as), "revert")

    def merge_into_children(self, snapshot: SnapshotId) -> None:
        self._delete("merge_into_children", deletes.merge_into_children(self._tree(), snapshot))

    def merge_into_parent(self, snapshot: SnapshotId) -> None:
        self._delete("merge_into_parent", deletes.merge_into_parent(self._tree(), snapshot))
