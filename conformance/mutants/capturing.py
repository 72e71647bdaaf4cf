"""Hypervisors that create snapshots, or revert to them, wrongly."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.simulator.layers import Layer

# --- create -----------------------------------------------------------------------


@breaks("CREATE-2")
class SecondDiskForgotten(SimulatedDomain):
    """A new snapshot captures the first disk, and of the second what the parent held."""

    def create(self, *args: Any, **asked: Any) -> str:
        parent = self.at
        key = super().create(*args, **asked)
        node = self.nodes[key]
        if "vdb" in node.layers and "vdb" in parent.layers:
            node.layers = {**node.layers, "vdb": parent.layers["vdb"]}
        return key


@breaks("CREATE-9")
class DescriptionLost(SimulatedDomain):
    """A new snapshot has no description, whatever was asked for."""

    def create(self, *args: Any, **asked: Any) -> str:
        return super().create(*args, **{**asked, "description": ""})


@breaks("NAME-14")
class UuidIgnored(SimulatedDomain):
    """A new snapshot gets a generated uuid, also where one was asked for."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        self.nodes[key].uuid = f"5afe0000-0000-4000-8000-{self.made:012x}"
        return key


@breaks("CREATE-4")
class MemoryNotCaptured(SimulatedDomain):
    """A snapshot that was asked for with memory holds none."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        self.nodes[key].memory = None
        return key


@breaks("CREATE-3")
class CreateStopsGuest(SimulatedDomain):
    """Taking a snapshot leaves a running guest paused."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        if self.power == "running":
            self.power = "paused"
        return key


@breaks("CREATE-13")
class NewSnapshotNotCurrent(SimulatedDomain):
    """The snapshot that was current stays so when a new one is created on it."""

    def create(self, *args: Any, **asked: Any) -> str:
        current = self.at
        key = super().create(*args, **asked)
        self.at = current
        return key


# --- revert -----------------------------------------------------------------------


@breaks("REVERT-2")
class RevertLeavesCurrent(SimulatedDomain):
    """A revert brings back the content and leaves the current snapshot where it was."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        current = self.at
        super().revert(snapshot, resume_as)
        self.at = current


@breaks("REVERT-1")
class RevertKeepsSecondDisk(SimulatedDomain):
    """A revert keeps the unsaved writes of the second disk."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        unsaved = self.open
        super().revert(snapshot, resume_as)
        if "vdb" in self.open and "vdb" in unsaved:
            self.open["vdb"] = unsaved["vdb"]


@breaks("REVERT-3")
class RevertDropsNewer(SimulatedDomain):
    """A revert removes the snapshots that were made from the one it goes back to."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        self.remove_subtree(snapshot, keep_root=True)


@breaks("REVERT-5")
class RevertBoots(SimulatedDomain):
    """A revert to a snapshot without memory boots the guest if it was taken while the guest ran."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        node = self.nodes.get(snapshot)
        if node is not None and node.memory is None and node.power == "running":
            resume_as = resume_as or "running"
        super().revert(snapshot, resume_as)


@breaks("REVERT-7")
class ConfigurationNotReverted(SimulatedDomain):
    """A revert brings back the disks and leaves the configuration as it is."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        configuration = self.configuration
        super().revert(snapshot, resume_as)
        self.configuration = configuration


@breaks("REVERT-8", "SAVE-11")
class RevertKeepsImage(SimulatedDomain):
    """A managed-save image survives a revert."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        image = self.saved
        super().revert(snapshot, resume_as)
        self.saved = image


@breaks("ACTIVE-4")
class RevertEmptiesIndependent(SimulatedDomain):
    """A revert empties the independent disks, which belong to no snapshot."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        for disk, layer in self.independent.items():
            self.independent[disk] = Layer(self.pool, layer.size, None)


@breaks("TREE-7")
class YoungestTakesSiblings(SimulatedDomain):
    """A new snapshot stands between its parent and the other children of that."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        node = self.nodes[key]
        assert node.over is not None, "every snapshot stands on something"
        for sibling in self.above(node.over):
            if sibling is not node:
                sibling.over = node
                self.touched(sibling)
        return key
