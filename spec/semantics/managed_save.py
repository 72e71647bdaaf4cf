"""managed_save and managed_save_remove: an image that is part of the active state."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.copies import replace
from snaptree.spec.operations import ManagedSave, ManagedSaveRemove
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, SavedState


def save_refused(domain: Domain, operation: ManagedSave, profile: Profile) -> Iterator[str]:
    """A domain that is off, or one that would end by being saved."""
    if domain.active.power == "off":
        yield "InvalidPowerState"
    if not domain.persistent:
        yield "Unsupported"


def save_effect(domain: Domain, operation: ManagedSave, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: off, its memory and power in the image."""
    image = SavedState(domain.active.memory, domain.active.power)
    active = replace(domain.active, memory=None, power="off")
    return replace(domain, active=active, managed_save=image), None


def remove_refused(domain: Domain, operation: ManagedSaveRemove, profile: Profile) -> Iterator[str]:
    """Nothing: without an image there is nothing to do."""
    yield from ()


def remove_effect(domain: Domain, operation: ManagedSaveRemove, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged. The active state: off without an image."""
    return replace(domain, managed_save=None), None
