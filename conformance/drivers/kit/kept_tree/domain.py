"""The calls of a domain that is always off and whose tree the driver keeps: decide, then make storage fit."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

from snaptree.conformance.driver import Json, SnapshotId
from snaptree.conformance.drivers.kit.kept_tree import changes, deletes
from snaptree.conformance.drivers.kit.kept_tree.tree import KeptTree
from snaptree.conformance.drivers.kit.look_ups import LookUps
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.spec.outcomes import Unsupported
from snaptree.spec.profiles import Profile


@dataclass(frozen=True)
class LayerChanges:
    """What storage lacks to fit a tree: the ``new`` layer with the content of ``source``, and what goes.

    ``new`` is None where no layer is new.
    """

    new: int | None
    source: int
    gone: frozenset[int]


def layer_changes(before: KeptTree, after: KeptTree) -> LayerChanges:
    """What has to happen to the layers. Make the new one before any goes: it may be its source."""
    new = after.active if after.active not in before.layers() else None
    return LayerChanges(new, after.layer_of(after.current), before.layers() - after.layers())


class KeptDomain(LookUps):
    """Base of a domain: ``tree``, ``change``, ``point``, ``write_disk`` and ``close`` are left to write.

    ``most_retired`` is how many retired snapshots may keep their layers, None for any number.
    """

    profile: Profile
    most_retired: ClassVar[int | None] = None

    # --- left to write ------------------------------------------------------

    def tree(self) -> KeptTree:
        """The tree as it is committed."""
        raise NotImplementedError

    def change(self, after: KeptTree) -> None:
        """Make storage fit the tree, and that the tree; where it raises, the tree before holds."""
        raise NotImplementedError

    def point(self, layer: int) -> dict[str, Json]:
        """What a layer holds, in the form of an observation."""
        raise NotImplementedError

    # --- the calls ----------------------------------------------------------

    def translation(self, call: str) -> AbstractContextManager[None]:
        """Raise Unsupported for a call that the profile does not claim."""
        if not self.profile.claims(call):
            raise Unsupported(f"the profile {self.profile.name} does not claim {call}")
        return super().translation(call)

    def catalogue(self) -> KeptTree:
        """The tree as it is committed."""
        return self.tree()

    @translate_errors
    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state; the new snapshot becomes current."""
        request = changes.CreateRequest(name, description, uuid, memory, quiesce)
        now = time.time_ns() // 1000
        after, issued = changes.create(
            self.tree(), self.profile, request, now=now, most_retired=self.most_retired
        )
        self.change(after)
        return issued

    @translate_errors
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds."""
        self.change(changes.revert(self.tree(), snapshot, resume_as))

    @translate_errors
    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot; children and active state keep their content."""
        self.change(deletes.merge_into_children(self.tree(), snapshot))

    @translate_errors
    def merge_into_parent(self, snapshot: SnapshotId) -> None:
        """The parent's point becomes this snapshot's point; this one goes."""
        self.change(deletes.merge_into_parent(self.tree(), snapshot))

    @translate_errors
    def merge_into_parent_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same, destroying the parent's other dependents."""
        self.change(deletes.merge_into_parent(self.tree(), snapshot, forced=True, resume_as=resume_as))

    @translate_errors
    def discard(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot on which nothing depends."""
        self.change(deletes.discard(self.tree(), snapshot))

    @translate_errors
    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same, destroying all that depends on it."""
        self.change(deletes.discard(self.tree(), snapshot, forced=True, resume_as=resume_as))

    @translate_errors
    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Remove the subtree; the active state stays as it is."""
        self.change(deletes.remove_subtree(self.tree(), snapshot, keep_root))

    @translate_errors
    def retire(self, snapshot: SnapshotId) -> None:
        """Take the snapshot out of the tree; its storage stays."""
        self.change(deletes.retire(self.tree(), snapshot))

    @translate_errors
    def reclaim(self, snapshot: SnapshotId) -> None:
        """Give back the storage of a retired snapshot."""
        self.change(deletes.reclaim(self.tree(), snapshot))

    @translate_errors
    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""
        self.change(changes.rename(self.tree(), self.profile, snapshot, name))

    @translate_errors
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""
        self.change(changes.describe(self.tree(), snapshot, description))

    def observe(self) -> dict[str, Json]:
        """The tree, and what every layer that it speaks of holds."""
        tree = self.tree()
        base = self.point(tree.base)
        return {
            "snapshots": [
                {
                    "id": snapshot.id,
                    "name": snapshot.name,
                    "parent": snapshot.parent,
                    "description": snapshot.description,
                    "uuid": snapshot.uuid,
                    "captured": snapshot.captured,
                    "point": self.point(snapshot.layer),
                }
                for snapshot in tree.nodes
            ],
            "current": tree.current,
            "active": self.point(tree.active),
            "base": {"disks": base["disks"], "configuration": base["configuration"]},
            "managed_save": None,
            "independent": {},
        }
