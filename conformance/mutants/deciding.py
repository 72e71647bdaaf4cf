"""Hypervisors that decide otherwise where the text decides, or where their profile does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.spec.outcomes import InvalidArgument, InvalidPowerState, Unsupported, WouldDiscard
from snaptree.spec.profiles import Profile


@contextmanager
def _as_if(domain: SimulatedDomain, **points: Any) -> Iterator[None]:
    """The domain behaves for one call as if it claimed something else."""
    claimed: Profile = domain.profile
    domain.profile = replace(claimed, **points)
    try:
        yield
    finally:
        domain.profile = claimed


# --- names and uuids ----------------------------------------------------------------


@breaks("NAME-25", settings=("names.policy=replace", "limits.merge_children=1"))
class ReplacesBeyondItsLimit(SimulatedDomain):
    """It replaces a snapshot that has more dependents than it claims to be able to merge into."""

    def create(self, *args: Any, **asked: Any) -> str:
        with _as_if(self, limits=replace(self.profile.limits, merge_children=None)):
            return super().create(*args, **asked)


@breaks("NAME-26", "NAME-6", settings=("names.policy=replace", "operations.merge_into_children=false"))
class AsksLeaveToReplace(SimulatedDomain):
    """It replaces a snapshot that something depends on only if it claims to merge into children."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        bearers = [node for node in self.nodes.values() if node.name == name]
        if any(self.above(bearer) or self.at is bearer for bearer in bearers):
            raise Unsupported("merge_into_children is not claimed")
        return super().create(name, *args, **asked)


@breaks("LIMIT-7", "TREE-4", settings=("names.policy=replace", "limits.count=3"))
class CountsWhatItReplaces(SimulatedDomain):
    """It counts a snapshot that is about to be replaced towards its limit."""

    def _free_name(self, name: str) -> None:
        self._admit_size()
        super()._free_name(name)


@breaks("NAME-33", settings=("identity=uuid",))
class UuidsIssuedAgain(SimulatedDomain):
    """Its ids are uuids, and the uuid of a snapshot that is gone can be asked for again."""

    def create(self, *args: Any, **asked: Any) -> str:
        self.given = {}
        return super().create(*args, **asked)


@breaks("NAME-29", settings=("names.policy=duplicates", "names.lookup=first-breadth-first"))
class NewestOfTheLevel(SimulatedDomain):
    """Of the bearers on the highest level it takes the one that was created last."""

    def lookup_by_name(self, name: str) -> str:
        super().lookup_by_name(name)
        bearers = [node for node in self.nodes.values() if node.name == name]
        depth = min(sum(1 for _ in node.path()) for node in bearers)
        return [node.key for node in bearers if sum(1 for _ in node.path()) == depth][-1]


@breaks("NAME-22", "TREE-4")
class OwnNameInUse(SimulatedDomain):
    """Renaming a snapshot to the name that it has is refused."""

    def rename(self, snapshot: str, name: str) -> None:
        if snapshot in self.nodes and self.nodes[snapshot].name == name:
            raise InvalidArgument(f"it is called {name!r} already")
        super().rename(snapshot, name)


# --- power --------------------------------------------------------------------------


@breaks("POWER-25")
class StartsTwice(SimulatedDomain):
    """Starting a domain that is on is accepted, and does nothing."""

    def start(self) -> None:
        if self.power == "off":
            super().start()


@breaks("POWER-26")
class StopsTwice(SimulatedDomain):
    """Stopping a domain that is off is accepted, and does nothing."""

    def stop(self) -> None:
        if self.power != "off":
            super().stop()


@breaks("POWER-28")
class ResumesWhatRuns(SimulatedDomain):
    """Resuming a domain that runs is accepted, and does nothing."""

    def resume(self) -> None:
        if self.power != "running":
            super().resume()


@breaks("ACTIVE-20")
class MemoryOfNothing(SimulatedDomain):
    """Writing memory of a domain that is off is accepted, and forgotten."""

    def write_memory(self, value: int) -> None:
        if self.power != "off":
            super().write_memory(value)


@breaks("POWER-29")
class EndsByReverting(SimulatedDomain):
    """A transient domain is gone after a revert that leaves it off."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        was_on = self.power != "off"
        super().revert(snapshot, resume_as)
        if was_on and self.power == "off" and not self.persistent:
            self._remove()


@breaks("POWER-30", settings=("transient_off=refused",))
class LeavesTransientOff(SimulatedDomain):
    """It claims to refuse a revert that leaves a transient domain off, and does it."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        with _as_if(self, transient_off="kept"):
            super().revert(snapshot, resume_as)


@breaks("POWER-24", "TREE-4")
class WrittenIsCasualty(SimulatedDomain):
    """The plain removal of a domain without snapshots is refused once its disks were written to."""

    def undefine(self) -> None:
        if not self.nodes and self.saved is None and any(layer.blocks for layer in self.open.values()):
            raise WouldDiscard("the disks hold something", casualties=["active"])
        super().undefine()


@breaks("POWER-22")
class ImageForgotten(SimulatedDomain):
    """The casualties of a plain removal leave out the managed-save image."""

    def undefine(self) -> None:
        try:
            super().undefine()
        except WouldDiscard as refusal:
            lost = [one for one in refusal.casualties or [] if one != "active"]
            raise WouldDiscard(str(refusal), casualties=lost) from None


# --- managed save -------------------------------------------------------------------


@breaks("SAVE-20", settings=("revert_with_memory=saved",))
class SavesTransient(SimulatedDomain):
    """A revert leaves a transient domain with a managed-save image."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        persistent, self.persistent = self.persistent, True
        try:
            super().revert(snapshot, resume_as)
        finally:
            self.persistent = persistent


@breaks("SAVE-17", settings=("memory=never",))
class MemoryAllTheSame(SimulatedDomain):
    """It claims to capture no memory, and captures that of a managed-save image."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        if self.saved is not None:
            self.nodes[key].memory, self.nodes[key].power = self.saved
        return key


@breaks("SAVE-15", settings=("create_with_managed_save=drops",))
class ImageNotDropped(SimulatedDomain):
    """It claims that create drops the managed-save image, and keeps it."""

    def create(self, *args: Any, **asked: Any) -> str:
        image = self.saved
        key = super().create(*args, **asked)
        self.saved = image
        return key


@breaks("SAVE-16", settings=("create_with_managed_save=refuses",))
class ImageInTheWay(SimulatedDomain):
    """It claims that an image bars create, and creates beside it."""

    def create(self, *args: Any, **asked: Any) -> str:
        with _as_if(self, create_with_managed_save="captures"):
            return super().create(*args, **asked)


# --- disks and configuration --------------------------------------------------------


@breaks("ACTIVE-15", settings=("limits.disk_size=1048576",))
class LargerThanClaimed(SimulatedDomain):
    """A disk becomes larger than the largest one that it claims."""

    def resize_disk(self, disk: str, size: int) -> None:
        with _as_if(self, limits=replace(self.profile.limits, disk_size=None)):
            super().resize_disk(disk, size)


@breaks("ACTIVE-18")
class RetiredDisksForgotten(SimulatedDomain):
    """An independent disk gets the id of a disk that a retired snapshot holds."""

    def attach_disk(self, disk: str, size: int, independent: bool = False) -> None:
        hidden, self.hidden = self.hidden, {}
        try:
            super().attach_disk(disk, size, independent)
        finally:
            self.hidden = hidden


@breaks("ACTIVE-12")
class WritesBeyondTheEnd(SimulatedDomain):
    """A write behind the end of a disk is accepted, and forgotten."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        layer = self.open.get(disk)
        inside = layer is None or block * 65536 < layer.size
        if inside or self.saved is not None or not 0 <= value <= 255:
            super().write_disk(disk, block, value)


@breaks("ACTIVE-17")
class NamelessDisk(SimulatedDomain):
    """A disk is attached under an empty id."""

    def attach_disk(self, disk: str, size: int, independent: bool = False) -> None:
        super().attach_disk(disk or " ", size, independent)


@breaks("ACTIVE-19")
class NamelessEntry(SimulatedDomain):
    """An entry of the configuration is set under an empty key."""

    def configure(self, key: str, value: str) -> None:
        super().configure(key or " ", value)


@breaks("ACTIVE-10", "ACTIVE-9")
class EmptyEntryStays(SimulatedDomain):
    """An entry that is set to an empty value stays, and is empty."""

    def configure(self, key: str, value: str) -> None:
        super().configure(key, value)
        if not value:
            self.configuration = {**self.configuration, key: ""}


@breaks("ACTIVE-9")
class OneEntryOnly(SimulatedDomain):
    """Setting an entry of the configuration drops all others."""

    def configure(self, key: str, value: str) -> None:
        self.configuration = {}
        super().configure(key, value)


@breaks("SAVE-10", "TREE-4")
class NoImageToRemove(SimulatedDomain):
    """Removing a managed-save image where there is none is refused."""

    def managed_save_remove(self) -> None:
        if self.saved is None:
            raise InvalidPowerState("there is no image")
        super().managed_save_remove()
