"""Converts between XML and the model: the record of a snapshot, and the operation that a request asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from snaptree.spec.operations import Create
from snaptree.spec.state import Domain, Power
from snaptree.spec.xml.values import DiskPart, DomainSnapshot, MemoryPlace, SnapshotDialect

POWER: Final[dict[str, Power]] = {
    "running": "running", "blocked": "running", "paused": "paused", "disk-snapshot": "running",
    "shutdown": "off", "shutoff": "off", "crashed": "off",
}  # fmt: skip
"""What a ``<state>`` is in the model. A disk-snapshot does not tell a running domain from a paused one."""


def filled(snapshot: DomainSnapshot, now: int, state: str = "shutoff") -> DomainSnapshot:
    """The record of a snapshot that is created from a request at ``now``, in seconds since 1970, UTC.

    As in libvirt, a missing or empty name becomes the time, and the fields that only a record can have are
    filled in whatever the request says.
    """
    return replace(snapshot, name=snapshot.name or str(now), created=now, state=state)


def recorded(
    domain: Domain,
    snapshot: str,
    dialect: SnapshotDialect,
    *,
    created: int | None = None,
    domain_uuid: str | None = None,
    domain_xml: str | None = None,
) -> DomainSnapshot:
    """The record of a listed snapshot of the model.

    The model has no clock and no host: the caller gives ``created``, the uuid of the domain and its
    configuration as a ``<domain>``. The proposal's dialect requires the uuid; libvirt redefines a snapshot
    only with the whole domain.
    """
    one = domain.snapshots[snapshot]
    state = "shutoff" if one.point.power == "off" else str(one.point.power)
    plain = DomainSnapshot(
        name=one.name,
        description=one.description or None,
        state=state,
        created=created,
        parent=None if one.parent is None else domain.snapshots[one.parent].name,
        domain=domain_xml or (domain_uuid and f"<domain><uuid>{domain_uuid}</uuid></domain>"),
    )
    if dialect == "rfc":
        return replace(plain, uuid=one.uuid)
    with_memory = one.point.memory is not None
    return replace(
        plain,
        state="disk-snapshot" if not with_memory and one.point.power != "off" else state,
        memory=MemoryPlace("internal" if with_memory else "no"),
        disks=tuple(DiskPart(disk, "internal") for disk in sorted(one.point.disks)),
    )


def asked(snapshot: DomainSnapshot, now: int, *, on: bool) -> Create:
    """The operation that a request asks for, of a domain that is on or off.

    Without ``<memory>``, a domain that is on is captured with its memory.
    """
    wanted = on if snapshot.memory is None else snapshot.memory.snapshot != "no"
    return Create(snapshot.name or str(now), snapshot.description or "", memory=wanted, uuid=snapshot.uuid)


def captured_power(snapshot: DomainSnapshot) -> Power | None:
    """The power state at capture, if the record has it."""
    return None if snapshot.state is None else POWER[snapshot.state]
