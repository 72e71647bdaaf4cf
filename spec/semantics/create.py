"""create: capture the active state as a new snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from snaptree.spec.operations import Create
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point, Snapshot

CANONICAL_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_GENERATED: Final = UUID("6b3c8a0e-7d0b-4f57-9c0e-2f1f5d1b7a11")


def refused(domain: Domain, operation: Create, profile: Profile) -> Iterator[str]:
    """Names, memory, uuid and limits."""
    if not profile.names.allows(operation.name):
        yield "InvalidName"
    if operation.name in domain.names and profile.names.policy == "unique":
        yield "NameInUse"
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
    if operation.uuid is not None and _uuid_refused(domain, operation.uuid):
        yield "InvalidArgument"
    yield from _limits(_with_name_free(domain, operation.name, profile), profile)


def _uuid_refused(domain: Domain, uuid: str) -> bool:
    borne = uuid in domain.uuids or any(gone.uuid == uuid for gone in domain.retired.values())
    return borne or CANONICAL_UUID.fullmatch(uuid) is None


def _limits(domain: Domain, profile: Profile) -> Iterator[str]:
    limits = profile.limits
    if limits.count is not None and len(domain.snapshots) + len(domain.retired) >= limits.count:
        yield "LimitExceeded"
    if limits.depth is not None and _depth_reaches(domain, limits.depth):
        yield "LimitExceeded"
    if profile.roots == "single" and domain.current is None and domain.snapshots:
        yield "Unsupported"


def _depth_reaches(domain: Domain, limit: int) -> bool:
    # No further than the limit is walked: a tree may be deeper than any limit.
    return next(islice(domain.ancestors(domain.current), limit - 1, None), None) is not None


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
        uuid=operation.uuid or str(uuid5(_GENERATED, str(serial))),
        parent=before.current,
        captured=serial,
        point=_captured(before, operation),
    )
    after = replace(before.with_snapshot(snapshot), current=snapshot.id, serial=serial)
    return after, snapshot.id


def _captured(domain: Domain, operation: Create) -> Point:
    image = domain.managed_save
    if image is not None:
        return replace(domain.active, memory=image.memory, power=image.power)
    return domain.active if operation.memory else domain.active.without_memory()
