"""Hypervisors that speak libvirt, and get a call of its API wrong; and some that are only free in it."""

from __future__ import annotations

from typing import Any, Final

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks, conforms
from snaptree.simulator.nodes import Node
from snaptree.spec.outcomes import InvalidPowerState, NameInUse, NoSuchSnapshot, Refusal, Unsupported

_PROFILE: Final = "libvirt-test"


@breaks("BIND-33", profile=_PROFILE)
class GroupsIntersect(SimulatedDomain):
    """Asked for leaves and for those that are none, it lists nothing: both have to hold."""

    def passes(self, node: Node, flags: int) -> bool:
        return flags & 12 != 12 and super().passes(node, flags)


@breaks("BIND-36", profile=_PROFILE)
class ChildrenFirst(SimulatedDomain):
    """Asked for a topological order, it lists children before their parents."""

    def native_ListAllSnapshots(self, flags: int) -> list[str]:  # noqa: N802 - libvirt's name
        return super().native_ListAllSnapshots(flags)[::-1]


@breaks("BIND-26", profile=_PROFILE)
class ChildrenOnlyTakesAll(SimulatedDomain):
    """It deletes the snapshot itself as well where only what is below it was to go."""

    def native_SnapshotDelete(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        super().native_SnapshotDelete(snapshot, 1 if flags == 4 else flags)


@breaks("BIND-29", profile=_PROFILE)
class RevertNeverPauses(SimulatedDomain):
    """The flag that asks for a paused domain after a revert has no effect."""

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        super().native_RevertToSnapshot(snapshot, flags if flags & 9 else flags & ~2)


@breaks("BIND-31", profile=_PROFILE)
class MissIsBadArgument(SimulatedDomain):
    """A snapshot that is not there is an invalid argument (8) to it."""

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        try:
            return super().native_call(name, arguments)
        except NoSuchSnapshot as refusal:
            refusal.native = {"system": "libvirt", "code": 8, "text": str(refusal)}
            raise


@breaks("BIND-40", profile=_PROFILE)
class RedefinedBecomesCurrent(SimulatedDomain):
    """A record that is given back becomes the current snapshot, also where that was not asked for."""

    def native_SnapshotCreateXML_REDEFINE(  # noqa: N802 - libvirt's name
        self, snapshot: str, edit: str, parent: str | None, flags: int
    ) -> str:
        return super().native_SnapshotCreateXML_REDEFINE(snapshot, edit, parent, flags | 2)


@breaks("BIND-41", profile=_PROFILE)
class TransientRevertedOff(SimulatedDomain):
    """It reverts a transient domain into an inactive state."""

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        self._take(flags, "revert", {"RUNNING": 1, "PAUSED": 2, "FORCE": 4})
        if self.persistent or flags & 3 or self._node(snapshot).memory is not None:
            super().native_RevertToSnapshot(snapshot, flags)
            return
        self.revert(snapshot)
        self._tell(5, 6)


@breaks("BIND-43", profile=_PROFILE)
class RestoredCalledBooted(SimulatedDomain):
    """Its event says that a domain booted which continues from a managed-save image."""

    def _tell(self, event: int, detail: int) -> None:
        super()._tell(event, 0 if (event, detail) == (2, 2) else detail)


@breaks("BIND-43", profile=_PROFILE)
class HaltsInSilence(SimulatedDomain):
    """No event tells that a domain was stopped after a snapshot."""

    def native_SnapshotCreateXML(self, name: str, description: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        made = super().native_SnapshotCreateXML(name, description, flags)
        self.events = []
        return made


@breaks("BIND-46", profile=_PROFILE)
class UndefineForgetsAtOnce(SimulatedDomain):
    """A running domain loses its snapshots when it is undefined, not when it halts."""

    def native_UndefineFlags(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        super().native_UndefineFlags(flags)
        if self.defined:
            self.demolish([*self.nodes.values()])


@breaks("BIND-47", "BIND-18", profile=_PROFILE)
class SaveFlagsIgnored(SimulatedDomain):
    """A domain continues as it was saved, whatever the flags of the save have asked for."""

    def native_ManagedSave(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        power = self.power
        super().native_ManagedSave(flags)
        assert self.saved is not None, "it was just saved"
        self.saved = (self.saved[0], power)


@breaks("BIND-49", profile=_PROFILE)
class ParentNotShown(SimulatedDomain):
    """The document of a snapshot does not show its parent."""

    def native_SnapshotGetXMLDesc(self, snapshot: str, flags: int) -> dict[str, Any]:  # noqa: N802 - libvirt's name
        return {**super().native_SnapshotGetXMLDesc(snapshot, flags), "parent": None}


@breaks("BIND-52", profile=_PROFILE)
class UnknownFlagsIgnored(SimulatedDomain):
    """Flags that it does not know have no effect, and are not refused."""

    def native_SnapshotCreateXML(self, name: str, description: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        return super().native_SnapshotCreateXML(name, description, flags & 1023)


@breaks("BIND-17", profile=_PROFILE)
class NativeRevertKeepsImage(SimulatedDomain):
    """A managed-save image outlives a revert."""

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        saved = self.saved
        super().native_RevertToSnapshot(snapshot, flags)
        self.saved = saved


@conforms(profile=_PROFILE)
class NoDistinction(SimulatedDomain):
    """It rejects filters that it cannot make a distinction for, as it may."""

    def _passing(self, nodes: list[Node], flags: int) -> list[str]:
        if flags & 0x3F2:
            raise Unsupported("no distinction is made")
        return super()._passing(nodes, flags)[:: -1 if not flags & 1024 else 1]


@conforms(profile=_PROFILE)
class RiskyNeedsForce(SimulatedDomain):
    """It refuses a revert that is risky, with the code for that, unless it is forced."""

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        try:
            return super().native_call(name, arguments)
        except Refusal as refusal:
            if "risky" in str(refusal) and refusal.native is not None:
                refusal.native["code"] = 77
            raise

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        respawns = self.power != "off" and flags & 3
        if snapshot in self.nodes and not flags & ~3 and flags != 3 and (respawns or self.saved is not None):
            raise InvalidPowerState("risky")
        super().native_RevertToSnapshot(snapshot, flags)


@breaks("BIND-53", "BIND-29", profile="libvirt-qemu-internal")
class NvramIsUnknown(SimulatedDomain):
    """It refuses a revert with RESET_NVRAM as a flag that it does not know, though its profile claims it."""

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        self._none(flags & 8)
        super().native_RevertToSnapshot(snapshot, flags)


@breaks("BIND-49", profile=_PROFILE)
class StateAfterReverting(SimulatedDomain):
    """The document of a snapshot shows whether the domain is on now, not whether it was."""

    def native_SnapshotGetXMLDesc(self, snapshot: str, flags: int) -> dict[str, Any]:  # noqa: N802 - libvirt's name
        words = {"off": "shutoff", "running": "running", "paused": "paused"}
        return {**super().native_SnapshotGetXMLDesc(snapshot, flags), "state": words[self.power]}


@breaks("BIND-48", profile=_PROFILE)
class MissingTargetForAStart(SimulatedDomain):
    """A start that is not valid fails with a code of another meaning (20, a missing target device)."""

    other_code = 0

    def native_Create(self) -> None:  # noqa: N802 - libvirt's name
        self.other_code = 20
        super().native_Create()
        self.other_code = 0

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        self.other_code = 0
        try:
            return super().native_call(name, arguments)
        except Refusal as refusal:
            if self.other_code and refusal.native is not None:
                refusal.native["code"] = self.other_code
            raise


@conforms(profile=_PROFILE)
class NothingBeside(SimulatedDomain):
    """It refuses known flags about firmware, caches and checkpoints, and an order of what it counts."""

    def native_UndefineFlags(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        self._none(flags & ~3)
        super().native_UndefineFlags(flags)

    def native_ManagedSave(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        if flags & 9:
            raise Unsupported("no such file system")
        super().native_ManagedSave(flags)

    def native_SnapshotGetXMLDesc(self, snapshot: str, flags: int) -> dict[str, Any]:  # noqa: N802 - libvirt's name
        self._none(flags)
        return super().native_SnapshotGetXMLDesc(snapshot, flags)

    def native_SnapshotNum(self, flags: int) -> int:  # noqa: N802 - libvirt's name
        self._none(flags & 1024)
        return super().native_SnapshotNum(flags)


@conforms(profile=_PROFILE)
class DomainExists(SimulatedDomain):
    """A name in use is VIR_ERR_DOM_EXIST (28) to it."""

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        try:
            return super().native_call(name, arguments)
        except NameInUse as refusal:
            refusal.native = {"system": "libvirt", "code": 28, "text": str(refusal)}
            raise
