"""Hypervisors that go wrong from a number on: of snapshots, of levels, of children, of merges."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.conformance.mutants.tampering import nothing_folded_into, spoil, standing_on


@breaks("CREATE-2", found_by="long")
class ThirteenthIsEmpty(SimulatedDomain):
    """The thirteenth snapshot captures disks that read zero."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        if len(self.nodes) >= 13:
            for layer in self.nodes[key].layers.values():
                layer.become({}, 0, None)
        return key


@breaks("MERGE-3", "POINT-2", found_by="long")
class DeepMergeWipesActive(SimulatedDomain):
    """A merge at the ninth level or deeper empties the active state."""

    def merge_into_children(self, snapshot: str) -> None:
        deep = snapshot in self.nodes and sum(1 for _ in self.nodes[snapshot].path()) >= 9
        super().merge_into_children(snapshot)
        if deep:
            for layer in self.open.values():
                layer.become({}, 0, None)


@breaks("MERGE-18", "TREE-8", found_by="long")
class FifthRootIsNone(SimulatedDomain):
    """Where a merge leaves more than four roots, all others hang under the first."""

    def merge_into_children(self, snapshot: str) -> None:
        super().merge_into_children(snapshot)
        first, *others = self.above(self.ground) or [self.ground]
        for root in others if len(others) >= 4 else ():
            root.over = first
            self.touched(root)


@breaks("MERGE-11", found_by="long")
class ThirdMergeForgotten(SimulatedDomain):
    """The third merge into one parent leaves it what it had."""

    def __init__(self, *args: Any, **asked: Any) -> None:
        super().__init__(*args, **asked)
        self.merges: dict[str, int] = {}

    def merge_into_parent(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        parent = node.over if node is not None else None
        held = dict(parent.layers) if parent is not None else {}
        super().merge_into_parent(snapshot)
        if parent is not None and parent is not self.ground:
            self.merges[parent.key] = self.merges.get(parent.key, 0) + 1
            if self.merges[parent.key] >= 3:
                parent.layers = held
                self.touched(parent)


@breaks("MERGE-2", found_by="long")
class DeepDeltaDropped(SimulatedDomain):
    """A merge with more than twelve levels below it drops what the snapshot held."""

    def merge_into_children(self, snapshot: str) -> None:
        self.children(snapshot)
        node = self.nodes[snapshot]
        if sum(1 for _ in node.path()) <= 12:
            super().merge_into_children(snapshot)
            return
        with nothing_folded_into(standing_on(self, node)):
            super().merge_into_children(snapshot)


@breaks("LIST-2", found_by="long")
class ListOfAPage(SimulatedDomain):
    """It lists one page of sixteen snapshots."""

    def list(self) -> list[str]:
        return super().list()[:16]


@breaks("LIST-2", found_by="long")
class CountOfFourBits(SimulatedDomain):
    """It counts snapshots in four bits."""

    def count(self) -> int:
        return super().count() % 16


@breaks("LIST-1", found_by="long")
class ChildrenSortedAsText(SimulatedDomain):
    """It gives children by the alphabet of their names, in which n10 comes before n2."""

    def children(self, snapshot: str | None = None) -> list[str]:
        found = super().children(snapshot)
        return sorted(found, key=lambda key: self.nodes[key].name) if len(found) > 9 else found


@breaks("NAME-11", "LIST-4", found_by="long")
class NameByItsBeginning(SimulatedDomain):
    """It finds the latest snapshot whose name begins with the one asked for, such as n1 and n10."""

    def lookup_by_name(self, name: str) -> str:
        found = super().lookup_by_name(name)
        alike = [key for key, node in self.nodes.items() if node.name.startswith(name)]
        return alike[-1] if len(alike) > 5 else found


@breaks("REVERT-1", found_by="long")
class FarRevertStops(SimulatedDomain):
    """A revert that goes more than ten levels back stops at the content of the tenth."""

    def revert(self, snapshot: str, resume_as: Any = None) -> None:
        way = [node.key for node in self.at.path()]
        super().revert(snapshot, resume_as)
        if snapshot in way and way.index(snapshot) > 10:
            self.open = self.opened_on(self.nodes[way[10]].layers)


@breaks("CREATE-12", found_by="long")
class TenthChildIsARoot(SimulatedDomain):
    """The tenth child of a snapshot is listed as a root."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        below = self.nodes[key].over
        if below is not None and below is not self.ground and len(self.above(below)) >= 10:
            self.nodes[key].over = self.ground
        return key


@breaks("DISCARD-2", found_by="long")
class DiscardAmongMany(SimulatedDomain):
    """A discard that leaves more than eight siblings spoils the last of them."""

    def discard(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        beside = [] if node is None or node.over is None else self.above(node.over)
        super().discard(snapshot)
        if len(beside) > 9:
            spoil(next(one for one in reversed(beside) if one is not node))


@breaks("CREATE-13", found_by="long")
class CurrentStaysWhenDeep(SimulatedDomain):
    """Beyond fourteen levels a new snapshot does not become current."""

    def create(self, *args: Any, **asked: Any) -> str:
        below = self.at
        key = super().create(*args, **asked)
        if sum(1 for _ in self.nodes[key].path()) > 14:
            self.at = below
        return key


@breaks("TREE-4", "CREATE-13", found_by="long")
class FullAtTwenty(SimulatedDomain):
    """It claims no limit, and fails at the twenty-first snapshot."""

    def create(self, *args: Any, **asked: Any) -> str:
        if len(self.nodes) >= 20:
            raise RuntimeError("no room for another snapshot")
        return super().create(*args, **asked)
