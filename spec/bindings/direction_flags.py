"""The third shape of the mail: the flags of the proposal, and new flags for the direction of a merge.

There is no default direction. In this shape the caller can always name one, so a merge that names none is
a mistake; in the first shape only the driver knows where it can merge.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from snaptree.spec.bindings import Translation, has_unknown, reclaim, refined_flags, refused
from snaptree.spec.bindings.refined_flags import MergeDirection
from snaptree.spec.operations import ResumeAs
from snaptree.spec.profiles import Profile

__all__ = ["DeleteFlag", "delete", "reclaim"]


class DeleteFlag(IntFlag):
    """The four flags of the proposal, of which at most one, and the two directions."""

    MERGE = 1 << 0
    MERGE_FORCE = 1 << 1
    DISCARD = 1 << 2
    DISCARD_FORCE = 1 << 3
    TO_PARENT = 1 << 4
    TO_CHILDREN = 1 << 5


_DIRECTIONS: Final = DeleteFlag.TO_PARENT | DeleteFlag.TO_CHILDREN
_MERGES: Final = (DeleteFlag.MERGE, DeleteFlag.MERGE_FORCE)
_TOWARD: Final[dict[int, MergeDirection]] = {
    DeleteFlag.TO_PARENT: "parent",
    DeleteFlag.TO_CHILDREN: "children",
}


def delete(snapshot: str, flags: int, profile: Profile, resume_as: ResumeAs | None = None) -> Translation:
    """Delete a snapshot as the flags say; ``resume_as`` is what the domain should be after a forced delete.

    ``InvalidArgument``: an unknown flag, two of the four, a merge without exactly
    one direction, a direction without a merge, ``resume_as`` without force.
    """
    if has_unknown(flags, DeleteFlag):
        return refused("InvalidArgument")
    given = DeleteFlag(flags)
    kind, direction = given & ~_DIRECTIONS, given & _DIRECTIONS
    if bool(direction) != (kind in _MERGES) or (direction and direction not in _TOWARD):
        return refused("InvalidArgument")
    # With its direction named, a merge is that of the first shape.
    toward = _TOWARD[direction] if direction else None
    return refined_flags.delete(snapshot, int(kind), profile, toward, resume_as)
