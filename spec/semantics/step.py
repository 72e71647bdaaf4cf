"""One step of the model: admission first, then what the operation itself refuses, then its effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import OnSnapshot, Operation
from snaptree.spec.outcomes import Accepted, Casualties, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import (
    active,
    create,
    discard,
    identity,
    listing,
    managed_save,
    merge_into_children,
    merge_into_parent,
    power,
    removal,
    remove_subtree,
    retire,
    revert,
)
from snaptree.spec.state import Domain

NOTHING: Final = Casualties()


def _nothing(domain: Domain, operation: Any) -> Casualties:
    return NOTHING


@dataclass(frozen=True)
class Meaning:
    """The functions that give one operation its meaning."""

    refused: Callable[[Domain, Any, Profile], Iterator[str]]
    effect: Callable[[Domain, Any, Profile], tuple[Domain, Any]]
    destroyed: Callable[[Domain, Any], Casualties] = _nothing


MEANINGS: Final[dict[type[Operation], Meaning]] = {
    ops.Create: Meaning(create.refused, create.effect),
    ops.Revert: Meaning(revert.refused, revert.effect),
    ops.MergeIntoChildren: Meaning(
        merge_into_children.refused, merge_into_children.effect, merge_into_children.destroyed
    ),
    ops.MergeIntoParent: Meaning(
        merge_into_parent.refused, merge_into_parent.effect, merge_into_parent.destroyed
    ),
    ops.Discard: Meaning(discard.refused, discard.effect, discard.destroyed),
    ops.RemoveSubtree: Meaning(remove_subtree.refused, remove_subtree.effect),
    ops.Retire: Meaning(retire.retire_refused, retire.retire_effect),
    ops.Reclaim: Meaning(retire.reclaim_refused, retire.reclaim_effect),
    ops.Rename: Meaning(identity.rename_refused, identity.rename_effect),
    ops.Describe: Meaning(identity.describe_refused, identity.describe_effect),
    ops.Start: Meaning(power.start_refused, power.start_effect),
    ops.Stop: Meaning(power.stop_refused, power.stop_effect),
    ops.Pause: Meaning(power.pause_refused, power.pause_effect),
    ops.Resume: Meaning(power.resume_refused, power.resume_effect),
    ops.Crash: Meaning(power.crash_refused, power.crash_effect),
    ops.ManagedSave: Meaning(managed_save.save_refused, managed_save.save_effect),
    ops.ManagedSaveRemove: Meaning(managed_save.remove_refused, managed_save.remove_effect),
    ops.Undefine: Meaning(removal.refused, removal.effect, removal.destroyed),
    ops.WriteDisk: Meaning(active.write_disk_refused, active.write_disk_effect),
    ops.WriteMemory: Meaning(active.write_memory_refused, active.write_memory_effect),
    ops.ResizeDisk: Meaning(active.resize_refused, active.resize_effect),
    ops.AttachDisk: Meaning(active.attach_refused, active.attach_effect),
    ops.DetachDisk: Meaning(active.detach_refused, active.detach_effect),
    ops.Configure: Meaning(active.configure_refused, active.configure_effect),
    ops.ListSnapshots: Meaning(listing.refused, listing.list_effect),
    ops.Children: Meaning(listing.children_refused, listing.children_effect),
    ops.Parent: Meaning(listing.refused, listing.parent_effect),
    ops.Current: Meaning(listing.refused, listing.current_effect),
    ops.LookupByName: Meaning(listing.lookup_refused, listing.lookup_effect),
    ops.LookupById: Meaning(listing.refused, listing.lookup_by_id_effect),
    ops.Count: Meaning(listing.refused, listing.count_effect),
}


def step(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    """What the specification says of one operation on one domain.

    Returns ``Accepted`` with the result and the domain after it, or ``Refused``
    with every kind that is a correct answer. The domain given is not changed.
    """
    meaning = MEANINGS[type(operation)]
    kinds = set(_not_admitted(domain, operation, profile))
    if _names_nothing(domain, operation):
        kinds.add("NoSuchSnapshot")
    else:
        kinds.update(meaning.refused(domain, operation, profile))
    if not kinds:
        after, result = meaning.effect(domain, operation, profile)
        return Accepted(result, after)
    casualties = meaning.destroyed(domain, operation) if "WouldDiscard" in kinds else None
    return Refused(frozenset(kinds), casualties)


def destroyed(domain: Domain, operation: Operation) -> Casualties:
    """What the operation would destroy beside its own target, forced or not."""
    if _names_nothing(domain, operation):
        return NOTHING
    return MEANINGS[type(operation)].destroyed(domain, operation)


def _names_nothing(domain: Domain, operation: Operation) -> bool:
    """Whether the operation names a snapshot that is not listed. Reclaim names unlisted ones."""
    if not isinstance(operation, OnSnapshot) or isinstance(operation, ops.Reclaim):
        return False
    return operation.snapshot not in domain.snapshots


def _not_admitted(domain: Domain, operation: Operation, profile: Profile) -> Iterator[str]:
    """Refusals that do not depend on what the operation does."""
    call = operation.call
    if call not in profile.operations:
        yield "Unsupported"
    if not domain.defined:
        yield "InvalidArgument"
    if not profile.allows_power(call, domain.active.power):
        yield "InvalidPowerState"
