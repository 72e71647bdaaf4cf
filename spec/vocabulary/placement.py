"""Where the content of snapshots lies: the cases in which hypervisors refuse what they do elsewhere.

The model knows no files. A profile says whether content lies inside the disks or beside them (``placement``),
and only the limits that it lists in ``refuses`` depend on it.
"""

from __future__ import annotations

from typing import Any, Final

from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary.condition import WITH_TARGET, Condition


def may_lie_beside(profile: Profile) -> bool:
    """Whether the content of any snapshot lies beside the disks."""
    return profile.placement != "inside"


def takes_turns(profile: Profile) -> bool:
    """Whether some lies inside, and some beside."""
    return profile.placement == "by-turns"


def _lies_beside(before: Domain, snapshot: str, profile: Profile) -> bool:
    return profile.placement == "beside" or before.snapshots[snapshot].serial % 2 == 0


def _is_asked(before: Domain, operation: Any, profile: Profile) -> bool:
    return profile.placement != "inside" and operation.snapshot in before.snapshots


def beside(before: Domain, operation: Any, profile: Profile) -> bool:
    """The snapshot lies beside the disks."""
    return _is_asked(before, operation, profile) and _lies_beside(before, operation.snapshot, profile)


def inside_parent(before: Domain, operation: Any, profile: Profile) -> bool:
    """The snapshot lies beside the disks, its parent inside them."""
    if not beside(before, operation, profile):
        return False
    parent = before.snapshots[operation.snapshot].parent
    return parent is not None and not _lies_beside(before, parent, profile)


def beside_below(before: Domain, operation: Any, profile: Profile) -> bool:
    """The snapshot or one below it lies beside the disks."""
    return _is_asked(before, operation, profile) and any(
        _lies_beside(before, one, profile) for one in before.subtree(operation.snapshot)
    )


def _image(before: Domain, snapshot: str | None, profile: Profile) -> str | None:
    """The snapshot after which the image was begun that a snapshot lies in; None for the first image."""
    above = before.ancestors(snapshot)
    return next((one for one in above if _lies_beside(before, one, profile)), None)


def other_image(before: Domain, operation: Any, profile: Profile) -> bool:
    """The domain is on, and the snapshot lies inside an image other than the one that it uses."""
    if not _is_asked(before, operation, profile) or before.active.power == "off":
        return False
    snapshot = operation.snapshot
    return not _lies_beside(before, snapshot, profile) and (
        _image(before, snapshot, profile) != _image(before, before.current, profile)
    )


def off_chain(before: Domain, operation: Any, profile: Profile) -> bool:
    """The active state does not depend on the snapshot."""
    return _is_asked(before, operation, profile) and not before.is_below(before.current, operation.snapshot)


PLACEMENT_CONDITIONS: Final = (
    Condition(
        "beside",
        "the content of the snapshot lies beside the disks",
        {WITH_TARGET: beside},
        may_lie_beside,
        needs=may_lie_beside,
    ),
    Condition(
        "inside-parent",
        "the content of the snapshot lies beside the disks, and that of its parent inside",
        {WITH_TARGET: inside_parent},
        takes_turns,
        needs=takes_turns,
    ),
    Condition(
        "beside-below",
        "the content of the snapshot, or of one below it, lies beside the disks",
        {WITH_TARGET: beside_below},
        may_lie_beside,
        needs=may_lie_beside,
    ),
    Condition(
        "other-image",
        "the domain is on, and the snapshot lies inside an image that the active state does not use",
        {WITH_TARGET: other_image},
        takes_turns,
        needs=takes_turns,
    ),
    Condition(
        "off-chain",
        "the active state does not depend on the snapshot, and content may lie beside the disks",
        {WITH_TARGET: off_chain},
        may_lie_beside,
        needs=may_lie_beside,
    ),
)
"""Only ``refuses`` of a profile speaks of them: no rule does."""
