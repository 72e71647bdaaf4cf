"""revert: make the active state what a snapshot holds."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.spec.operations import Revert
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.resetting import off_refused, resume_refused, reverted
from snaptree.spec.state import Domain


def arguments(domain: Domain, operation: Revert, profile: Profile) -> Iterator[str]:
    """A ``resume_as`` that is malformed or not offered."""
    yield from resume_refused(operation.resume_as, profile)


def refused(domain: Domain, operation: Revert, profile: Profile) -> Iterator[str]:
    """What a transient domain cannot be."""
    yield from off_refused(reverted(domain, operation.snapshot, operation.resume_as, profile), profile)


def effect(domain: Domain, operation: Revert, profile: Profile) -> tuple[Domain, None]:
    """The tree: unchanged, and the snapshot is current.

    The active state: the point of the snapshot; what it held is lost.
    """
    return reverted(domain, operation.snapshot, operation.resume_as, profile), None
