"""undefine: remove the domain itself."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.operations import Undefine
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.power import removed
from snaptree.spec.state import Domain


def refused(domain: Domain, operation: Undefine, profile: Profile) -> Iterator[str]:
    """A domain that is not off. Plain: snapshots, or a managed-save image."""
    if domain.active.power != "off":
        yield "InvalidPowerState"
    if not operation.forced and destroyed(domain, operation):
        yield "WouldDiscard"


def destroyed(domain: Domain, operation: Undefine) -> Casualties:
    """Every snapshot; and the active state where an image holds work that a start would continue."""
    listed = tuple(snapshot.id for snapshot in domain.in_order())
    return Casualties(listed, domain.managed_save is not None)


def effect(domain: Domain, operation: Undefine, profile: Profile) -> tuple[Domain, None]:
    """The tree: gone. The active state: gone."""
    return removed(domain), None
