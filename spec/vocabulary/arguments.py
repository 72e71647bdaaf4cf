"""Conditions of arguments: what is wrong with one, where several rules refuse the same call as the same kind.

They hold for calls that are refused, so no accepted step is such a case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from snaptree.spec.operations import (
    AttachDisk,
    Configure,
    Create,
    Describe,
    DetachDisk,
    Operation,
    ResizeDisk,
    WriteDisk,
    WriteMemory,
)
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import active_state, create, identity
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary.condition import Cases, Condition, HoldsForStep, always

OnDisk = WriteDisk | ResizeDisk | DetachDisk


def _unknown_disk(before: Domain, operation: OnDisk, _profile: Profile) -> bool:
    return active_state.disk_of(before, operation.disk) is None


def _beyond_disk(before: Domain, operation: WriteDisk, _profile: Profile) -> bool:
    disk = active_state.disk_of(before, operation.disk)
    return disk is not None and not active_state.is_block(operation.block, disk)


def _no_byte(_before: Domain, operation: WriteDisk | WriteMemory, _profile: Profile) -> bool:
    return not active_state.is_byte(operation.value)


def _no_size(_before: Domain, operation: ResizeDisk | AttachDisk, _profile: Profile) -> bool:
    return not active_state.is_size(operation.size)


def _too_large(_before: Domain, operation: ResizeDisk | AttachDisk, profile: Profile) -> bool:
    return active_state.is_size(operation.size) and not active_state.fits(operation.size, profile)


def _attached(before: Domain, operation: AttachDisk, _profile: Profile) -> bool:
    return active_state.disk_of(before, operation.disk) is not None


def _captured(before: Domain, operation: AttachDisk, _profile: Profile) -> bool:
    return operation.independent and active_state.is_captured(before, operation.disk)


def _no_disk_id(_before: Domain, operation: AttachDisk, _profile: Profile) -> bool:
    return not operation.disk


def _no_key(_before: Domain, operation: Configure, _profile: Profile) -> bool:
    return not operation.key


def _malformed_uuid(_before: Domain, operation: Create, _profile: Profile) -> bool:
    return operation.uuid is not None and create.CANONICAL_UUID.fullmatch(operation.uuid) is None


def _borne_uuid(before: Domain, operation: Create, _profile: Profile) -> bool:
    return operation.uuid is not None and create.is_borne(before, operation.uuid)


def _spent_uuid(before: Domain, operation: Create, _profile: Profile) -> bool:
    uuid = operation.uuid
    return uuid is not None and uuid in before.issued and not create.is_borne(before, uuid)


def _too_deep(before: Domain, operation: Create, profile: Profile) -> bool:
    return profile.limits.depth is not None and create.is_too_deep(before, operation.name, profile)


def _too_many(before: Domain, operation: Create, profile: Profile) -> bool:
    return profile.limits.count is not None and create.are_too_many(before, operation.name, profile)


def _memory_never(_before: Domain, operation: Create, profile: Profile) -> bool:
    return operation.memory and profile.memory == "never"


def _memory_always(before: Domain, operation: Create, profile: Profile) -> bool:
    return not operation.memory and before.active.power != "off" and profile.memory == "always"


def _quiesces_in_vain(_before: Domain, operation: Create, profile: Profile) -> bool:
    return operation.quiesce and not profile.offers("quiesce")


def _unwritable(_before: Domain, operation: Create | Describe, profile: Profile) -> bool:
    return any(identity.unwritable(operation.description, profile))


def _limited(limit: str) -> Callable[[Profile], bool]:
    return lambda profile: getattr(profile.limits, limit) is not None


def _replaces_too_much(before: Domain, operation: Create, profile: Profile) -> bool:
    return create.replaces_too_much(before, operation.name, profile)


def _can_replace_too_much(profile: Profile) -> bool:
    return profile.names.policy == "replace" and profile.limits.merge_children is not None


def _has_independent(profile: Profile) -> bool:
    return profile.offers("independent_disks")


def _identifies_by_uuid(profile: Profile) -> bool:
    return profile.identity == "uuid"


_ON_DISK: Final = (WriteDisk, ResizeDisk, DetachDisk)
_WITH_SIZE: Final = (ResizeDisk, AttachDisk)
_WITH_VALUE: Final = (WriteDisk, WriteMemory)


def _row(
    name: str,
    text: str,
    holds: HoldsForStep,
    *kinds: type[Operation],
    needs: Callable[[Profile], bool] = always,
    can_hold: Callable[[Profile], bool] | None = None,
) -> Condition:
    cases: Cases = dict.fromkeys(kinds, holds)
    return Condition(name, text, cases, can_hold or needs, needs)


ARGUMENT_CONDITIONS: Final = (
    _row("unknown-disk", "the domain has no such disk", _unknown_disk, *_ON_DISK),
    _row("beyond-disk", "the block lies outside the disk", _beyond_disk, WriteDisk),
    _row("no-byte", "the value is no byte", _no_byte, *_WITH_VALUE),
    _row("no-size", "the size is no positive multiple of 64 KiB", _no_size, *_WITH_SIZE),
    _row(
        "too-large",
        "the size is above the limit of the profile",
        _too_large,
        *_WITH_SIZE,
        needs=_limited("disk_size"),
    ),
    _row("attached", "the disk id is in use", _attached, AttachDisk),
    _row(
        "captured-disk",
        "a point holds a disk of that id, and the new disk would be independent",
        _captured,
        AttachDisk,
        can_hold=_has_independent,
    ),
    _row("empty-disk-id", "the disk id is empty", _no_disk_id, AttachDisk),
    _row("empty-key", "the key is empty", _no_key, Configure),
    _row("malformed-uuid", "the uuid is not in canonical form", _malformed_uuid, Create),
    _row("borne-uuid", "a listed or retired snapshot bears the uuid", _borne_uuid, Create),
    _row(
        "spent-uuid",
        "a snapshot that is gone had the uuid",
        _spent_uuid,
        Create,
        can_hold=_identifies_by_uuid,
    ),
    _row(
        "memory-never",
        "memory is asked for, which the profile never captures",
        _memory_never,
        Create,
        needs=lambda profile: profile.memory == "never",
    ),
    _row(
        "memory-always",
        "no memory is asked for, which the profile always captures",
        _memory_always,
        Create,
        needs=lambda profile: profile.memory == "always",
    ),
    _row(
        "quiesce-not-offered",
        "quiescing is asked for, which the profile does not offer",
        _quiesces_in_vain,
        Create,
        needs=lambda profile: not profile.offers("quiesce"),
    ),
    _row(
        "unwritable",
        "XML has not every character of the description",
        _unwritable,
        Create,
        Describe,
        needs=lambda profile: profile.descriptions == "xml",
    ),
    _row("too-deep", "the snapshot would be too deep", _too_deep, Create, needs=_limited("depth")),
    _row("too-many", "there would be too many snapshots", _too_many, Create, needs=_limited("count")),
    _row(
        "replaces-too-much",
        "the replaced snapshot has too many dependents",
        _replaces_too_much,
        Create,
        needs=_can_replace_too_much,
    ),
)
"""What can be wrong with an argument, or with one snapshot more."""
