"""undefine: remove the domain itself."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.operations import Undefine, UndefineForced
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.power import removed
from snaptree.spec.state import Domain


def refused(domain: Domain, operation: Undefine, profile: Profile) -> Iterator[str]:
    """A domain that is not off, and one with snapshots or a managed-save image."""
    if domain.active.power != "off":
        yield "InvalidPowerState"
    if destroyed(domain, operation, profile):
        yield "WouldDiscard"


def forced_refused(domain: Domain, operation: UndefineForced, profile: Profile) -> Iterator[str]:
    """A domain that is not off."""
    if domain.active.power != "off":
        yield "InvalidPowerState"


def destroyed(domain: Domain, operation: Undefine | UndefineForced, profile: Profile) -> Casualties:
    """Every snapshot; and the active state where an image holds work that a start would continue."""
    listed = tuple(snapshot.id for snapshot in domain.in_order())
    return Casualties(listed, domain.managed_save is not None)


def effect(domain: Domain, operation: Undefine | UndefineForced, profile: Profile) -> tuple[Domain, None]:
    """The tree: gone. The active state: gone."""
    return removed(domain), None
