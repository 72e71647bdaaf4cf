"""The tree that a trace begins with, for a recording that begins in the middle of a domain's life.

The header's ``start`` is an observation, in the ids of whoever recorded it: its snapshots in order of
creation are ``s1``, ``s2`` … in the steps. What it does not show is as in a fresh domain: disks read zero,
the domain is off, nothing is configured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from rpds import HashTrieMap

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Disk, Domain, Point, SavedState, Snapshot, blank_domain

_NAMESPACE = UUID("d7a0c3c2-2a0f-4a55-8d5f-6f6a1d6a4a3e")


class StartFault(ValueError):
    """A start that is no tree, or that no driver can be brought to; the text gives the reason."""


@dataclass(frozen=True)
class Start:
    """A domain of the model, and the id of each snapshot in the recording."""

    domain: Domain
    driver_ids: Mapping[str, str]
    uuids: Mapping[str, str]
    """The uuids that the recording shows, by the model's."""


def start_of(seen: Mapping[str, Any], disks: Mapping[str, int], *, persistent: bool = True) -> Start:
    """The start that an observation shows. Raises StartFault for one that is no tree."""
    blank = blank_domain(disks, persistent=persistent)
    base = _point(seen.get("base"), blank.base)
    domain = replace(blank, base=base)
    model_ids: dict[str, str] = {}
    uuids: dict[str, str] = {}
    for serial, entry in enumerate(seen.get("snapshots", ()), start=1):
        snapshot = _snapshot(entry, serial, model_ids, domain)
        if isinstance(entry.get("uuid"), str):
            uuids[snapshot.uuid] = entry["uuid"]
        domain = replace(domain.with_snapshot(snapshot), serial=serial)
        model_ids[entry["id"]] = snapshot.id
    current = seen.get("current")
    if current is not None and current not in model_ids:
        raise StartFault(f"its current snapshot {current!r:.60} is not among its snapshots")
    here = None if current is None else model_ids[current]
    below = base if here is None else domain.snapshots[here].point.without_memory()
    active = _point(seen.get("active"), replace(below, power="off", memory=None))
    image = seen.get("managed_save")
    saved = None if image is None else SavedState(image.get("memory"), image.get("power", "running"))
    independent = {disk: _disk(shown) for disk, shown in seen.get("independent", {}).items()}
    domain = replace(
        domain, current=here, active=active, managed_save=saved, independent=HashTrieMap(independent)
    )
    return Start(domain, {model: theirs for theirs, model in model_ids.items()}, uuids)


def _snapshot(
    entry: Mapping[str, Any], serial: int, model_ids: Mapping[str, str], domain: Domain
) -> Snapshot:
    name, parent = entry["name"], entry.get("parent")
    if entry["id"] in model_ids:
        raise StartFault(f"two snapshots have the id {entry['id']!r:.60}")
    if parent is not None and parent not in model_ids:
        raise StartFault(
            f"the parent {parent!r:.60} of {name!r:.60} does not come before it: "
            "snapshots stand in order of creation"
        )
    above = None if parent is None else model_ids[parent]
    below = domain.base if above is None else domain.snapshots[above].point
    return Snapshot(
        id=f"s{serial}",
        serial=serial,
        name=name,
        description=entry.get("description", ""),
        uuid=str(uuid5(_NAMESPACE, str(serial))),
        parent=above,
        captured=serial,
        point=_point(entry.get("point"), replace(below, power="off", memory=None)),
    )


def _point(shown: Mapping[str, Any] | None, otherwise: Point) -> Point:
    if shown is None:
        return otherwise
    disks, configuration = shown.get("disks"), shown.get("configuration")
    return Point(
        disks=otherwise.disks if disks is None else HashTrieMap({one: _disk(disks[one]) for one in disks}),
        memory=shown.get("memory", otherwise.memory),
        power=shown.get("power", otherwise.power),
        configuration=otherwise.configuration if configuration is None else HashTrieMap(dict(configuration)),
    )


def _disk(shown: Mapping[str, Any]) -> Disk:
    blocks = {int(block): value for block, value in shown.get("blocks", {}).items() if value}
    return Disk(shown["size"], HashTrieMap(blocks))


def calls_to(
    start: Start, disks: Mapping[str, int], profile: Profile, *, persistent: bool = True
) -> list[Operation]:
    """The calls that bring a fresh domain of that profile to the start: creates, writes and reverts.

    Raises StartFault with the part that no call of these makes, or that the profile refuses.
    """
    domain = blank_domain(disks, persistent=persistent)
    made: list[Operation] = []
    for operation in _plan(start.domain):
        if (
            isinstance(operation, ops.Revert)
            and operation.snapshot == domain.current
            and domain.active == (domain.snapshots[operation.snapshot].point)
        ):
            continue
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            kinds = " or ".join(sorted(outcome.kinds))
            raise StartFault(f"{operation.call} is refused as {kinds} under the profile {profile.name}")
        domain = outcome.domain
        made.append(operation)
    if not _alike(domain, start.domain):
        raise StartFault(
            "it has memory, power, configuration, disks or roots that creates, writes and reverts do not make"
        )
    return made


def _plan(wanted: Domain) -> Iterator[Operation]:
    content = wanted.base
    for snapshot in wanted.in_order():
        if snapshot.parent is not None:
            yield ops.Revert(snapshot.parent)
            content = wanted.snapshots[snapshot.parent].point
        yield from _writes(content, snapshot.point)
        yield ops.Create(snapshot.name, snapshot.description)
        content = snapshot.point
    if wanted.current is not None:
        yield ops.Revert(wanted.current)
        content = wanted.snapshots[wanted.current].point
    yield from _writes(content, wanted.active)


def _writes(have: Point, want: Point) -> Iterator[Operation]:
    for name, disk in sorted(want.disks.items()):
        before = have.disks.get(name)
        old = before.blocks if before is not None else HashTrieMap[int, int]()
        for block in sorted({*old, *disk.blocks}):
            value = disk.blocks.get(block, 0)
            if old.get(block, 0) != value:
                yield ops.WriteDisk(name, block, value)


def _alike(one: Domain, other: Domain) -> bool:
    """Whether two domains are equal but for uuids."""

    def shown(domain: Domain) -> Any:
        tree = [(one.name, one.description, one.parent, one.point.seen) for one in domain.in_order()]
        independent = {disk: kept.seen for disk, kept in domain.independent.items()}
        return tree, domain.current, domain.active.seen, domain.managed_save, domain.base.seen, independent

    return bool(shown(one) == shown(other))
