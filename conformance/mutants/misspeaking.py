"""Hypervisors that take a flag of libvirt's calls for another, or for none."""

from __future__ import annotations

from typing import Final

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.simulator.nodes import Node

_PROFILE: Final = "libvirt-test"


@breaks("BIND-25", profile=_PROFILE)
class LeafIsNotDeleted(SimulatedDomain):
    """A delete without flags is a merge into the children, also where there are none."""

    def native_SnapshotDelete(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        if flags == 0:
            self.merge_into_children(snapshot)
        else:
            super().native_SnapshotDelete(snapshot, flags)


@breaks("BIND-28", profile=_PROFILE)
class ContradictionTaken(SimulatedDomain):
    """CHILDREN and CHILDREN_ONLY together delete all of them."""

    def native_SnapshotDelete(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        super().native_SnapshotDelete(snapshot, 1 if flags == 5 else flags)


@breaks("BIND-30", profile=_PROFILE)
class HaltForgotten(SimulatedDomain):
    """A domain that was to be halted after the snapshot is still on."""

    def native_SnapshotCreateXML(self, name: str, description: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        return super().native_SnapshotCreateXML(name, description, flags & ~8)


@breaks("BIND-34", profile=_PROFILE)
class RootsAreAll(SimulatedDomain):
    """Asked for the roots it lists every snapshot."""

    def native_ListAllSnapshots(self, flags: int) -> list[str]:  # noqa: N802 - libvirt's name
        return super().native_ListAllSnapshots(flags & ~1)


@breaks("BIND-35", profile=_PROFILE)
class DescendantsAreChildren(SimulatedDomain):
    """Asked for all that is below a snapshot it lists the children."""

    def native_SnapshotListAllChildren(self, snapshot: str, flags: int) -> list[str]:  # noqa: N802 - libvirt's name
        return super().native_SnapshotListAllChildren(snapshot, flags & ~1)


@breaks("BIND-44", "BIND-43", profile=_PROFILE)
class BootedCalledRestored(SimulatedDomain):
    """Its event says that a domain was restored which boots."""

    def _tell(self, event: int, detail: int) -> None:
        super()._tell(event, 2 if (event, detail) == (2, 0) else detail)


@breaks("BIND-45", profile=_PROFILE)
class UndefineTakesTheImage(SimulatedDomain):
    """It undefines a domain with a managed-save image, asked to or not."""

    def native_UndefineFlags(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        super().native_UndefineFlags(flags | 1)


@breaks("BIND-51", profile=_PROFILE)
class CurrentAloneTaken(SimulatedDomain):
    """CURRENT without REDEFINE has no effect, and is not refused."""

    def native_SnapshotCreateXML(self, name: str, description: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        return super().native_SnapshotCreateXML(name, description, flags if flags & 1 else flags & ~2)


@breaks("BIND-32", profile=_PROFILE)
class AnyGroupSuffices(SimulatedDomain):
    """Of two groups of filters it is content with one that holds."""

    def passes(self, node: Node, flags: int) -> bool:
        leaves, others = flags & 12, flags & ~12
        both = bool(leaves) and bool(others)
        return super().passes(node, flags) or (both and super().passes(node, leaves))
