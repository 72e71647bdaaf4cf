"""The first shape of the mail: one delete with flags, refined, and a merge in the driver's direction.

The flags say what may be lost, the driver says where a merge goes. Only where a
driver can do both does the caller have a say.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final, Literal, get_args

from snaptree.spec.bindings import Translation, has_unknown, reclaim, refused, separate_calls
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


def delete(snapshot: str, flags: int, profile: Profile, toward: MergeDirection | None = None) -> Translation:
    """Delete a snapshot as the flags say.

    ``toward`` names the direction of a merge; without it a merge goes where the
    driver can merge, and into the children where it can do both. More than one
    flag, or an unknown one, is ``InvalidArgument``. Where the direction is into
    the children, MERGE_FORCE is MERGE: a snapshot on which nothing depends "would
    actually be discarded", which no merge may do.
    """
    if has_unknown(flags, DeleteFlag) or toward not in (None, *MERGE_DIRECTIONS):
        return refused("InvalidArgument")
    direction = toward or _driver_direction(profile)
    match DeleteFlag(flags):
        case 0:
            return separate_calls.retire(snapshot, profile)
        case DeleteFlag.DISCARD:
            return separate_calls.discard(snapshot, profile)
        case DeleteFlag.DISCARD_FORCE:
            return separate_calls.discard_forced(snapshot, profile)
        case DeleteFlag.MERGE | DeleteFlag.MERGE_FORCE if direction is None:
            return refused("Unsupported")
        case DeleteFlag.MERGE | DeleteFlag.MERGE_FORCE if direction == "children":
            return separate_calls.merge_into_children(snapshot, profile)
        case DeleteFlag.MERGE:
            return separate_calls.merge_into_parent(snapshot, profile)
        case DeleteFlag.MERGE_FORCE:
            return separate_calls.merge_into_parent_forced(snapshot, profile)
        case _:
            return refused("InvalidArgument")


def _driver_direction(profile: Profile) -> MergeDirection | None:
    match profile.merge_direction:
        case "none":
            return None
        case "parent":
            return "parent"
        case _:
            return "children"
