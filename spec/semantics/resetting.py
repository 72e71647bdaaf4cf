"""What may become of the active state: reverting it, and resetting it."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.copies import replace
from snaptree.spec.operations import RESUME_AS, ForcedDelete, ResumeAs
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point, SavedState


def resume_refused(resume_as: ResumeAs | None, profile: Profile) -> set[str]:
    """Kinds of refusal for a ``resume_as`` that is malformed or not offered."""
    if resume_as is None:
        return set()
    kinds = set()
    if resume_as not in RESUME_AS:
        kinds.add("InvalidArgument")
    if not profile.offers("resume_as"):
        kinds.add("Unsupported")
    return kinds


def arguments(domain: Domain, operation: ForcedDelete, profile: Profile) -> Iterator[str]:
    """A ``resume_as`` that is malformed or not offered, also where nothing would be reset."""
    yield from resume_refused(operation.resume_as, profile)


def off_refused(after: Domain, profile: Profile) -> Iterator[str]:
    """Kinds of refusal where a revert or reset leaves a transient domain off, or with an image."""
    if after.persistent or after.active.power != "off":
        return
    if profile.transient_off == "refused":
        yield "InvalidPowerState"
    if after.managed_save is not None:
        yield "Unsupported"


def reset_refused(
    domain: Domain, operation: ForcedDelete, lost: Casualties, profile: Profile
) -> Iterator[str]:
    """Kinds of refusal for the reset that a forced delete makes where the active state is lost."""
    if lost.active:
        parent = domain.snapshots[operation.snapshot].parent
        yield from off_refused(reset(domain, parent, operation.resume_as), profile)
    to_base = domain.snapshots[operation.snapshot].parent is None
    if lost.active and to_base and not profile.offers("reset_to_base"):
        yield "Unsupported"


def reverted(domain: Domain, snapshot: str, resume_as: ResumeAs | None, profile: Profile) -> Domain:
    """The domain with the point of a snapshot as its active state.

    A managed-save image belonged to the active state that is lost, so it goes.
    """
    point = domain.snapshots[snapshot].point
    image: SavedState | None = None
    if resume_as is not None:
        active = _resumed(point, resume_as)
    elif point.memory is None or profile.revert_with_memory == "off":
        active = replace(point, memory=None, power="off")
    elif profile.revert_with_memory == "saved":
        active = replace(point, memory=None, power="off")
        image = SavedState(point.memory, point.power)
    else:
        active = point
    return replace(domain, active=active, current=snapshot, managed_save=image)


def reset(domain: Domain, snapshot: str | None, resume_as: ResumeAs | None) -> Domain:
    """The domain reverted to a snapshot, or to base, and off unless asked otherwise.

    No forced delete starts a guest: that is what sets a reset apart from a revert.
    """
    point = domain.base if snapshot is None else domain.snapshots[snapshot].point
    active = _resumed(point, resume_as or "off")
    return replace(domain, active=active, current=snapshot, managed_save=None)


def _resumed(point: Point, resume_as: ResumeAs) -> Point:
    if resume_as == "off":
        return replace(point, memory=None, power="off")
    memory = "unspecified" if point.memory is None else point.memory
    return replace(point, memory=memory, power=resume_as)
