"""create: capture the active state as a new snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from snaptree.spec.copies import replace
from snaptree.spec.operations import Create
from snaptree.spec.outcomes import Casualties
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.identity import unwritable
from snaptree.spec.state import Domain, Point, Snapshot

CANONICAL_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_GENERATED: Final = UUID("6b3c8a0e-7d0b-4f57-9c0e-2f1f5d1b7a11")


def refused(domain: Domain, operation: Create, profile: Profile) -> Iterator[str]:
    """Names, memory, uuid and limits."""
    if not profile.names.allows(operation.name):
        yield "InvalidName"
    if operation.name in domain.names and profile.names.policy == "unique":
        yield "NameInUse"
    yield from _capture_refused(domain, operation, profile)
    yield from unwritable(operation.description, profile)
    if operation.uuid is not None and _uuid_refused(domain, operation.uuid):
        yield "InvalidArgument"
    if replaces_too_much(domain, operation.name, profile):
        yield "LimitExceeded"
    yield from _limits(domain, operation.name, profile)


def _capture_refused(domain: Domain, operation: Create, profile: Profile) -> Iterator[str]:
    """Memory, quiescing and a managed-save image."""
    power = domain.active.power
    if operation.memory:
        if power == "off":
            yield "InvalidPowerState"
        if profile.memory == "never":
            yield "Unsupported"
    elif power != "off" and profile.memory == "always":
        yield "Unsupported"
    if operation.quiesce:
        if power != "running":
            yield "InvalidPowerState"
        if not profile.offers("quiesce"):
            yield "Unsupported"
    if domain.managed_save is not None and profile.create_with_managed_save == "refuses":
        yield "InvalidPowerState"


def is_borne(domain: Domain, uuid: str) -> bool:
    """Whether a listed or retired snapshot has this uuid."""
    return uuid in domain.uuids or any(gone.uuid == uuid for gone in domain.retired.values())


def destroyed(domain: Domain, operation: Create, profile: Profile) -> Casualties:
    """Under the policy ``replace``, the bearer of the name if nothing depends on it: its content is lost.

    A bearer that has dependents is merged into them, and their content lives on.
    """
    lost: list[str] = []
    if profile.names.policy == "replace":
        for bearer in domain.names.get(operation.name, ()):
            children, active = domain.dependents(bearer)
            if not children and not active:
                lost.append(bearer)
            domain = domain.with_spliced_out(bearer)
    return Casualties(tuple(lost))


def _uuid_refused(domain: Domain, uuid: str) -> bool:
    return CANONICAL_UUID.fullmatch(uuid) is None or is_borne(domain, uuid) or uuid in domain.issued


def replaces_too_much(domain: Domain, name: str, profile: Profile) -> bool:
    """Whether the bearer that the new snapshot replaces has more dependents than can be merged into."""
    most = profile.limits.merge_children
    if profile.names.policy != "replace" or most is None:
        return False
    families = (domain.dependents(bearer) for bearer in domain.names.get(name, ()))
    return any(len(children) + active > most for children, active in families)


def is_too_deep(domain: Domain, name: str, profile: Profile) -> bool:
    """Whether a new snapshot of this name would be deeper than the profile allows."""
    limit, before = profile.limits.depth, _with_name_free(domain, name, profile)
    # No further than the limit is walked: a tree may be deeper than any limit.
    above = () if limit is None else islice(before.ancestors(before.current), limit - 1, None)
    return next(iter(above), None) is not None


def are_too_many(domain: Domain, name: str, profile: Profile) -> bool:
    """Whether a new snapshot of this name would be one more than the profile allows, retired ones counted."""
    limit, before = profile.limits.count, _with_name_free(domain, name, profile)
    return limit is not None and len(before.snapshots) + len(before.retired) >= limit


def _limits(domain: Domain, name: str, profile: Profile) -> Iterator[str]:
    if is_too_deep(domain, name, profile) or are_too_many(domain, name, profile):
        yield "LimitExceeded"
    before = _with_name_free(domain, name, profile)
    if profile.roots == "single" and len(before.children_of(None)) + (before.current is None) > 1:
        yield "Unsupported"


def _with_name_free(domain: Domain, name: str, profile: Profile) -> Domain:
    """Under the policy ``replace``, the domain after the old bearer of the name is gone.

    The old snapshot is merged into its children, or goes if nothing depends on
    it: either way it is spliced out, and no other point changes.
    """
    if profile.names.policy == "replace":
        for bearer in domain.names.get(name, ()):
            domain = domain.with_spliced_out(bearer)
    return domain


def effect(domain: Domain, operation: Create, profile: Profile) -> tuple[Domain, str]:
    """The tree: one more snapshot, child of the current one, and current itself.

    The active state: unchanged; a running domain goes on running.
    """
    before = _with_name_free(domain, operation.name, profile)
    if profile.create_with_managed_save == "drops":
        before = replace(before, managed_save=None)
    serial = before.serial + 1
    snapshot = Snapshot(
        id=f"s{serial}",
        serial=serial,
        name=operation.name,
        description=operation.description,
        uuid=operation.uuid or _generated_uuid(serial),
        parent=before.current,
        captured=serial,
        point=_captured(before, operation, profile),
    )
    after = replace(before.with_snapshot(snapshot), current=snapshot.id, serial=serial)
    if profile.identity == "uuid":
        after = replace(after, issued=after.issued.insert(snapshot.uuid))
    return after, snapshot.id


@lru_cache(maxsize=4096)
def _generated_uuid(serial: int) -> str:
    """A uuid for a snapshot that asks for none. The first serials are those of every domain."""
    return str(uuid5(_GENERATED, str(serial)))


def _captured(domain: Domain, operation: Create, profile: Profile) -> Point:
    image = domain.managed_save
    if image is not None and profile.memory != "never":
        return replace(domain.active, memory=image.memory, power=image.power)
    return domain.active if operation.memory else domain.active.without_memory()
