"""Conditions of libvirt's own calls: what their flags ask for."""

from __future__ import annotations

from typing import Any, Final

from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary.condition import Condition, HoldsForStep

_LISTS: Final = (
    "virDomainListAllSnapshots",
    "virDomainSnapshotListAllChildren",
    "virDomainSnapshotNum",
    "virDomainSnapshotNumChildren",
)
_GROUPS: Final = (0b1100, 0b10010, 0b11100000, 0b1100000000)
"""Leaves and others; with and without metadata; off, on, disks alone; inside and outside of disks."""


def _flags(operation: Any) -> int:
    return operation.flags if isinstance(operation.flags, int) else 0


def _has(bits: int) -> HoldsForStep:
    return lambda _before, operation, _profile: bool(_flags(operation) & bits)


def _whole_group(_before: Domain, operation: Any, _profile: Profile) -> bool:
    return any(_flags(operation) & group == group for group in _GROUPS)


def _full_system(before: Domain, operation: Any, _profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    return snapshot is not None and snapshot.point.memory is not None


def _has_calls(profile: Profile) -> bool:
    return bool(profile.libvirt)


FLAG_CONDITIONS: Final = (
    Condition(
        "deletes-below",
        "the flags of the delete say CHILDREN or CHILDREN_ONLY",
        {"virDomainSnapshotDelete": _has(0b101)},
        _has_calls,
    ),
    Condition(
        "forgets",
        "the flags of the delete say METADATA_ONLY",
        {"virDomainSnapshotDelete": _has(0b010)},
        lambda profile: "METADATA_ONLY" in profile.libvirt.get("delete", ()),
    ),
    Condition(
        "whole-group",
        "the flags have every filter of a group",
        dict.fromkeys(_LISTS, _whole_group),
        _has_calls,
    ),
    Condition(
        "ordered",
        "the flags say TOPOLOGICAL",
        dict.fromkeys(_LISTS, _has(1 << 10)),
        _has_calls,
    ),
    Condition(
        "full-system",
        "the snapshot holds memory",
        {"virDomainSnapshotGetXMLDesc": _full_system},
        _has_calls,
    ),
)
"""The bits are those of ``snaptree.spec.libvirt.flags``, which takes long to load; a test compares them."""
