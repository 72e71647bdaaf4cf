"""The second shape of the mail: a call of its own for each meaning, and for each forced variant.

These calls are the operations themselves. A driver has no call for what it cannot do: an application reads
``available`` before it calls, "the easiest way for application to detect unsupported behavior".
"""

from __future__ import annotations

from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.bindings import Translation, asked, reclaim
from snaptree.spec.operations import ResumeAs
from snaptree.spec.profiles import Profile

__all__ = [
    "CALLS",
    "available",
    "discard",
    "discard_forced",
    "merge_into_children",
    "merge_into_parent",
    "merge_into_parent_forced",
    "reclaim",
    "retire",
]

CALLS: Final = (
    "merge_into_children",
    "merge_into_parent",
    "merge_into_parent_forced",
    "discard",
    "discard_forced",
    "retire",
    "reclaim",
)
"""The calls of this shape. There is no forced merge into children: nothing to force."""


def available(profile: Profile) -> tuple[str, ...]:
    """The calls that a driver of this profile has."""
    return tuple(call for call in CALLS if profile.claims(call))


def merge_into_children(snapshot: str, profile: Profile) -> Translation:
    """Remove a snapshot; everything that grew from it keeps its content."""
    return asked(profile, ops.MergeIntoChildren(snapshot))


def merge_into_parent(snapshot: str, profile: Profile) -> Translation:
    """Give the parent the content of the snapshot, if nothing else grew from the parent."""
    return asked(profile, ops.MergeIntoParent(snapshot))


def merge_into_parent_forced(
    snapshot: str, profile: Profile, resume_as: ResumeAs | None = None
) -> Translation:
    """The same, destroying everything else that grew from the parent."""
    return asked(profile, ops.MergeIntoParentForced(snapshot, resume_as))


def discard(snapshot: str, profile: Profile) -> Translation:
    """Remove a snapshot with its content, if nothing grew from it."""
    return asked(profile, ops.Discard(snapshot))


def discard_forced(snapshot: str, profile: Profile, resume_as: ResumeAs | None = None) -> Translation:
    """The same, destroying everything that grew from it."""
    return asked(profile, ops.DiscardForced(snapshot, resume_as))


def retire(snapshot: str, profile: Profile) -> Translation:
    """Take a snapshot out of the tree and leave its storage."""
    return asked(profile, ops.Retire(snapshot))
