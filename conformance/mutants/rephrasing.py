"""Hypervisors that refuse what they should, and give a wrong reason or name the wrong casualties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.spec import outcomes
from snaptree.spec.outcomes import Refusal, WouldDiscard

D = TypeVar("D", bound=type[SimulatedDomain])

Asked = Mapping[str, Any]


def _always(_asked: Asked) -> bool:
    return True


def rephrases(
    calls: str, kind: str, other: str, *, when: Callable[[Asked], bool] = _always
) -> Callable[[D], D]:
    """Let calls of a hypervisor refuse as another kind what they refuse as ``kind``."""

    def changed(domain: D) -> D:
        for call in calls.split():
            setattr(domain, call, _rephrased(getattr(domain, call), kind, other, when))
        return domain

    return changed


def _rephrased(
    call: Callable[..., Any], kind: str, other: str, when: Callable[[Asked], bool]
) -> Callable[..., Any]:
    @wraps(call)
    def rephrased(self: SimulatedDomain, *given: Any, **asked: Any) -> Any:
        try:
            return call(self, *given, **asked)
        except Refusal as refusal:
            if refusal.kind != kind or not when(asked):
                raise
            raise getattr(outcomes, other)(str(refusal)) from None

    return rephrased


def _has(key: str) -> Callable[[Asked], bool]:
    return lambda asked: bool(asked.get(key))


# --- create -----------------------------------------------------------------------------


@breaks("CREATE-14")
@rephrases("create", "InvalidPowerState", "InvalidArgument", when=_has("memory"))
class MemoryOfOffIsBadArgument(SimulatedDomain):
    """Asked for the memory of a domain that is off, it calls that a bad argument."""


@breaks("CREATE-16", settings=("memory=always",))
@rephrases("create", "Unsupported", "InvalidPowerState")
class DiskOnlyIsWrongState(SimulatedDomain):
    """It always captures memory, and says that a wish for none comes in the wrong state."""


@breaks("CREATE-10", settings=("features.quiesce=false",), found_by="sampled")
@rephrases("create", "Unsupported", "InvalidArgument", when=_has("quiesce"))
class QuiesceIsBadArgument(SimulatedDomain):
    """It cannot quiesce, and calls the wish for it a bad argument."""


@breaks("CREATE-11")
@rephrases("create", "InvalidPowerState", "Unsupported", when=_has("quiesce"))
class QuiesceOfOffIsUnsupported(SimulatedDomain):
    """It can quiesce, and says that it cannot when the domain does not run."""


# --- names, uuids and limits -------------------------------------------------------------


@breaks("NAME-31")
@rephrases("create", "InvalidArgument", "InvalidName", when=_has("uuid"))
class UuidIsInvalidName(SimulatedDomain):
    """A uuid that is none is refused as a wrong name."""


@breaks("NAME-32")
@rephrases("create", "InvalidArgument", "NameInUse", when=_has("uuid"))
class UuidIsNameInUse(SimulatedDomain):
    """A uuid that is taken is refused as a name in use."""


@breaks("NAME-21")
@rephrases("rename", "NameInUse", "InvalidName")
class RenamedToTakenIsInvalid(SimulatedDomain):
    """A rename to a name in use is refused as an invalid name."""


@breaks("NAME-30", settings=("names.policy=duplicates", "names.lookup=ambiguous"))
@rephrases("lookup_by_name", "AmbiguousName", "NoSuchSnapshot")
class RepeatedIsNotFound(SimulatedDomain):
    """A name that two snapshots bear is said to be nobody's."""


@breaks("LIMIT-4", settings=("limits.depth=3",))
@rephrases("create", "LimitExceeded", "Unsupported")
class TooDeepIsUnsupported(SimulatedDomain):
    """A snapshot that is too deep is said to be unsupported."""


@breaks("LIMIT-5", settings=("limits.count=3",))
@rephrases("create", "LimitExceeded", "InvalidArgument")
class TooManyIsBadArgument(SimulatedDomain):
    """One snapshot too many is said to be a bad argument."""


@breaks("LIMIT-2", settings=("roots=single",))
@rephrases("create", "Unsupported", "LimitExceeded")
class SecondRootIsLimit(SimulatedDomain):
    """A second root is said to exceed a limit."""


# --- deletes ----------------------------------------------------------------------------


@breaks("MERGE-20", "REFUSE-3")
class LeafMergeNamesNobody(SimulatedDomain):
    """The refusal to merge a leaf names no casualty."""

    def merge_into_children(self, snapshot: str) -> None:
        try:
            super().merge_into_children(snapshot)
        except WouldDiscard as refusal:
            raise WouldDiscard(str(refusal), casualties=[]) from None


@breaks("MERGE-21", settings=("limits.merge_children=1",))
@rephrases("merge_into_children", "LimitExceeded", "WouldDiscard")
class TooManyToMergeWouldDiscard(SimulatedDomain):
    """More dependents than it can merge into are said to be discarded."""


@breaks("MERGE-22", settings=("limits.merge_children=1",))
class ActiveIsNoDependent(SimulatedDomain):
    """It does not count the active state among the dependents that a merge may have."""

    def admit_merge(self, node: Any) -> None:
        if len(self.above(node)) > 1:
            super().admit_merge(node)


@breaks("MERGE-27", "REFUSE-3")
class SiblingsNamedAlone(SimulatedDomain):
    """The refusal to merge into a parent names the siblings, and nothing below them."""

    def merge_into_parent(self, snapshot: str) -> None:
        try:
            super().merge_into_parent(snapshot)
        except WouldDiscard as refusal:
            beside = [key for key in self.children(self.parent(snapshot)) if key != snapshot]
            active = ["active"] if "active" in (refusal.casualties or ()) else []
            raise WouldDiscard(str(refusal), casualties=[*beside, *active]) from None


@breaks("FORCE-6", settings=("features.reset_to_base=false",))
@rephrases("discard_forced merge_into_parent_forced", "Unsupported", "WouldDiscard")
class ResetToBaseWouldDiscard(SimulatedDomain):
    """It cannot reset to base, and asks for force when it is forced."""


@breaks("RETIRE-8", "REFUSE-4")
@rephrases("revert merge_into_children discard lookup_by_id", "NoSuchSnapshot", "InvalidArgument")
class GoneIsBadArgument(SimulatedDomain):
    """The id of a snapshot that is gone or retired is said to be a bad argument."""


@breaks("RETIRE-11")
@rephrases("reclaim", "InvalidArgument", "NoSuchSnapshot")
class ListedIsNotFound(SimulatedDomain):
    """Asked to reclaim a listed snapshot, it says that there is none."""


@breaks("RETIRE-12")
@rephrases("reclaim", "NoSuchSnapshot", "InvalidArgument")
class ReclaimedIsBadArgument(SimulatedDomain):
    """Asked to reclaim what is reclaimed already, it calls that a bad argument."""


# --- reverts, power and disks --------------------------------------------------------------


@breaks("REVERT-16")
@rephrases("revert discard_forced merge_into_parent_forced", "InvalidArgument", "Unsupported")
class StrangePowerIsUnsupported(SimulatedDomain):
    """A power state that does not exist is said to be unsupported."""


@breaks("REVERT-17", settings=("features.resume_as=false",))
@rephrases("revert", "Unsupported", "InvalidArgument", when=_has("resume_as"))
class ResumeIsBadArgument(SimulatedDomain):
    """It cannot choose the power state after a revert, and calls the wish a bad argument."""


@breaks("POWER-1", profile="libvirt-qemu-internal")
@rephrases("write_disk", "InvalidPowerState", "Unsupported")
class NotWhileRunningIsUnsupported(SimulatedDomain):
    """What it cannot do while the domain runs it says it cannot do at all."""


@breaks("POWER-27")
@rephrases("pause", "InvalidPowerState", "Unsupported")
class PauseOfOffIsUnsupported(SimulatedDomain):
    """A domain that is off is said to have no pause at all."""


@breaks("POWER-20", found_by="stories")
@rephrases("create revert list count current", "InvalidArgument", "NoSuchSnapshot")
class RemovedDomainHasNoSnapshot(SimulatedDomain):
    """A call on a domain that was removed is said to miss a snapshot."""


@breaks("POWER-21")
@rephrases("undefine", "WouldDiscard", "InvalidPowerState")
class SnapshotsAreAWrongState(SimulatedDomain):
    """A domain that has snapshots is said to be in the wrong state for its removal."""


@breaks("POWER-23")
@rephrases("undefine undefine_forced", "InvalidPowerState", "Unsupported")
class RemovalWhileOnIsUnsupported(SimulatedDomain):
    """The removal of a domain that is on is said to be unsupported."""


@breaks("SAVE-18", found_by="sampled")
@rephrases("managed_save", "Unsupported", "InvalidPowerState")
class TransientIsAWrongState(SimulatedDomain):
    """It says that a transient domain is in the wrong state for an image."""


@breaks("SAVE-19")
@rephrases("managed_save", "InvalidPowerState", "Unsupported")
class SaveOfOffIsUnsupported(SimulatedDomain):
    """Asked to save a domain that is off, it says that it cannot save."""


@breaks("ACTIVE-11")
@rephrases("write_disk resize_disk detach_disk", "InvalidArgument", "NoSuchSnapshot")
class NoDiskIsNoSnapshot(SimulatedDomain):
    """A disk that it does not have is reported as a missing snapshot."""


@breaks("ACTIVE-14")
@rephrases("resize_disk attach_disk", "InvalidArgument", "LimitExceeded")
class OddSizeIsLimit(SimulatedDomain):
    """A size that is no multiple of 64 KiB is said to exceed a limit."""


@breaks("ACTIVE-16")
@rephrases("attach_disk", "InvalidArgument", "NameInUse")
class TakenDiskIsNameInUse(SimulatedDomain):
    """A disk id that is taken is said to be a name in use."""


@breaks("ACTIVE-21", settings=("features.independent_disks=false",))
@rephrases("attach_disk", "Unsupported", "InvalidArgument", when=_has("independent"))
class IndependentIsBadArgument(SimulatedDomain):
    """It has no independent disks, and calls the wish for one a bad argument."""
