"""Conditions of choices: the cases in which a profile decides what an accepted call does."""

from __future__ import annotations

from typing import Final

from snaptree.spec.operations import Configure, Create, LookupByName, Rename
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary.condition import Condition, always


def _image(name: str, text: str, choice: str, *, memory: bool | None = None) -> Condition:
    """Create meets an image, and the profile decides so; ``memory``: whether it captures memory."""

    def decides(profile: Profile) -> bool:
        captures = profile.memory != "never"
        return profile.create_with_managed_save == choice and memory in (None, captures)

    def holds(before: Domain, _operation: Create, profile: Profile) -> bool:
        return before.managed_save is not None and decides(profile)

    def can_hold(profile: Profile) -> bool:
        return profile.claims("managed_save") and decides(profile)

    return Condition(name, text, {Create: holds}, can_hold, needs=decides)


def _first(order: str) -> Condition:
    def decides(profile: Profile) -> bool:
        return profile.names.lookup == f"first-{order}"

    def holds(before: Domain, operation: LookupByName, profile: Profile) -> bool:
        return len(before.names.get(operation.name, ())) > 1 and decides(profile)

    def can_hold(profile: Profile) -> bool:
        return profile.names.policy == "duplicates" and decides(profile)

    text = f"several snapshots bear the name, and the first one {order} is meant"
    return Condition(order, text, {LookupByName: holds}, can_hold, needs=decides)


def _asks_uuid(_before: Domain, operation: Create, _profile: Profile) -> bool:
    return operation.uuid is not None


def _keeps_name(before: Domain, operation: Rename, _profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    return snapshot is not None and snapshot.name == operation.name


def _removes_entry(_before: Domain, operation: Configure, _profile: Profile) -> bool:
    return not operation.value


CHOICE_CONDITIONS: Final = (
    _image("image-captured", "the new snapshot captures the managed-save image", "captures", memory=True),
    _image(
        "image-left-out",
        "the domain has a managed-save image, and the profile captures no memory",
        "captures",
        memory=False,
    ),
    _image("image-dropped", "create drops the managed-save image", "drops"),
    _image("image-bars", "the managed-save image bars create", "refuses"),
    _first("depth-first"),
    _first("breadth-first"),
    Condition("uuid-asked", "the operation asked for a uuid", {Create: _asks_uuid}, always),
    Condition("own-name", "the new name is the old one", {Rename: _keeps_name}, always),
    Condition("empty-value", "the value is empty", {Configure: _removes_entry}, always),
)
"""Cases that a profile or an argument decides, beside those of the table of conditions."""
