"""libvirt's REDEFINE: the record of a snapshot is rewritten or restored, and nothing is created."""

from __future__ import annotations

from dataclasses import dataclass, replace

from snaptree.spec.bindings import refused
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Snapshot


@dataclass(frozen=True, slots=True)
class Record:
    """What a ``<domainsnapshot>`` says of a snapshot. ``parent`` is a name, and read by REDEFINE only."""

    name: str
    description: str = ""
    uuid: str | None = None
    parent: str | None = None


def redefined(domain: Domain, record: Record, becomes_current: bool, profile: Profile) -> Outcome:
    """The record of a listed snapshot rewritten, or that of a forgotten one restored.

    A record identifies by name, and by uuid where it has one. Only what was
    forgotten here can be restored: of any other the content is not known.
    """
    if not profile.claims("create"):
        return refused("Unsupported")
    if not profile.names.allows(record.name):
        return refused("InvalidName")
    bearers = domain.names.get(record.name, ())
    found = [domain.snapshots[bearer] for bearer in bearers if _agrees(domain.snapshots[bearer], record)]
    if not bearers:
        found = [gone for gone in domain.retired.values() if _agrees(gone, record)]
    owner = domain.uuids.get(record.uuid) if record.uuid is not None else None
    if (bearers and not found) or (owner is not None and owner not in bearers):
        return refused("InvalidArgument")
    if not found:
        return refused("NoSuchSnapshot")
    above = domain.names.get(record.parent, ()) if record.parent is not None else (None,)
    if len(found) > 1 or len(above) > 1:
        return refused("AmbiguousName")
    if not above:
        return refused("NoSuchSnapshot", "InvalidArgument")
    if found[0].id in domain and above[0] is not None and domain.is_below(above[0], found[0].id):
        return refused("InvalidArgument")
    restored = replace(found[0], name=record.name, description=record.description, parent=above[0])
    after = _with_record(domain, restored)
    return Accepted(restored.id, replace(after, current=restored.id) if becomes_current else after)


def _agrees(snapshot: Snapshot, record: Record) -> bool:
    return snapshot.name == record.name if record.uuid is None else snapshot.uuid == record.uuid


def _with_record(domain: Domain, restored: Snapshot) -> Domain:
    if restored.id in domain:
        after, former = domain.with_changed(restored), domain.snapshots[restored.id].parent
    else:
        after, former = domain.with_snapshot(restored), restored.parent
        after = replace(after, retired=after.retired.remove(restored.id))
    rest = tuple(child for child in after.children_of(former) if child != restored.id)
    children = after.children.insert(former, rest)
    family = [*children.get(restored.parent, ()), restored.id]
    family.sort(key=lambda child: after.snapshots[child].serial)
    return replace(after, children=children.insert(restored.parent, tuple(family)))
