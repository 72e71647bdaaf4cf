"""libvirt's REDEFINE: rewrites or restores the record of a snapshot, or takes over one made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid5

from snaptree.spec.bindings import refused
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point, Snapshot

_GENERATED: Final = UUID("0d7c3b62-5a0f-4a53-9c9a-6a2b1f7e4c55")


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a ``<domainsnapshot>``. ``parent`` is a name; only REDEFINE reads it.

    ``point`` is the content that the disks hold under a name that was never seen here: what a
    migration brings along. The record itself holds no content.
    """

    name: str
    description: str = ""
    uuid: str | None = None
    parent: str | None = None
    point: Point | None = None


def redefined(domain: Domain, record: Record, becomes_current: bool, profile: Profile) -> Outcome:
    """The rewritten record of a listed snapshot, the restored one of a forgotten one, or a new record.

    A record identifies by name; with a uuid both have to be those of one snapshot. A name never seen is
    accepted: "This can be used to recreate a snapshot hierarchy on a destination … to allow migration".
    """
    if not domain.defined:
        return refused("InvalidArgument")
    found = _bearers(domain, record)
    above = domain.names.get(record.parent, ()) if record.parent is not None else (None,)
    kinds = set(_wrong_record(domain, record, found, profile))
    if not above:
        kinds |= {"NoSuchSnapshot", "InvalidArgument"}
    if len(found) > 1 or len(above) > 1:
        kinds.add("AmbiguousName")
    if kinds:
        return refused(*kinds)
    parent = above[0]
    one = found[0] if found else _arrived(domain, record)
    restored = replace(one, description=record.description, parent=parent)
    kinds = set(_wrong_place(domain, restored, profile))
    if kinds:
        return refused(*kinds)
    after = _with_record(domain, restored)
    return Accepted(restored.id, replace(after, current=restored.id) if becomes_current else after)


def _bearers(domain: Domain, record: Record) -> list[Snapshot]:
    """The snapshots that the record may be of: listed ones of the name, else forgotten ones."""
    bearers = [domain.snapshots[one] for one in domain.names.get(record.name, ())]
    if not bearers:
        bearers = [gone for gone in domain.retired.values() if gone.name == record.name]
    if record.uuid is None:
        return bearers
    return [one for one in bearers if one.uuid == record.uuid]


def _wrong_record(domain: Domain, record: Record, found: list[Snapshot], profile: Profile) -> Iterator[str]:
    """What is wrong with name and uuid, whatever the place."""
    if not profile.names.allows(record.name):
        yield "InvalidName"
    if found:
        return
    gone = domain.retired.values()
    # The name is another snapshot's, or the uuid is: the record contradicts what is known.
    named = record.name in domain.names or (
        record.uuid is not None and any(one.name == record.name for one in gone)
    )
    borne = record.uuid is not None and (
        record.uuid in domain.uuids or any(one.uuid == record.uuid for one in gone)
    )
    if named or borne:
        yield "InvalidArgument"
    count = profile.limits.count
    if count is not None and len(domain.snapshots) + len(domain.retired) >= count:
        yield "LimitExceeded"


def _wrong_place(domain: Domain, restored: Snapshot, profile: Profile) -> Iterator[str]:
    """What is wrong with the place that the record names: the same limits as for every snapshot."""
    parent, listed = restored.parent, domain.snapshots.get(restored.id)
    if listed is not None and listed.parent == parent:
        return  # where it was
    if listed is not None and parent is not None and domain.is_below(parent, restored.id):
        yield "InvalidArgument"
        return
    limit = profile.limits.depth
    if limit is not None and sum(1 for _ in domain.ancestors(parent)) + _height(domain, restored.id) > limit:
        yield "LimitExceeded"
    roots = [one for one in domain.children_of(None) if one != restored.id]
    if profile.roots == "single" and parent is None and roots:
        yield "Unsupported"
    if domain.independent.keys() & restored.point.disks.keys():
        yield "InvalidArgument"  # a disk would be there twice after a revert


def _height(domain: Domain, snapshot: str) -> int:
    """How many levels a snapshot and what is below it have."""
    if snapshot not in domain:
        return 1
    above = sum(1 for _ in domain.ancestors(snapshot)) - 1
    return max(sum(1 for _ in domain.ancestors(one)) for one in domain.subtree(snapshot)) - above


def _arrived(domain: Domain, record: Record) -> Snapshot:
    """A snapshot that was made elsewhere, the newest here."""
    serial = domain.serial + 1
    return Snapshot(
        id=f"s{serial}",
        serial=serial,
        name=record.name,
        description=record.description,
        uuid=record.uuid or str(uuid5(_GENERATED, str(serial))),
        parent=None,
        captured=serial,
        point=domain.base if record.point is None else record.point,
    )


def _with_record(domain: Domain, restored: Snapshot) -> Domain:
    if restored.id in domain:
        after, former = domain.with_changed(restored), domain.snapshots[restored.id].parent
    else:
        after, former = domain.with_snapshot(restored), restored.parent
        retired = after.retired.discard(restored.id)
        after = replace(after, retired=retired, serial=max(after.serial, restored.serial))
    rest = tuple(child for child in after.children_of(former) if child != restored.id)
    children = after.children.insert(former, rest)
    family = [*children.get(restored.parent, ()), restored.id]
    family.sort(key=lambda child: after.snapshots[child].serial)
    return replace(after, children=children.insert(restored.parent, tuple(family)))
