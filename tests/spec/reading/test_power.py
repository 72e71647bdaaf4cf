"""The walks find faults that are planted in the model: their silence is evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

from .walks import Model, codes_of, follow

LENGTH: Final = 60
MOST_WALKS: Final = 300

Asked = Callable[[Domain, Any, Profile], tuple[Any, Profile]]
Answered = Callable[[Domain, Any, Domain], Domain]


def _asked(change: Asked, *kinds: type[Operation]) -> Model:
    """A model that hears another question, or another profile."""

    def model(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        if not kinds or isinstance(operation, kinds):
            operation, profile = change(domain, operation, profile)
        return step(domain, operation, profile)

    return model


def _answered(change: Answered, *kinds: type[Operation]) -> Model:
    """A model that accepts what it should, and does something else."""

    def model(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted) and isinstance(operation, kinds):
            return Accepted(outcome.result, change(domain, operation, outcome.domain))
        return outcome

    return model


def _one_deeper(_: Domain, call: Any, profile: Profile) -> tuple[Any, Profile]:
    depth = profile.limits.depth
    return call, replace(profile, limits=replace(profile.limits, depth=depth and depth + 1))


def _swapped_lookup(_: Domain, call: Any, profile: Profile) -> tuple[Any, Profile]:
    swap = {"first-depth-first": "first-breadth-first", "first-breadth-first": "first-depth-first"}
    lookup: Any = swap.get(profile.names.lookup, profile.names.lookup)
    return call, replace(profile, names=replace(profile.names, lookup=lookup))


def _capturing_image(_: Domain, call: Any, profile: Profile) -> tuple[Any, Profile]:
    drops = profile.create_with_managed_save == "drops"
    return call, replace(profile, create_with_managed_save="captures") if drops else profile


def _renaming_freely(_: Domain, call: Any, profile: Profile) -> tuple[Any, Profile]:
    replaces = profile.names.policy == "replace"
    return call, replace(profile, names=replace(profile.names, policy="duplicates")) if replaces else profile


def _never_paused(_: Domain, call: Any, profile: Profile) -> tuple[Any, Profile]:
    return call, replace(profile, power={**dict.fromkeys(CALLS, ("off", "running")), **profile.power})


def _quiescing_when_paused(domain: Domain, call: Any, profile: Profile) -> tuple[Any, Profile]:
    return (replace(call, quiesce=False) if domain.active.power == "paused" else call), profile


def _forgetting_retired(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    """The uuid and the count of retired snapshots are free."""
    if isinstance(operation, ops.Create):
        outcome = step(
            replace(domain, retired=Domain.__dataclass_fields__["retired"].default), operation, profile
        )
        if isinstance(outcome, Accepted):
            return Accepted(outcome.result, replace(outcome.domain, retired=domain.retired))
        return outcome
    return step(domain, operation, profile)


def _unpausing_image(_: Domain, __: Any, after: Domain) -> Domain:
    return replace(after, managed_save=after.managed_save and replace(after.managed_save, power="running"))


def _keeping_time(before: Domain, call: Any, after: Domain) -> Domain:
    parent = before.snapshots[call.snapshot].parent
    if parent is None:
        return after
    return after.with_changed(replace(after.snapshots[parent], captured=before.snapshots[parent].captured))


def _keeping_memory(before: Domain, _: Any, after: Domain) -> Domain:
    return replace(
        after, active=replace(after.active, memory=before.active.memory, power=before.active.power)
    )


def _keeping_image(before: Domain, _: Any, after: Domain) -> Domain:
    return replace(after, managed_save=before.managed_save)


def _keeping_tail(before: Domain, call: Any, after: Domain) -> Domain:
    """What a disk lost when it shrank is there again when it grows."""
    old, new = before.active.disks.get(call.disk), after.active.disks.get(call.disk)
    if old is None or new is None:
        return after
    return replace(
        after,
        active=replace(
            after.active, disks=after.active.disks.insert(call.disk, replace(new, blocks=old.blocks))
        ),
    )


def _missing_active(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    outcome = step(domain, operation, profile)
    if isinstance(outcome, Refused) and outcome.casualties is not None and outcome.casualties.snapshots:
        return replace(outcome, casualties=replace(outcome.casualties, active=False))
    return outcome


FAULTS: Final[dict[str, tuple[Model, tuple[str, ...]]]] = {
    "the depth limit is off by one": (_asked(_one_deeper, ops.Create), ("limits.depth=2",)),
    "depth-first and breadth-first are swapped": (
        _asked(_swapped_lookup, ops.LookupByName),
        ("names.policy=duplicates", "names.lookup=first-depth-first"),
    ),
    "create captures the image that it should drop": (
        _asked(_capturing_image, ops.Create),
        ("create_with_managed_save=drops",),
    ),
    "rename takes a name in use where names are replaced": (
        _asked(_renaming_freely, ops.Rename),
        ("names.policy=replace",),
    ),
    "nothing works on a paused domain": (_asked(_never_paused), ()),
    "a paused domain can be quiesced": (_asked(_quiescing_when_paused, ops.Create), ()),
    "uuid and count of retired snapshots are free": (_forgetting_retired, ("limits.count=3",)),
    "an image forgets that its domain was paused": (_answered(_unpausing_image, ops.ManagedSave), ()),
    "a revert to saved forgets that the point was paused": (
        _answered(_unpausing_image, ops.Revert),
        ("revert_with_memory=saved",),
    ),
    "a merged parent keeps its time of capture": (
        _answered(_keeping_time, ops.MergeIntoParent, ops.MergeIntoParentForced),
        (),
    ),
    "a forced discard leaves the power alone": (_answered(_keeping_memory, ops.DiscardForced), ()),
    "a revert keeps the image": (_answered(_keeping_image, ops.Revert), ()),
    "a disk that shrinks keeps what it loses": (_answered(_keeping_tail, ops.ResizeDisk), ()),
    "the active state is missing among casualties": (_missing_active, ()),
}
"""Each fault with the points of a profile in which it shows."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    model, settings = FAULTS[fault]
    profile = varied("rfc", settings)
    for seed in range(MOST_WALKS):
        codes, persistent = codes_of(profile, seed, LENGTH)
        if follow(profile, codes, persistent=persistent, model=model)[1] is not None:
            return
    pytest.fail(f"not found in {MOST_WALKS} walks: {fault}")
