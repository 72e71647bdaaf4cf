"""Hypervisors that are wrong about power, memory and the active state."""

from __future__ import annotations

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.conformance.mutants.tampering import overwrite
from snaptree.spec.outcomes import InvalidPowerState


@breaks("POWER-13")
class MemoryKeptAfterStop(SimulatedDomain):
    """A stopped domain still has its memory."""

    def stop(self) -> None:
        memory = self.memory
        super().stop()
        self.memory = memory


@breaks("POWER-12")
class ImageNotConsumed(SimulatedDomain):
    """The managed-save image is still there after the domain was started from it."""

    def start(self) -> None:
        image = self.saved
        super().start()
        self.saved = image


@breaks("POWER-17")
class CrashLosesImage(SimulatedDomain):
    """A crash of the hypervisor loses the managed-save image."""

    def crash(self) -> None:
        super().crash()
        self.saved = None


@breaks("REFUSE-5", profile="qemu")
class UnclaimedAccepted(SimulatedDomain):
    """Starting is not claimed, and does something all the same."""

    def start(self) -> None:
        self.power = "running"


@breaks("SAVE-4")
class ImageUnprotected(SimulatedDomain):
    """The host may write to the disks of a guest that lies in a managed-save image."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        image, self.saved = self.saved, None
        try:
            super().write_disk(disk, block, value)
        finally:
            self.saved = image


@breaks("ACTIVE-1")
class WriteReachesSnapshot(SimulatedDomain):
    """A write goes to the current snapshot as well."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        super().write_disk(disk, block, value)
        if disk in self.at.layers:
            overwrite(self.at.layers[disk], {block: value})


@breaks("ACTIVE-2", "POINT-1")
class ResizeReachesSnapshot(SimulatedDomain):
    """A new size of a disk is also its size in the current snapshot."""

    def resize_disk(self, disk: str, size: int) -> None:
        super().resize_disk(disk, size)
        if disk in self.at.layers:
            self.at.layers[disk].resize(size)
            self.at.layers[disk].freeze()
            self.touched(self.at)


@breaks("ACTIVE-2")
class CutDataShinesThrough(SimulatedDomain):
    """What a disk lost when it was cut is back when it grows again."""

    def resize_disk(self, disk: str, size: int) -> None:
        super().resize_disk(disk, size)
        if disk in self.open:
            self.open[disk].horizon = size  # the layer below is visible again as far as the disk reaches


@breaks("ACTIVE-5")
class ConfigurationShared(SimulatedDomain):
    """A change of the configuration shows in the current snapshot."""

    def configure(self, key: str, value: str) -> None:
        super().configure(key, value)
        self.at.configuration = self.configuration
        self.touched(self.at)


@breaks("NAME-11", "TREE-4")
class PausedNotRenamed(SimulatedDomain):
    """A snapshot cannot be renamed while the guest is paused."""

    def rename(self, snapshot: str, name: str) -> None:
        if self.power == "paused":
            raise InvalidPowerState("the guest is paused")
        super().rename(snapshot, name)


@breaks("RETIRE-1", "TREE-4")
class RunningNotRetired(SimulatedDomain):
    """A running guest keeps a snapshot that was retired in the tree."""

    def retire(self, snapshot: str) -> None:
        if self.power != "running":
            super().retire(snapshot)


@breaks("LIST-6")
class PausedChildless(SimulatedDomain):
    """While the guest is paused no snapshot is said to have children."""

    def children(self, snapshot: str | None = None) -> list[str]:
        return [] if self.power == "paused" else super().children(snapshot)


@breaks("CREATE-15", settings=("memory=never",))
class MemoryPassedOver(SimulatedDomain):
    """It never captures memory, and takes a snapshot without it where memory was asked for."""

    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> str:
        return super().create(name, description, memory and self.power == "off", uuid, quiesce)


@breaks("POWER-18")
class OutlivesItsProcess(SimulatedDomain):
    """A transient domain is still there, with its snapshots, when it has stopped."""

    def stop(self) -> None:
        persistent, self.persistent = self.persistent, True
        try:
            super().stop()
        finally:
            self.persistent = persistent


@breaks("POWER-19")
class CrashTakesSnapshots(SimulatedDomain):
    """A crash removes a transient domain that is off with all its snapshots."""

    def crash(self) -> None:
        super().crash()
        if not self.persistent and self.defined:
            self._remove()
