"""One step of the model: admission first, then what the operation itself refuses, then its effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import OnSnapshot, Operation
from snaptree.spec.outcomes import Accepted, Casualties, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import (
    active_state,
    create,
    discard,
    identity,
    listing,
    managed_save,
    merge_into_children,
    merge_into_parent,
    power,
    remove_subtree,
    resetting,
    retire,
    revert,
    undefine,
)
from snaptree.spec.state import Domain

NOTHING: Final = Casualties()


_UNCLAIMED: Final = Refused(frozenset({"Unsupported"}))
_UNCLAIMED_AND_REMOVED: Final = Refused(frozenset({"Unsupported", "InvalidArgument"}))


def _nothing(domain: Domain, operation: Any, profile: Profile) -> Casualties:
    return NOTHING


def _no_arguments(domain: Domain, operation: Any, profile: Profile) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Meaning:
    """The functions that give one operation its meaning.

    ``arguments`` are refusals that hold whatever snapshot is named, and also where none of that id is
    listed: a driver may look at its arguments first. ``refused`` are those that need the snapshot.
    """

    refused: Callable[[Domain, Any, Profile], Iterator[str]]
    effect: Callable[[Domain, Any, Profile], tuple[Domain, Any]]
    destroyed: Callable[[Domain, Any, Profile], Casualties] = _nothing
    arguments: Callable[[Domain, Any, Profile], Iterable[str]] = _no_arguments


MEANINGS: Final[dict[type[Operation], Meaning]] = {
    ops.Create: Meaning(create.refused, create.effect, create.destroyed),
    ops.Revert: Meaning(revert.refused, revert.effect, arguments=revert.arguments),
    ops.MergeIntoChildren: Meaning(
        merge_into_children.refused, merge_into_children.effect, merge_into_children.destroyed
    ),
    ops.MergeIntoParent: Meaning(
        merge_into_parent.refused, merge_into_parent.effect, merge_into_parent.destroyed
    ),
    ops.MergeIntoParentForced: Meaning(
        merge_into_parent.forced_refused,
        merge_into_parent.effect,
        merge_into_parent.destroyed,
        resetting.arguments,
    ),
    ops.Discard: Meaning(discard.refused, discard.effect, discard.destroyed),
    ops.DiscardForced: Meaning(
        discard.forced_refused, discard.effect, discard.destroyed, resetting.arguments
    ),
    ops.RemoveSubtree: Meaning(remove_subtree.refused, remove_subtree.effect),
    ops.Retire: Meaning(retire.retire_refused, retire.retire_effect),
    ops.Reclaim: Meaning(retire.reclaim_refused, retire.reclaim_effect),
    ops.Rename: Meaning(identity.rename_refused, identity.rename_effect, arguments=identity.rename_arguments),
    ops.Describe: Meaning(
        identity.describe_refused, identity.describe_effect, arguments=identity.describe_arguments
    ),
    ops.Start: Meaning(power.start_refused, power.start_effect),
    ops.Stop: Meaning(power.stop_refused, power.stop_effect),
    ops.Pause: Meaning(power.pause_refused, power.pause_effect),
    ops.Resume: Meaning(power.resume_refused, power.resume_effect),
    ops.Crash: Meaning(power.crash_refused, power.crash_effect),
    ops.ManagedSave: Meaning(managed_save.save_refused, managed_save.save_effect),
    ops.ManagedSaveRemove: Meaning(managed_save.remove_refused, managed_save.remove_effect),
    ops.Undefine: Meaning(undefine.refused, undefine.effect, undefine.destroyed),
    ops.UndefineForced: Meaning(undefine.forced_refused, undefine.effect, undefine.destroyed),
    ops.WriteDisk: Meaning(active_state.write_disk_refused, active_state.write_disk_effect),
    ops.WriteBlocks: Meaning(active_state.write_blocks_refused, active_state.write_blocks_effect),
    ops.WriteMemory: Meaning(active_state.write_memory_refused, active_state.write_memory_effect),
    ops.ResizeDisk: Meaning(active_state.resize_refused, active_state.resize_effect),
    ops.AttachDisk: Meaning(active_state.attach_refused, active_state.attach_effect),
    ops.DetachDisk: Meaning(active_state.detach_refused, active_state.detach_effect),
    ops.Configure: Meaning(active_state.configure_refused, active_state.configure_effect),
    ops.ListSnapshots: Meaning(listing.refused, listing.list_effect),
    ops.Children: Meaning(listing.children_refused, listing.children_effect),
    ops.Parent: Meaning(listing.refused, listing.parent_effect),
    ops.Current: Meaning(listing.refused, listing.current_effect),
    ops.LookupByName: Meaning(listing.lookup_refused, listing.lookup_effect),
    ops.LookupById: Meaning(listing.refused, listing.lookup_by_id_effect),
    ops.Count: Meaning(listing.refused, listing.count_effect),
}


def step(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    """What the specification says of one operation, or one call of libvirt's, on one domain.

    Returns ``Accepted`` with the result and the domain after it, or ``Refused``
    with every kind that is a correct answer. The domain given is not changed.
    """
    meaning = MEANINGS.get(type(operation))
    if meaning is None:
        return operation.outcome(domain, profile)
    if not profile.claims(operation.call):
        return _UNCLAIMED if domain.defined else _UNCLAIMED_AND_REMOVED
    kinds = {*_not_admitted(domain, operation, profile), *meaning.arguments(domain, operation, profile)}
    if _names_nothing(domain, operation):
        kinds.add("NoSuchSnapshot")
    else:
        kinds.update(meaning.refused(domain, operation, profile))
    if not kinds:
        after, result = meaning.effect(domain, operation, profile)
        return Accepted(result, after)
    casualties = meaning.destroyed(domain, operation, profile) if "WouldDiscard" in kinds else None
    return Refused(frozenset(kinds), casualties)


def destroyed(domain: Domain, operation: Operation, profile: Profile) -> Casualties:
    """What the operation would destroy beside its own target, forced or not."""
    if _names_nothing(domain, operation):
        return NOTHING
    return MEANINGS[type(operation)].destroyed(domain, operation, profile)


def effect(domain: Domain, operation: Operation, profile: Profile) -> Domain:
    """The domain after the operation, as if nothing refused it. A snapshot that it names is listed."""
    after, _ = MEANINGS[type(operation)].effect(domain, operation, profile)
    return after


def _names_nothing(domain: Domain, operation: Operation) -> bool:
    """Whether the operation names a snapshot that is not listed. Reclaim names unlisted ones."""
    if not isinstance(operation, OnSnapshot) or isinstance(operation, ops.Reclaim):
        return False
    return operation.snapshot not in domain.snapshots


def _not_admitted(domain: Domain, operation: Operation, profile: Profile) -> Iterator[str]:
    """Refusals that do not depend on what the operation does."""
    if not domain.defined:
        yield "InvalidArgument"
    if not profile.allows_power(operation.call, domain.active.power):
        yield "InvalidPowerState"
