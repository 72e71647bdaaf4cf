"""Hypervisors that confuse identities and names, or answer wrongly when asked for them."""

from __future__ import annotations

from itertools import count
from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.spec.outcomes import InvalidArgument, InvalidName, NameInUse, NoSuchSnapshot


@breaks("NAME-1")
class IdReused(SimulatedDomain):
    """A new snapshot gets the lowest number that is free, and so the id of one that is gone."""

    def next_id(self) -> str:
        return next(key for number in count(1) if (key := f"snap-{number}") not in self.nodes)


@breaks("NAME-4", "NAME-1")
class RenameChangesIdentity(SimulatedDomain):
    """A renamed snapshot gets a new id."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        self.nodes[snapshot].key = f"{snapshot}-renamed"
        self.touched(self.nodes[snapshot])
        for child in self.above(self.nodes[snapshot]):
            self.touched(child)
        self.nodes = {node.key: node for node in self.nodes.values()}


@breaks("NAME-15")
class RenameChangesUuid(SimulatedDomain):
    """A renamed snapshot gets a new uuid."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        node = self.nodes[snapshot]
        node.uuid = f"{node.number:08x}-{node.uuid[9:]}"


@breaks("NAME-20")
class NameInUseAccepted(SimulatedDomain):
    """A second snapshot gets a name that is in use, although names are claimed to be unique."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        try:
            return super().create(name, *args, **asked)
        except NameInUse:
            key = super().create(f"{name} (2)", *args, **asked)
            self.nodes[key].name = name
            return key


@breaks("NAME-8")
class InvalidNameMended(SimulatedDomain):
    """A snapshot with an invalid name is created under a valid one."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        try:
            return super().create(name, *args, **asked)
        except InvalidName:
            return super().create(f"unnamed {self.made}", *args, **asked)


@breaks("SAVE-2")
class RenameDropsImage(SimulatedDomain):
    """Renaming a snapshot drops the managed-save image."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        self.saved = None


@breaks("LIST-5")
class LookupMovesCurrent(SimulatedDomain):
    """Looking up a snapshot by its id makes it the current one."""

    def lookup_by_id(self, snapshot: str) -> str:
        key = super().lookup_by_id(snapshot)
        self.at = self.nodes[key]
        return key


@breaks("LIST-6")
class ChildrenWithDescendants(SimulatedDomain):
    """Asked for the children of a snapshot, it names everything below it."""

    def children(self, snapshot: str | None = None) -> list[str]:
        found = super().children(snapshot)
        for child in found if snapshot is not None else ():
            found.extend(super().children(child))
        return found


@breaks("REFUSE-4")
class UnknownIdIsBadArgument(SimulatedDomain):
    """A revert to an unknown snapshot is refused as a bad argument."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        try:
            super().revert(snapshot, resume_as)
        except NoSuchSnapshot as refusal:
            raise InvalidArgument(str(refusal)) from None


@breaks("TREE-4", "NAME-11")
class NamesFolded(SimulatedDomain):
    """Names that differ only in case are taken for the same."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        if name.lower() in {node.name.lower() for node in self.nodes.values()}:
            raise NameInUse(f"{name!r} is in use")
        return super().create(name, *args, **asked)
