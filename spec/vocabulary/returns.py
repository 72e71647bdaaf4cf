"""Conditions of reverts and deletes: which power state is asked for, and what the active state stands on."""

from __future__ import annotations

from typing import Final

from snaptree.spec.operations import (
    RESUME_AS,
    Discard,
    ForcedDelete,
    MergeIntoChildren,
    MergeIntoParent,
    OnSnapshot,
    Revert,
)
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import destroyed
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary.condition import Condition, always

Resuming = Revert | ForcedDelete


def _asks_nothing(_before: Domain, operation: Resuming, _profile: Profile) -> bool:
    return operation.resume_as is None


def _asks_on(_before: Domain, operation: Resuming, _profile: Profile) -> bool:
    return operation.resume_as in ("running", "paused")


def _asks_off(_before: Domain, operation: Resuming, _profile: Profile) -> bool:
    return operation.resume_as == "off"


def _asks_nonsense(_before: Domain, operation: Resuming, _profile: Profile) -> bool:
    return operation.resume_as is not None and operation.resume_as not in RESUME_AS


def _asks_in_vain(_before: Domain, operation: Resuming, profile: Profile) -> bool:
    return operation.resume_as is not None and not profile.offers("resume_as")


def _brings_back(how: str, text: str) -> Condition:
    def decides(profile: Profile) -> bool:
        return profile.revert_with_memory == how

    def holds(before: Domain, operation: Revert, profile: Profile) -> bool:
        snapshot = before.snapshots.get(operation.snapshot)
        memory = snapshot is not None and snapshot.point.memory is not None
        return memory and operation.resume_as is None and decides(profile)

    def can_hold(profile: Profile) -> bool:
        image = profile.claims("managed_save") and profile.create_with_managed_save == "captures"
        return decides(profile) and (profile.memory != "never" or image)

    return Condition(f"back-{how}", text, {Revert: holds}, can_hold, needs=decides)


def _resets_nothing(before: Domain, operation: ForcedDelete, profile: Profile) -> bool:
    return operation.snapshot in before.snapshots and not destroyed(before, operation, profile).active


def _is_current(before: Domain, operation: OnSnapshot, _profile: Profile) -> bool:
    return before.current == operation.snapshot


def _has_later_disk(before: Domain, operation: Revert, _profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    return snapshot is not None and any(disk not in snapshot.point.disks for disk in before.active.disks)


_RESUMING: Final = (Revert, ForcedDelete)

RETURN_CONDITIONS: Final = (
    Condition(
        "no-resume-as",
        "the operation asked for no power state",
        dict.fromkeys(_RESUMING, _asks_nothing),
        always,
    ),
    Condition(
        "resume-on",
        "the operation asked for running or paused",
        dict.fromkeys(_RESUMING, _asks_on),
        lambda profile: profile.offers("resume_as"),
    ),
    Condition(
        "resume-off",
        "the operation asked for off",
        dict.fromkeys(_RESUMING, _asks_off),
        lambda profile: profile.offers("resume_as"),
    ),
    Condition(
        "no-power-state",
        "what was asked for is no power state",
        dict.fromkeys(_RESUMING, _asks_nonsense),
        always,
    ),
    Condition(
        "resume-not-offered",
        "the operation asked for a power state, which the profile does not offer",
        dict.fromkeys(_RESUMING, _asks_in_vain),
        lambda profile: not profile.offers("resume_as"),
        needs=lambda profile: not profile.offers("resume_as"),
    ),
    _brings_back("captured", "memory comes back as captured"),
    _brings_back("saved", "memory comes back as a managed-save image"),
    _brings_back("off", "memory is dropped by a revert"),
    Condition(
        "no-reset", "the active state is not among the casualties", {ForcedDelete: _resets_nothing}, always
    ),
    Condition(
        "on-current",
        "the active state grew from the snapshot that is named",
        dict.fromkeys((MergeIntoChildren, MergeIntoParent, Discard), _is_current),
        always,
    ),
    Condition(
        "later-disk",
        "the active state has a disk that the point does not hold",
        {Revert: _has_later_disk},
        lambda profile: profile.claims("attach_disk"),
    ),
)
"""Cases of reverts, resets and deletes, beside those of the table of conditions."""
