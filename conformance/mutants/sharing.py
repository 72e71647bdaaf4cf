"""Hypervisors that keep for the whole host what belongs to one domain."""

from __future__ import annotations

from typing import Any, ClassVar

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.conformance.mutants.tampering import spoil
from snaptree.spec.outcomes import NameInUse


class OfAHost(SimulatedDomain):
    """A domain that knows the others that are open."""

    living: ClassVar[list[OfAHost]] = []

    def __init__(self, *args: Any, **asked: Any) -> None:
        super().__init__(*args, **asked)
        self.living.append(self)

    def close(self) -> None:
        self.living.remove(self)
        super().close()

    def others(self) -> list[OfAHost]:
        """The other domains of its kind that are open."""
        return [one for one in self.living if one is not self and type(one) is type(self)]


@breaks("TREE-4", "NAME-20", found_by="side-by-side")
class NamesOfTheHost(OfAHost):
    """A name that a snapshot of another domain bears is in use."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        if any(node.name == name for other in self.others() for node in other.nodes.values()):
            raise NameInUse(f"{name!r} is in use")
        return super().create(name, *args, **asked)


@breaks("ACTIVE-1", "POINT-1", found_by="side-by-side")
class WritesReachNeighbour(OfAHost):
    """A write to a disk reaches the disk of that id in every other domain."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        super().write_disk(disk, block, value)
        for other in self.others():
            if disk in other.open:
                other.open[disk].write(block, value)


@breaks("NAME-12", "REVERT-1", "POINT-1", found_by="side-by-side")
class ContentByName(OfAHost):
    """What snapshots hold is kept by their name: of two domains the later one overwrites the earlier."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        key = super().create(name, *args, **asked)
        for other in self.others():
            for node in other.nodes.values():
                if node.name == name:
                    node.layers = self.nodes[key].layers
                    other.touched(node)
        return key


@breaks("LIST-5", found_by="side-by-side")
class CloseEmptiesNeighbours(OfAHost):
    """When a domain is closed, the latest snapshots of the others are spoilt."""

    def close(self) -> None:
        others = self.others()
        super().close()
        for other in others:
            for node in [*other.nodes.values()][-1:]:
                spoil(node)


@breaks("TREE-10", "TREE-9", found_by="side-by-side")
class OneCurrentForAll(OfAHost):
    """A revert in one domain makes the first snapshot current in the others."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        for other in self.others():
            if other.nodes:
                other.at = next(iter(other.nodes.values()))
