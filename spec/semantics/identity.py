"""rename and describe: what a snapshot is called never is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from snaptree.spec.operations import Describe, Rename
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def rename_refused(domain: Domain, operation: Rename, profile: Profile) -> Iterator[str]:
    """An invalid name, or one that another snapshot bears where names do not repeat."""
    if not profile.names.allows(operation.name):
        yield "InvalidName"
    bearers = [bearer for bearer in domain.names.get(operation.name, ()) if bearer != operation.snapshot]
    if bearers and profile.names.policy != "duplicates":
        yield "NameInUse"


def rename_effect(domain: Domain, operation: Rename, profile: Profile) -> tuple[Domain, None]:
    """The tree: another name on the same snapshot. The active state: unchanged."""
    snapshot = domain.snapshots[operation.snapshot]
    return domain.with_changed(replace(snapshot, name=operation.name)), None


def describe_refused(domain: Domain, operation: Describe, profile: Profile) -> Iterator[str]:
    """Nothing: a description is any text."""
    yield from ()


def describe_effect(domain: Domain, operation: Describe, profile: Profile) -> tuple[Domain, None]:
    """The tree: another description on the same snapshot. The active state: unchanged."""
    snapshot = domain.snapshots[operation.snapshot]
    return domain.with_changed(replace(snapshot, description=operation.description)), None
