"""Hypervisors whose look-ups answer what they answered before a change."""

from __future__ import annotations

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks


@breaks("LIST-7", found_by="again")
class ParentRemembered(SimulatedDomain):
    """Once asked for the parent of a snapshot, it gives the same one ever after."""

    def parent(self, snapshot: str) -> str | None:
        now = super().parent(snapshot)
        parents: dict[str, str | None] = self.__dict__.setdefault("parents", {})
        return parents.setdefault(snapshot, now)


@breaks("LIST-6", found_by="again")
class ChildrenRemembered(SimulatedDomain):
    """It reads the children of a snapshot again only after a snapshot was created."""

    def create(self, name: str, description: str = "", memory: bool = False, uuid: str | None = None,
               quiesce: bool = False) -> str:  # fmt: skip
        self.__dict__["families"] = {}
        return super().create(name, description, memory, uuid, quiesce)

    def children(self, snapshot: str | None = None) -> list[str]:
        now = super().children(snapshot)
        families: dict[str | None, list[str]] = self.__dict__.setdefault("families", {})
        return [*families.setdefault(snapshot, now)]


@breaks("LIST-8", found_by="again")
class CurrentRemembered(SimulatedDomain):
    """It looks for the current snapshot again only when the one that it remembers is gone."""

    remembered: str | None = None

    def current(self) -> str | None:
        if self.remembered not in self.nodes:
            self.remembered = super().current()
        return self.remembered


@breaks("NAME-11", "LIST-4", found_by="again")
class BearerRemembered(SimulatedDomain):
    """A name that was looked up means the same snapshot as long as that is listed."""

    def lookup_by_name(self, name: str) -> str:
        bearers: dict[str, str] = self.__dict__.setdefault("bearers", {})
        if bearers.get(name) not in self.nodes:
            bearers[name] = super().lookup_by_name(name)
        return bearers[name]


@breaks("LIST-2", found_by="again")
class CountRemembered(SimulatedDomain):
    """It counts again only after a snapshot was created."""

    counted: int | None = None

    def create(self, name: str, description: str = "", memory: bool = False, uuid: str | None = None,
               quiesce: bool = False) -> str:  # fmt: skip
        self.counted = None
        return super().create(name, description, memory, uuid, quiesce)

    def count(self) -> int:
        now = super().count()
        self.counted = now if self.counted is None else self.counted
        return self.counted
