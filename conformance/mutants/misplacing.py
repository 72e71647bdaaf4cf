"""Hypervisors whose tree is wrong after an operation, or that answer wrongly when asked for it."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks

# --- the tree ---------------------------------------------------------------------------


@breaks("CREATE-12")
class SiblingNotChild(SimulatedDomain):
    """A new snapshot is placed beside the current one instead of below it."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        below = self.nodes[key].over
        if below is not None and below.over is not None:
            self.nodes[key].over = below.over
        return key


@breaks("TREE-9", "NAME-4")
class RenamedBecomesCurrent(SimulatedDomain):
    """A snapshot that is renamed becomes the current one."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        self.at = self.nodes[snapshot]


@breaks("POWER-5", found_by="sampled")
class StopFlattensTree(SimulatedDomain):
    """When the domain stops, its latest snapshot is hung under the first."""

    def stop(self) -> None:
        super().stop()
        if len(self.nodes) > 2:
            first, *_, last = self.nodes.values()
            last.over = first
            self.touched(last)


@breaks("TREE-5", "TREE-3")
class PlainMergeTakesSiblings(SimulatedDomain):
    """A plain merge into the parent destroys the siblings instead of refusing."""

    def merge_into_parent(self, snapshot: str) -> None:
        super().merge_into_parent_forced(snapshot)


@breaks("MERGE-18")
class OrphansBecomeRoots(SimulatedDomain):
    """The children of a merged snapshot become roots."""

    def merge_into_children(self, snapshot: str) -> None:
        children = self.children(snapshot)
        super().merge_into_children(snapshot)
        for child in children:
            self.nodes[child].over = self.ground
            self.touched(self.nodes[child])


@breaks("MERGE-24")
class OrphansOfAPromotion(SimulatedDomain):
    """The children of a snapshot that is merged into its parent become roots."""

    def merge_into_parent(self, snapshot: str) -> None:
        children = self.children(snapshot)
        super().merge_into_parent(snapshot)
        for child in children:
            self.nodes[child].over = self.ground
            self.touched(self.nodes[child])


@breaks("MERGE-23", "TREE-3")
class MergedStays(SimulatedDomain):
    """A snapshot that was merged into its parent stays as an empty one above it."""

    def merge_into_parent(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        parent = node.over if node is not None else None
        super().merge_into_parent(snapshot)
        if node is not None and parent is not None:
            node.over = parent
            self.nodes[snapshot] = node
            self.touched(node)


@breaks("MERGE-25", "NAME-16")
class ParentTakesTheName(SimulatedDomain):
    """A parent takes the name of the snapshot that is merged into it."""

    def merge_into_parent(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        parent = node.over if node is not None else None
        super().merge_into_parent(snapshot)
        if node is not None and parent is not None and parent is not self.ground:
            parent.name = node.name
            self.touched(parent)


@breaks("MERGE-29", "TREE-10")
class CurrentLostInParent(SimulatedDomain):
    """After the current snapshot was merged into its parent none is current."""

    def merge_into_parent(self, snapshot: str) -> None:
        was_current = snapshot == self.current()
        super().merge_into_parent(snapshot)
        if was_current:
            self.at = self.ground


@breaks("FORCE-9", "TREE-9")
class ResetLeavesNoCurrent(SimulatedDomain):
    """After a forced discard has reset the active state no snapshot is current."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        before = self.at
        super().discard_forced(snapshot, resume_as)
        if self.at is not before:
            self.at = self.ground


@breaks("FORCE-5")
class ForcedSpoilsTheRest(SimulatedDomain):
    """A forced discard changes the parent of the discarded snapshot."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        node = self.nodes.get(snapshot)
        parent = node.over if node is not None else None
        super().discard_forced(snapshot, resume_as)
        if node is not None and parent is not None and parent is not self.ground:
            parent.layers = node.layers
            self.touched(parent)


@breaks("DISCARD-1", "TREE-3")
class DiscardTakesLeafParent(SimulatedDomain):
    """A discard also removes the parent if nothing else stands on that."""

    def discard(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        parent = node.over if node is not None else None
        super().discard(snapshot)
        alone = parent is not None and parent is not self.ground and parent is not self.at
        if alone and parent is not None and not self.above(parent):
            super().discard(parent.key)


@breaks("SUBTREE-5", found_by="sampled")
class GrandchildrenStay(SimulatedDomain):
    """Of a subtree only the root and its children go, and what was below them becomes roots."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        deep = [self.nodes[low] for child in self.children(snapshot) for low in self.children(child)]
        for node in deep:
            node.over = self.ground
            self.touched(node)
        super().remove_subtree(snapshot, keep_root)


@breaks("SUBTREE-7", "TREE-3")
class SubtreeTakesTheYounger(SimulatedDomain):
    """With a subtree go all siblings that are younger than its root."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        self.children(snapshot)
        node = self.nodes[snapshot]
        younger = (
            [] if node.over is None else [one for one in self.above(node.over) if one.number > node.number]
        )
        super().remove_subtree(snapshot, keep_root)
        for one in younger:
            super().remove_subtree(one.key)


@breaks("SUBTREE-3")
class KeptRootIsEmptied(SimulatedDomain):
    """A root of a subtree that is kept gets what its parent holds."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        super().remove_subtree(snapshot, keep_root)
        node = self.nodes.get(snapshot)
        if keep_root and node is not None and node.over is not None and node is not self.at:
            node.layers = node.over.layers
            self.touched(node)


@breaks("SUBTREE-4", "TREE-10")
class NoneCurrentAfterSubtree(SimulatedDomain):
    """When the current snapshot goes with a subtree none is current."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        before = self.at
        super().remove_subtree(snapshot, keep_root)
        if self.at is not before:
            self.at = self.ground


@breaks("RETIRE-7", "RETIRE-1")
class RetiredStaysParent(SimulatedDomain):
    """The children of a retired snapshot are listed as roots, since their parent is hidden."""

    def retire(self, snapshot: str) -> None:
        children = self.children(snapshot)
        super().retire(snapshot)
        for child in children:
            self.nodes[child].over = self.ground
            self.touched(self.nodes[child])


@breaks("RETIRE-9")
class RetiredKeepsItsName(SimulatedDomain):
    """The name of a retired snapshot stays in use."""

    def _free_name(self, name: str) -> None:
        retired, self.nodes = self.nodes, {**self.nodes, **self.hidden}
        try:
            super()._free_name(name)
        finally:
            self.nodes = retired


@breaks("RETIRE-10")
class RetiredUuidIsFree(SimulatedDomain):
    """The uuid of a retired snapshot can be taken at once."""

    def _admit_uuid(self, uuid: str | None) -> None:
        hidden, self.hidden = self.hidden, {}
        try:
            super()._admit_uuid(uuid)
        finally:
            self.hidden = hidden


# --- look-ups -----------------------------------------------------------------------------


@breaks("LIST-7", found_by="sampled")
class ParentOfRootIsItself(SimulatedDomain):
    """The parent of a root is said to be the root."""

    def parent(self, snapshot: str) -> str | None:
        return super().parent(snapshot) or snapshot


@breaks("LIST-8")
class CurrentIsTheLatest(SimulatedDomain):
    """Asked for the current snapshot, it names the latest."""

    def current(self) -> str | None:
        super().current()
        return next(reversed(self.nodes), None)


@breaks("LIST-4")
class FindsTheParentById(SimulatedDomain):
    """A look-up by id gives the parent, if there is one."""

    def lookup_by_id(self, snapshot: str) -> str:
        return self.parent(super().lookup_by_id(snapshot)) or snapshot


@breaks("NAME-12")
class NumberIsAPlace(SimulatedDomain):
    """A revert takes a name that is a number for a place in the list."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        name = self.nodes[snapshot].name if snapshot in self.nodes else ""
        keys = [*self.nodes]
        meant = name.isdecimal() and 0 < int(name) <= len(keys)
        super().revert(keys[int(name) - 1] if meant else snapshot, resume_as)


@breaks("NAME-28", settings=("names.policy=duplicates", "names.lookup=first-depth-first"))
class LatestBearerFound(SimulatedDomain):
    """Of several snapshots with one name it finds the latest."""

    def lookup_by_name(self, name: str) -> str:
        super().lookup_by_name(name)
        return [key for key, node in self.nodes.items() if node.name == name][-1]


# --- names and texts ------------------------------------------------------------------------


@breaks("NAME-13")
class OneUuidForAll(SimulatedDomain):
    """Snapshots get the uuid of their domain."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        if asked.get("uuid") is None:
            self.nodes[key].uuid = "5afe0000-0000-4000-8000-0000000000ff"
        return key


@breaks("NAME-16", "TREE-4")
class DescribeRenames(SimulatedDomain):
    """A snapshot that is described gets the description for a name as well."""

    def describe(self, snapshot: str, description: str) -> None:
        super().describe(snapshot, description)
        self.nodes[snapshot].name = description


@breaks("NAME-17", found_by="sampled")
class RenameForgetsDescription(SimulatedDomain):
    """A snapshot that is renamed loses its description."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        self.nodes[snapshot].description = ""


@breaks("NAME-18", found_by="values")
class RenameTrims(SimulatedDomain):
    """A rename leaves out blanks at both ends of the name."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name.strip() or name)


@breaks("NAME-19", found_by="sampled")
class DescribeAppends(SimulatedDomain):
    """A new description is put behind the old one."""

    def describe(self, snapshot: str, description: str) -> None:
        self.lookup_by_id(snapshot)
        super().describe(snapshot, self.nodes[snapshot].description + description)


@breaks("NAME-23")
class DescribeIsACapture(SimulatedDomain):
    """A snapshot that is described gets a new time of capture."""

    def describe(self, snapshot: str, description: str) -> None:
        super().describe(snapshot, description)
        self.nodes[snapshot].captured += 1000
