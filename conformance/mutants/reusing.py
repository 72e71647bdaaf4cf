"""Hypervisors that remember an identifier when it is free again, or a text only in part."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.simulator.layers import Layer
from snaptree.spec.outcomes import InvalidArgument, NameInUse


class Remembers(SimulatedDomain):
    """Remembers each name and uuid that it ever gave, with what was kept under it."""

    def __init__(self, *args: Any, **asked: Any) -> None:
        super().__init__(*args, **asked)
        self.files: dict[str, dict[str, Layer]] = {}
        self.borne: dict[str, str] = {}
        self.uuids: set[str] = set()


@breaks("CREATE-2", "POINT-1", found_by="again")
class FileByFirstName(Remembers):
    """What a snapshot holds lies in a file of the name that it was created with, renamed or gone."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        key = super().create(name, *args, **asked)
        self.nodes[key].layers = self.files.setdefault(name, self.nodes[key].layers)
        return key


@breaks("TREE-4", "NAME-11", found_by="again")
class NameOfTheDeadInUse(Remembers):
    """A name stays in use when its bearer is discarded."""

    def discard(self, snapshot: str) -> None:
        name = self.nodes[snapshot].name if snapshot in self.nodes else ""
        super().discard(snapshot)
        self.borne[name] = snapshot

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        if name in self.borne:
            raise NameInUse(f"{name!r} is in use")
        return super().create(name, *args, **asked)


@breaks("REFUSE-4", found_by="again")
class StaleLookup(Remembers):
    """A look-up by name answers for one that was renamed or is gone."""

    def lookup_by_name(self, name: str) -> str:
        self.borne |= {node.name: key for key, node in self.nodes.items()}
        return self.borne[name] if name in self.borne else super().lookup_by_name(name)

    def rename(self, snapshot: str, name: str) -> None:
        self.borne |= {node.name: key for key, node in self.nodes.items()}
        super().rename(snapshot, name)


@breaks("TREE-4", "NAME-14", found_by="again")
class UuidOnce(Remembers):
    """A uuid cannot be given again when its snapshot is gone."""

    def create(self, *args: Any, **asked: Any) -> str:
        uuid = asked.get("uuid")
        if uuid in self.uuids:
            raise InvalidArgument(f"uuid {uuid} was given before")
        key = super().create(*args, **asked)
        self.uuids.add(self.nodes[key].uuid)
        return key


@breaks("ACTIVE-7", found_by="again")
class DiskComesBackWritten(Remembers):
    """A disk that is attached again under an id has what the last disk of that id had."""

    def detach_disk(self, disk: str) -> None:
        layer = self.open.get(disk)
        super().detach_disk(disk)
        if layer is not None:
            self.files[disk] = {disk: layer}

    def attach_disk(self, disk: str, size: int, independent: bool = False) -> None:
        super().attach_disk(disk, size, independent)
        if disk in self.files and disk in self.open:
            for block, value in self.files[disk][disk].read().items():
                self.open[disk].write(int(block), value)


@breaks("CREATE-9", found_by="values")
class LongTextIsCut(SimulatedDomain):
    """A description is cut at 300 characters."""

    def create(self, name: str, description: str = "", *args: Any, **asked: Any) -> str:
        return super().create(name, description[:300], *args, **asked)


@breaks("NAME-19", found_by="values")
class FirstLineOnly(SimulatedDomain):
    """Of a new description it keeps the first line."""

    def describe(self, snapshot: str, description: str) -> None:
        super().describe(snapshot, description.partition("\n")[0])


@breaks("NAME-18", found_by="values")
class RenameInSmallLetters(SimulatedDomain):
    """A rename turns the name into small letters."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name.lower())
