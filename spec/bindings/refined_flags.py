"""The first shape of the mail: one delete with flags, refined, and a merge in the driver's direction.

The flags state what may be lost, the driver chooses the direction of a merge. The caller chooses only if
the driver supports both.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final, Literal, get_args

from snaptree.spec.bindings import Translation, has_unknown, reclaim, refused, separate_calls
from snaptree.spec.operations import ResumeAs
from snaptree.spec.profiles import Profile

__all__ = ["MERGE_DIRECTIONS", "DeleteFlag", "MergeDirection", "delete", "reclaim"]

MergeDirection = Literal["parent", "children"]
MERGE_DIRECTIONS: Final[tuple[MergeDirection, ...]] = get_args(MergeDirection)


class DeleteFlag(IntFlag):
    """The flags of the proposal. At most one may be given; none retires."""

    MERGE = 1 << 0
    MERGE_FORCE = 1 << 1
    DISCARD = 1 << 2
    DISCARD_FORCE = 1 << 3


def delete(
    snapshot: str,
    flags: int,
    profile: Profile,
    toward: MergeDirection | None = None,
    resume_as: ResumeAs | None = None,
) -> Translation:
    """Delete a snapshot as the flags say.

    ``toward`` names the direction of a merge; without it a merge goes where the
    driver can merge, and into the children where it can do both. ``resume_as`` is
    what the domain should be after a forced delete that resets it. Either of them
    where it has no meaning is ``InvalidArgument``, and so are an unknown flag and
    more than one. Where the direction is into the children, MERGE_FORCE is MERGE:
    a snapshot on which nothing depends "would actually be discarded", which no
    merge may do.
    """
    if has_unknown(flags, DeleteFlag) or toward not in (None, *MERGE_DIRECTIONS):
        return refused("InvalidArgument")
    given = DeleteFlag(flags)
    merges = given in (DeleteFlag.MERGE, DeleteFlag.MERGE_FORCE)
    direction = toward or _driver_direction(profile)
    forces = given is DeleteFlag.DISCARD_FORCE or (given is DeleteFlag.MERGE_FORCE and direction == "parent")
    if (toward is not None and not merges) or (resume_as is not None and not forces):
        return refused("InvalidArgument")
    match given:
        case 0:
            return separate_calls.retire(snapshot, profile)
        case DeleteFlag.DISCARD:
            return separate_calls.discard(snapshot, profile)
        case DeleteFlag.DISCARD_FORCE:
            return separate_calls.discard_forced(snapshot, profile, resume_as)
        case DeleteFlag.MERGE | DeleteFlag.MERGE_FORCE if direction == "children":
            return separate_calls.merge_into_children(snapshot, profile)
        case DeleteFlag.MERGE:
            return separate_calls.merge_into_parent(snapshot, profile)
        case DeleteFlag.MERGE_FORCE:
            return separate_calls.merge_into_parent_forced(snapshot, profile, resume_as)
        case _:
            return refused("InvalidArgument")


def _driver_direction(profile: Profile) -> MergeDirection:
    """Where the driver merges; a driver that merges nowhere refuses either way."""
    return "parent" if profile.merge_direction == "parent" else "children"
