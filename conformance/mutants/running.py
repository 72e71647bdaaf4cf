"""Hypervisors that lose power, memory, disks or images, or bring back what is gone."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.simulator.layers import Layer

# --- power and memory ----------------------------------------------------------------------


@breaks("POWER-10")
class BootsPaused(SimulatedDomain):
    """A domain that boots is paused."""

    def start(self) -> None:
        image = self.saved
        super().start()
        if image is None:
            self.power = "paused"


@breaks("POWER-11", found_by="sampled")
class ImageRunsOn(SimulatedDomain):
    """A domain that was saved while it was paused runs when it continues."""

    def start(self) -> None:
        image = self.saved
        super().start()
        if image is not None:
            self.power = "running"


@breaks("POWER-14")
class PauseDropsMemory(SimulatedDomain):
    """A domain that is paused loses its memory."""

    def pause(self) -> None:
        super().pause()
        self.memory = "unspecified"


@breaks("POWER-15")
class ResumeReboots(SimulatedDomain):
    """A domain that is resumed boots anew."""

    def resume(self) -> None:
        super().resume()
        self.memory = "unspecified"


@breaks("POWER-16")
class CrashLeavesItPaused(SimulatedDomain):
    """After a crash the domain is paused, with its memory."""

    def crash(self) -> None:
        before, memory = self.power, self.memory
        super().crash()
        if before != "off" and self.persistent:
            self.power, self.memory = "paused", memory


@breaks("POWER-20", found_by="examples")
class TransientOutlivesStop(SimulatedDomain):
    """A transient domain is still there after it was stopped."""

    def stop(self) -> None:
        persistent, self.persistent = self.persistent, True
        try:
            super().stop()
        finally:
            self.persistent = persistent


@breaks("TREE-4", found_by="examples")
class CrashEndsWhatIsOff(SimulatedDomain):
    """A crash removes a transient domain that is off."""

    def crash(self) -> None:
        super().crash()
        self.defined = self.persistent


@breaks("POWER-2", found_by="sampled")
class RenamePauses(SimulatedDomain):
    """A domain is paused while one of its snapshots is renamed, and stays so."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        if self.power == "running":
            self.power = "paused"


@breaks("POWER-9")
class ForcedRemovalIsPlain(SimulatedDomain):
    """A forced removal asks for force where there are snapshots."""

    def undefine_forced(self) -> None:
        self.undefine()


@breaks("FORCE-10")
class ResetIgnoresTheWish(SimulatedDomain):
    """A forced discard leaves the domain off, whatever power state was asked for."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        before = self.at
        super().discard_forced(snapshot, resume_as)
        if self.at is not before and self.defined:
            self.power, self.memory = "off", None


@breaks("FORCE-7")
class ForcedMergeKeepsActive(SimulatedDomain):
    """A forced merge names the parent current and leaves the guest on what it had."""

    def merge_into_parent_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        stale = self.open
        super().merge_into_parent_forced(snapshot, resume_as)
        self.open = stale


@breaks("REVERT-10", found_by="sampled")
class ComesBackRunning(SimulatedDomain):
    """A point that was captured paused comes back running."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        if resume_as is None and self.power == "paused":
            self.power = "running"


@breaks("REVERT-11", settings=("revert_with_memory=saved",))
class SavedIsLeftOut(SimulatedDomain):
    """It claims to bring memory back as an image, and leaves none."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        self.saved = None


@breaks("REVERT-12", settings=("revert_with_memory=off",))
class MemoryComesBackAllTheSame(SimulatedDomain):
    """It claims to leave a reverted domain off, and brings one with memory back on."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        node = self.nodes[snapshot]
        if resume_as is None and node.memory is not None:
            self.power, self.memory = node.power, node.memory


@breaks("REVERT-15")
class OffKeepsMemory(SimulatedDomain):
    """Reverted with the wish to be off, the domain keeps the captured memory."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        if resume_as == "off":
            self.memory = self.nodes[snapshot].memory


@breaks("CREATE-5")
class MemoryAlwaysCaptured(SimulatedDomain):
    """It captures the memory of a domain that is on, asked for or not."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        if self.power != "off":
            self.nodes[key].memory = self.memory
        return key


@breaks("CREATE-6")
class ConfigurationOfTheParent(SimulatedDomain):
    """A new snapshot has the configuration of its parent."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        below = self.nodes[key].over
        if below is not None:
            self.nodes[key].configuration = below.configuration
        return key


# --- managed save ---------------------------------------------------------------------------


@breaks("SAVE-8", found_by="sampled")
class SavedWhileRunningOn(SimulatedDomain):
    """Its image says that the domain ran, also where it was paused."""

    def managed_save(self) -> None:
        super().managed_save()
        if self.saved is not None:
            self.saved = (self.saved[0], "running")


@breaks("SAVE-9")
class ImageStays(SimulatedDomain):
    """An image that is removed is still there."""

    def managed_save_remove(self) -> None:
        image = self.saved
        super().managed_save_remove()
        self.saved = image


@breaks("SAVE-12", settings=("revert_with_memory=saved",), found_by="sampled")
class ImageOfARunningOne(SimulatedDomain):
    """A revert leaves an image that says running, also where the point was captured paused."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        if self.saved is not None:
            self.saved = (self.saved[0], "running")


@breaks("SAVE-13")
class ImageNotCaptured(SimulatedDomain):
    """A snapshot that is taken beside an image holds no memory."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        if self.saved is not None:
            self.nodes[key].memory, self.nodes[key].power = None, "off"
        return key


@breaks("SAVE-14")
class CaptureConsumesImage(SimulatedDomain):
    """A snapshot that is taken beside an image consumes it."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        self.saved = None
        return key


@breaks("SAVE-6", found_by="sampled")
class DescribeDropsImage(SimulatedDomain):
    """The image goes when a snapshot is described."""

    def describe(self, snapshot: str, description: str) -> None:
        super().describe(snapshot, description)
        self.saved = None


# --- disks ------------------------------------------------------------------------------------


@breaks("ACTIVE-7")
class AttachedWithContent(SimulatedDomain):
    """A disk that is attached has what the first disk has."""

    def attach_disk(self, disk: str, size: int, independent: bool = False) -> None:
        before = next(iter(self.open.values()), None)
        super().attach_disk(disk, size, independent)
        if before is not None and disk in self.open:
            self.open[disk].write(0, 1 + before.read().get("0", 0) % 255)


@breaks("ACTIVE-8")
class DetachReachesSnapshot(SimulatedDomain):
    """A disk that is detached is gone from the current snapshot as well."""

    def detach_disk(self, disk: str) -> None:
        super().detach_disk(disk)
        if self.at is not self.ground:
            self.at.layers = {name: layer for name, layer in self.at.layers.items() if name != disk}
            self.touched(self.at)


@breaks("ACTIVE-13")
class ValuesAreCutToAByte(SimulatedDomain):
    """A value that is no byte is cut to one."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        super().write_disk(disk, block, value % 256)


@breaks("ACTIVE-13", "ACTIVE-11", "ACTIVE-12", found_by="values")
class ArgumentsCutShort(SimulatedDomain):
    """It reads the lower 32 bits of a block or value that it is given."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        super().write_disk(disk, *(one & 0xFFFFFFFF if one > 0 else one for one in (block, value)))


@breaks("POINT-4", "CREATE-2")
class LaterDisksNotCaptured(SimulatedDomain):
    """A disk that was attached after the first snapshot belongs to no point."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        node = self.nodes[key]
        first: dict[str, Layer] = self.ground.layers
        node.layers = {name: layer for name, layer in node.layers.items() if name in first}
        return key


@breaks("LIMIT-6", settings=("limits.count=3",))
class RetiredCountForNothing(SimulatedDomain):
    """A retired snapshot does not count towards the largest number of snapshots."""

    def _admit_size(self) -> None:
        hidden, self.hidden = self.hidden, {}
        try:
            super()._admit_size()
        finally:
            self.hidden = hidden


@breaks("SAVE-2")
class MergeDropsImage(SimulatedDomain):
    """A merge into the children drops the image."""

    def merge_into_children(self, snapshot: str) -> None:
        super().merge_into_children(snapshot)
        self.saved = None


@breaks("FORCE-4", found_by="sampled")
class ForcedStopsTheGuest(SimulatedDomain):
    """A forced discard in another branch stops the guest."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        super().discard_forced(snapshot, resume_as)
        if resume_as is None:
            self.power, self.memory = "off", None


@breaks("NAME-24", settings=("names.policy=replace",))
class ReplacedKeepsItsId(SimulatedDomain):
    """A snapshot that replaces another takes its id."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        borne = [key for key, node in self.nodes.items() if node.name == name]
        key = super().create(name, *args, **asked)
        if borne:
            node = self.nodes.pop(key)
            node.key = borne[0]
            self.nodes[node.key] = node
            self.touched(node)
            return node.key
        return key


@breaks("MERGE-3", "POINT-2")
class MergeOfCurrentReverts(SimulatedDomain):
    """A merge of the current snapshot into its children loses the unsaved writes."""

    def merge_into_children(self, snapshot: str) -> None:
        current = snapshot == self.current()
        super().merge_into_children(snapshot)
        if current:
            self.open = self.opened_on(self.at.layers)
