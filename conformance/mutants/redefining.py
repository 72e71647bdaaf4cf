"""Hypervisors that speak libvirt, and are wrong about records of snapshots or about transient domains."""

from __future__ import annotations

from typing import Any, Final

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.simulator.nodes import Node

_PROFILE: Final = "libvirt-test"
_FORGETS: Final = "libvirt-qemu-internal"
_METADATA_ONLY: Final = 2
_RUNNING_OR_PAUSED: Final = 3


@breaks("BIND-27", "TREE-8", profile=_FORGETS)
class ForgettingMakesRoots(SimulatedDomain):
    """Where a record is forgotten, those of its children become roots."""

    def native_SnapshotDelete(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        node = self.nodes.get(snapshot)
        children = self.above(node) if node is not None else []
        super().native_SnapshotDelete(snapshot, flags)
        for child in children if flags == _METADATA_ONLY else ():
            child.over = self.ground
            self.touched(child)


@breaks("BIND-37", profile=_PROFILE)
class OldDescriptionStays(SimulatedDomain):
    """A record that is given back with another description keeps the one that it had."""

    def native_SnapshotCreateXML_REDEFINE(  # noqa: N802 - libvirt's name
        self, snapshot: str, edit: str, parent: str | None, flags: int
    ) -> str:
        known = "" if edit == "description" else edit
        return super().native_SnapshotCreateXML_REDEFINE(snapshot, known, parent, flags)


@breaks("BIND-37", profile=_FORGETS)
class RestoredIsTheYoungest(SimulatedDomain):
    """A record that was forgotten is listed last when it is restored."""

    def native_SnapshotCreateXML_REDEFINE(  # noqa: N802 - libvirt's name
        self, snapshot: str, edit: str, parent: str | None, flags: int
    ) -> str:
        forgotten = snapshot in self.hidden
        made = super().native_SnapshotCreateXML_REDEFINE(snapshot, edit, parent, flags)
        if forgotten:
            self.nodes[snapshot] = self.nodes.pop(snapshot)
        return made


@breaks("BIND-38", profile=_PROFILE)
class TimelessRecordTaken(SimulatedDomain):
    """It takes a record without a time of creation."""

    def native_SnapshotCreateXML_REDEFINE(  # noqa: N802 - libvirt's name
        self, snapshot: str, edit: str, parent: str | None, flags: int
    ) -> str:
        known = "" if edit == "time" else edit
        return super().native_SnapshotCreateXML_REDEFINE(snapshot, known, parent, flags)


@breaks("BIND-39", profile=_PROFILE, settings=("limits.depth=2",), found_by="sampled")
class RecordsWithoutLimit(SimulatedDomain):
    """It puts a record deeper than it claims that a snapshot can be."""

    def admit_place(self, node: Node, over: Node) -> None:
        """Any place will do."""


@breaks("BIND-42", profile=_PROFILE)
class TransientStaysOff(SimulatedDomain):
    """A transient domain that was to run or pause after a revert is off, and still there."""

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        super().native_RevertToSnapshot(snapshot, flags)
        if not self.persistent and flags & _RUNNING_OR_PAUSED:
            self.power, self.memory = "off", None


@breaks("BIND-50", profile=_PROFILE)
class DisksOfFullSystem(SimulatedDomain):
    """The document of a snapshot with memory lists disks."""

    def native_SnapshotGetXMLDesc(self, snapshot: str, flags: int) -> dict[str, Any]:  # noqa: N802 - libvirt's name
        return {**super().native_SnapshotGetXMLDesc(snapshot, flags), "disks": True}
