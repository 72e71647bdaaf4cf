"""Hypervisors that discard, force, remove subtrees or retire wrongly."""

from __future__ import annotations

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.conformance.mutants.tampering import nothing_folded_into, overwrite_parent, standing_on
from snaptree.simulator.admission import admit_snapshot
from snaptree.spec.outcomes import WouldDiscard

# --- discard ----------------------------------------------------------------------


@breaks("DISCARD-6")
class CasualtiesIncomplete(SimulatedDomain):
    """The refusal of a discard names the children and nothing that is below them."""

    def discard(self, snapshot: str) -> None:
        try:
            super().discard(snapshot)
        except WouldDiscard as refusal:
            below = self.children(snapshot)
            active = ["active"] if "active" in (refusal.casualties or ()) else []
            raise WouldDiscard(str(refusal), casualties=[*below, *active]) from None


@breaks("DISCARD-4", "DISCARD-5")
class ActiveNotCounted(SimulatedDomain):
    """The current snapshot is discarded as soon as it has no child, with what the guest holds."""

    def discard(self, snapshot: str) -> None:
        if snapshot == self.current() and not self.children(snapshot):
            self.discard_forced(snapshot)
        else:
            super().discard(snapshot)


@breaks("REFUSE-1")
class RefusedAfterTheWork(SimulatedDomain):
    """A merge into the parent notices the siblings, and refuses, when the parent is overwritten already."""

    def merge_into_parent(self, snapshot: str) -> None:
        try:
            super().merge_into_parent(snapshot)
        except WouldDiscard:
            overwrite_parent(self.nodes[snapshot])
            raise


@breaks("POINT-3")
class DiscardReachesBase(SimulatedDomain):
    """Discarding a root leaves its content in the base, as a merge would."""

    def discard(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        super().discard(snapshot)
        if node is not None and node.over is self.ground:
            self.ground.layers = node.layers


# --- force ------------------------------------------------------------------------


@breaks("FORCE-8")
class ForcedDiscardKeepsActive(SimulatedDomain):
    """A forced discard names the parent current and leaves the guest on the discarded content."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        stale = self.open
        super().discard_forced(snapshot, resume_as)
        self.open = stale


@breaks("FORCE-3")
class ForcedDiscardStartsGuest(SimulatedDomain):
    """A guest that ran before a forced discard took its state away runs on afterwards."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        super().discard_forced(snapshot, resume_as or self.power)


@breaks("FORCE-1")
class ForcedDiscardTakesParent(SimulatedDomain):
    """A forced discard takes the parent of the snapshot as well."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        super().discard_forced(self.parent(snapshot) or snapshot, resume_as)


# --- subtrees ---------------------------------------------------------------------


@breaks("SUBTREE-6")
class KeptRootRemoved(SimulatedDomain):
    """The root of a subtree is removed although it was to be kept."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        super().remove_subtree(snapshot, keep_root)
        if keep_root:
            super().remove_subtree(snapshot)


@breaks("SUBTREE-2")
class SubtreeTakesActive(SimulatedDomain):
    """Removing the subtree that the guest grew from reverts the guest to what is left."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        current = self.at
        super().remove_subtree(snapshot, keep_root)
        if self.at is not current:
            self.open = self.opened_on(self.at.layers)


# --- retire and reclaim -------------------------------------------------------------


@breaks("RETIRE-1")
class RetiredStillListed(SimulatedDomain):
    """A retired snapshot stays in the list until its storage is reclaimed."""

    def retire(self, snapshot: str) -> None:
        admit_snapshot(self, snapshot)


@breaks("LIST-2")
class RetiredCounted(SimulatedDomain):
    """The count of snapshots includes the retired ones."""

    def count(self) -> int:
        return super().count() + len(self.hidden)


@breaks("RETIRE-4")
class ReclaimDropsDelta(SimulatedDomain):
    """Reclaiming a retired snapshot throws away what others needed of it."""

    def reclaim(self, snapshot: str) -> None:
        retired = self.hidden.get(snapshot)
        with nothing_folded_into(standing_on(self, retired) if retired is not None else ()):
            super().reclaim(snapshot)


@breaks("RETIRE-6")
class RetiredBetweenForgotten(SimulatedDomain):
    """A merge into the children skips the retired layers between the snapshot and its children."""

    def merge_into_children(self, snapshot: str) -> None:
        retired = [layer for node in self.hidden.values() for layer in node.layers.values()]
        with nothing_folded_into(retired):
            super().merge_into_children(snapshot)
