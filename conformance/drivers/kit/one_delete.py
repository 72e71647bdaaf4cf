"""For a hypervisor with one *delete*: look first, and call it only where it does what was asked for.

ESX, VirtualBox and libvirt have one call that removes a snapshot. It merges the snapshot into what depends on
it, and where nothing depends on it, it discards the content. The specification has two calls for that, and
refuses the one that would do the other's work. A driver that passes the wish on without a look loses data:
this module is the one place where that look is taken.

- ``merge_into_children`` is refused where nothing depends on the snapshot: the delete would discard it.
- ``discard`` is refused where anything depends on it, with the casualties: the delete would merge it.
- ``discard_forced`` reverts to the parent first where the active state grew from what goes. The delete
  would keep the active state otherwise, by a merge that was not asked for.
- ``remove_subtree`` keeps the active state, which is what the delete does by itself.

The look and the delete are two calls: whoever else changes the same machine between them is not seen.
"""

from __future__ import annotations

from typing import ClassVar

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.kit.catalogue import Catalogue
from snaptree.conformance.drivers.kit.refusals import TranslatesErrors, translate_errors
from snaptree.spec.operations import RESUME_AS
from snaptree.spec.outcomes import InvalidArgument, Unsupported, WouldDiscard


class OneDelete(TranslatesErrors):
    """Base of a domain: ``catalogue``, ``delete`` and ``revert_to`` are left to write.

    ``deletes_subtrees`` says that the hypervisor's delete can take everything below the snapshot along.
    """

    deletes_subtrees: ClassVar[bool] = True

    # --- left to write ------------------------------------------------------

    def catalogue(self) -> Catalogue:
        """The tree as it is now."""
        raise NotImplementedError

    def delete(self, snapshot: SnapshotId, *, with_children: bool) -> None:
        """The hypervisor's delete; with everything below it only where ``deletes_subtrees``."""
        raise NotImplementedError

    def revert_to(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """Make the active state what the snapshot holds: off, or as ``resume_as`` says."""
        raise NotImplementedError

    # --- may be written -----------------------------------------------------

    def check_resume(self, resume_as: str | None) -> None:
        """Raise InvalidArgument for no power state, Unsupported for one that is not offered: here for all."""
        if resume_as is None:
            return
        if resume_as not in RESUME_AS:
            raise InvalidArgument(f"{resume_as!r:.100} is none of {', '.join(RESUME_AS)}")
        raise Unsupported("a revert to a state other than the captured one is not claimed")

    def merge(self, snapshot: SnapshotId, dependents: int) -> None:
        """The delete of a snapshot that so many children, the active state among them, depend on."""
        assert dependents, "it would discard"
        self.delete(snapshot, with_children=False)

    def delete_below(self, snapshot: SnapshotId) -> None:
        """Delete what is below a snapshot, child by child, for a hypervisor without a call for that."""
        for child in self.catalogue().children(snapshot):
            self.delete_subtree(child)

    def delete_subtree(self, snapshot: SnapshotId) -> None:
        """Delete a snapshot with everything below it, from the leaves up where the delete takes one only."""
        if self.deletes_subtrees:
            self.delete(snapshot, with_children=True)
            return
        for one in leaves_first(self.catalogue(), snapshot):
            self.delete(one, with_children=False)

    # --- the calls ----------------------------------------------------------

    @translate_errors
    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Delete a snapshot that something depends on: the delete then is a merge."""
        catalogue = self.catalogue()
        catalogue.require(snapshot)
        dependents = len(catalogue.children(snapshot)) + (catalogue.current == snapshot)
        if not dependents:
            raise WouldDiscard("nothing depends on it", casualties=[snapshot])
        self.merge(snapshot, dependents)

    @translate_errors
    def discard(self, snapshot: SnapshotId) -> None:
        """Delete a snapshot that nothing depends on."""
        lost = casualties(self.catalogue(), snapshot)
        if lost:
            raise WouldDiscard("something depends on it", casualties=lost)
        self.delete(snapshot, with_children=False)

    @translate_errors
    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Revert to the parent if the active state would go too, then delete the subtree."""
        catalogue = self.catalogue()
        lost = casualties(catalogue, snapshot)
        self.check_resume(resume_as)
        if ACTIVE in lost:
            parent = catalogue.parent(snapshot)
            if parent is None:
                raise Unsupported("there is no revert to the base")
            self.revert_to(parent, resume_as)
        self.delete_subtree(snapshot)

    @translate_errors
    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Delete the subtree, with or without its top; the active state stays as it is."""
        self.catalogue().require(snapshot)
        if keep_root:
            self.delete_below(snapshot)
        else:
            self.delete_subtree(snapshot)


ACTIVE = "active"
"""What stands for the active state among casualties."""


def casualties(catalogue: Catalogue, snapshot: SnapshotId) -> list[str]:
    """What depends on a snapshot: everything below it, and ``active`` if the active state grew from there.

    Raises NoSuchSnapshot for a snapshot that is not listed.
    """
    catalogue.require(snapshot)
    below = catalogue.below(snapshot)
    return [*below, *([ACTIVE] if catalogue.current in (snapshot, *below) else [])]


def leaves_first(catalogue: Catalogue, snapshot: SnapshotId) -> list[SnapshotId]:
    """The snapshot and everything below it, every child before its parent."""
    found: list[SnapshotId] = []
    waiting = [snapshot]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += catalogue.children(one)
    return found[::-1]
