"""Hypervisors that refuse in another order, which is right, or for another reason, which is not."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks, conforms
from snaptree.simulator.admission import (
    admit_description,
    admit_feature,
    admit_name,
    admit_resume,
    admit_snapshot,
)
from snaptree.simulator.nodes import Node
from snaptree.spec.outcomes import NameInUse, NoSuchSnapshot, Unsupported, WouldDiscard

# --- the order of checks --------------------------------------------------------------


@conforms()
class ArgumentsFirst(SimulatedDomain):
    """It looks at all other arguments before it looks for the snapshot."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        admit_resume(self, resume_as)
        super().revert(snapshot, resume_as)

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        admit_resume(self, resume_as)
        super().discard_forced(snapshot, resume_as)

    def merge_into_parent_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        admit_resume(self, resume_as)
        super().merge_into_parent_forced(snapshot, resume_as)

    def rename(self, snapshot: str, name: str) -> None:
        admit_name(self, name)
        if any(node.name == name and key != snapshot for key, node in self.nodes.items()):
            raise NameInUse(f"{name[:40]!r} is in use")
        super().rename(snapshot, name)

    def describe(self, snapshot: str, description: str) -> None:
        admit_description(self, description)
        super().describe(snapshot, description)


@conforms(settings=("features.resume_as=false",))
class FeaturesFirst(SimulatedDomain):
    """It asks what it can do at all before it looks at what was asked."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        if resume_as is not None:
            admit_feature(self, "resume_as")
        super().revert(snapshot, resume_as)

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        if resume_as is not None:
            admit_feature(self, "resume_as")
        super().discard_forced(snapshot, resume_as)


@conforms()
class ChecksOfCreateReversed(SimulatedDomain):
    """It looks at the limits first and at the name last when it creates."""

    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> str:
        self._admit_size()
        self._admit_uuid(uuid)
        self._admit_capture(memory, quiesce)
        admit_description(self, description)
        return super().create(name, description, memory, uuid, quiesce)


@conforms(profile="virtualbox")
class SnapshotBeforePower(SimulatedDomain):
    """It looks for the snapshot before it looks whether the domain is off."""

    def merge_into_children(self, snapshot: str) -> None:
        admit_snapshot(self, snapshot)
        super().merge_into_children(snapshot)

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        admit_snapshot(self, snapshot)
        super().revert(snapshot, resume_as)


# --- calls that are not claimed -------------------------------------------------------


@breaks("REFUSE-5", settings=("operations.discard=false",))
class UnclaimedDiscardAsksForForce(SimulatedDomain):
    """A discard that it does not have tells the application to ask with force."""

    def discard(self, snapshot: str) -> None:
        node = self.nodes.get(snapshot)
        if node is not None:
            below = [one.key for one in self.tower(node)[1:]]
            active = ["active"] if self.at in self.tower(node) else []
            if below or active:
                raise WouldDiscard("something grew from it", casualties=[*below, *active])
        super().discard(snapshot)


@breaks("REFUSE-5", settings=("operations.retire=false",))
class UnclaimedRetireLooksFirst(SimulatedDomain):
    """It looks for the snapshot before it says that it cannot retire any."""

    def retire(self, snapshot: str) -> None:
        if snapshot not in self.nodes:
            raise NoSuchSnapshot(f"no snapshot {snapshot!r}")
        super().retire(snapshot)


# --- one root ---------------------------------------------------------------------------


@conforms(settings=("roots=single",))
class OneRootOnly(SimulatedDomain):
    """It has one root, and keeps it where its removal would leave two."""


@breaks("TREE-11", settings=("roots=single",))
class SplitsItsOnlyRoot(SimulatedDomain):
    """It has one root, and lets its children become roots side by side."""

    def _keep_one_root(self, node: Node) -> None:  # noqa: ARG002 - the simulator calls it with one
        return


# --- descriptions -----------------------------------------------------------------------


@conforms(settings=("descriptions=any",))
class KeepsAnyText(SimulatedDomain):
    """It keeps any text as a description, and says so in its profile."""


@breaks("CREATE-17")
class DescriptionEndsAtNul(SimulatedDomain):
    """It takes any description, and keeps what stands before a NUL."""

    def describe(self, snapshot: str, description: str) -> None:
        super().describe(snapshot, description.partition("\0")[0])


# --- subtrees, resets and reverts ---------------------------------------------------------


@conforms(settings=("operations.discard=false", "operations.merge_into_children=false"))
class RemovesSubtreesOnly(SimulatedDomain):
    """It removes a whole branch, and can neither discard nor merge a single snapshot."""


@breaks("SUBTREE-8", settings=("operations.discard=false",))
class SubtreeNeedsDiscard(SimulatedDomain):
    """It removes a subtree one by one, and refuses because it does not have the discard that this takes."""

    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        if self.profile.claims("remove_subtree") and snapshot in self.nodes:
            raise Unsupported("a leaf cannot be discarded")
        super().remove_subtree(snapshot, keep_root)


@breaks("FORCE-11", "FORCE-4")
class StopsWhatItDoesNotReset(SimulatedDomain):
    """A forced discard takes a resume_as to heart although it resets nothing."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        stays = snapshot in self.nodes and self.at not in self.tower(self.nodes[snapshot])
        super().discard_forced(snapshot, resume_as)
        if stays and resume_as == "off" and self.power != "off":
            self.power, self.memory = "off", None


@breaks("REVERT-18", "REVERT-1")
class RevertKeepsLaterDisks(SimulatedDomain):
    """A revert leaves a disk attached that came after the snapshot."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> Any:
        before = dict(self.open)
        super().revert(snapshot, resume_as)
        for disk, layer in before.items():
            self.open.setdefault(disk, layer)
