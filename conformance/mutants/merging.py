"""Hypervisors that merge wrongly, into the children or into the parent."""

from __future__ import annotations

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.conformance.mutants.tampering import nothing_folded_into, overwrite_parent, spoil, standing_on
from snaptree.spec.outcomes import WouldDiscard

# --- into the children ------------------------------------------------------------


@breaks("MERGE-2")
class DeltaDropped(SimulatedDomain):
    """A merge into the children drops what the snapshot held, and they keep only their own blocks."""

    def merge_into_children(self, snapshot: str) -> None:
        self.children(snapshot)  # an unknown id is refused here, as it should be
        with nothing_folded_into(standing_on(self, self.nodes[snapshot])):
            super().merge_into_children(snapshot)


@breaks("MERGE-2")
class SecondChildForgotten(SimulatedDomain):
    """A merge into the children reaches the first child and forgets the others."""

    def merge_into_children(self, snapshot: str) -> None:
        forgotten = [self.nodes[child] for child in self.children(snapshot)[1:]]
        with nothing_folded_into(layer for child in forgotten for layer in child.layers.values()):
            super().merge_into_children(snapshot)


@breaks("MERGE-17", "TREE-3")
class SubtreeDeleted(SimulatedDomain):
    """A merge into the children deletes the children as well, with all that is below them."""

    def merge_into_children(self, snapshot: str) -> None:
        children = self.children(snapshot)
        super().merge_into_children(snapshot)
        for child in children:
            self.remove_subtree(child)


@breaks("MERGE-4")
class CurrentNotMoved(SimulatedDomain):
    """The current snapshot is still current after it was merged into what grew from it."""

    def merge_into_children(self, snapshot: str) -> None:
        current = self.at
        super().merge_into_children(snapshot)
        self.at = current


@breaks("MERGE-19")
class LeafMergeDiscards(SimulatedDomain):
    """A merge of a snapshot on which nothing depends discards it instead of refusing."""

    def merge_into_children(self, snapshot: str) -> None:
        if self.children(snapshot) or snapshot == self.current():
            super().merge_into_children(snapshot)
        else:
            self.discard(snapshot)


@breaks("LIST-1")
class ReparentedGoLast(SimulatedDomain):
    """Children that get another parent by a merge are listed after all other snapshots."""

    def merge_into_children(self, snapshot: str) -> None:
        children = self.children(snapshot)
        super().merge_into_children(snapshot)
        for child in children:
            self.nodes[child] = self.nodes.pop(child)


@breaks("TREE-4")
class MergeFailsWhenCurrent(SimulatedDomain):
    """Merging the current snapshot into its children dies of an internal error."""

    def merge_into_children(self, snapshot: str) -> None:
        if snapshot == self.current():
            raise RuntimeError("block job failed: image is in use")
        super().merge_into_children(snapshot)


# --- into the parent --------------------------------------------------------------


@breaks("MERGE-26")
class MergedWithoutLooking(SimulatedDomain):
    """A merge into the parent overwrites it although siblings are stored relative to it."""

    def merge_into_parent(self, snapshot: str) -> None:
        try:
            super().merge_into_parent(snapshot)
        except WouldDiscard:
            # What qemu-img commit does: it knows one layer and its backing file, and no other overlay.
            overwrite_parent(self.nodes[snapshot])
            self.remove_subtree(snapshot)


@breaks("MERGE-14")
class AuntChanged(SimulatedDomain):
    """A merge into the parent changes the siblings of the parent."""

    def merge_into_parent(self, snapshot: str) -> None:
        parent = self.parent(snapshot)
        super().merge_into_parent(snapshot)
        if parent is not None:
            for sibling in self.children(self.parent(parent)):
                if sibling != parent:
                    spoil(self.nodes[sibling])


@breaks("MERGE-12")
class GrandchildChanged(SimulatedDomain):
    """A merge into the parent changes the grandchildren of the merged snapshot."""

    def merge_into_parent(self, snapshot: str) -> None:
        grandchildren = [below for child in self.children(snapshot) for below in self.children(child)]
        super().merge_into_parent(snapshot)
        for below in grandchildren:
            spoil(self.nodes[below])


@breaks("MERGE-16")
class BaseNotMerged(SimulatedDomain):
    """A merge of a root removes it and leaves the base as it was."""

    def merge_into_parent(self, snapshot: str) -> None:
        base = self.ground.layers
        super().merge_into_parent(snapshot)
        self.ground.layers = base


@breaks("MERGE-11", "NAME-27")
class CaptureTimeNotMoved(SimulatedDomain):
    """A merge gives the parent the content of the snapshot and leaves it its old time of capture."""

    def merge_into_parent(self, snapshot: str) -> None:
        times = {key: node.captured for key, node in self.nodes.items()}
        super().merge_into_parent(snapshot)
        for key, node in self.nodes.items():
            node.captured = times[key]
            self.touched(node)


@breaks("MERGE-28", "POINT-2")
class MergeResetsActive(SimulatedDomain):
    """Merging the current snapshot into its parent loses the unsaved writes."""

    def merge_into_parent(self, snapshot: str) -> None:
        was_current = snapshot == self.current()
        super().merge_into_parent(snapshot)
        if was_current:
            self.open = self.opened_on(self.at.layers)
