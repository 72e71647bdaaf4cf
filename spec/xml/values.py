"""The content of a ``<domainsnapshot>`` as values: one class for each element that has parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SnapshotDialect = Literal["libvirt", "rfc"]


@dataclass(frozen=True, slots=True)
class MemoryPlace:
    """``<memory>``: where memory is stored; ``file`` if that is external."""

    snapshot: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """``<source>``: the new storage of an external disk. ``inside`` are its elements as text."""

    file: str | None = None
    dev: str | None = None
    protocol: str | None = None
    name: str | None = None
    tls: bool | None = None
    tls_hostname: str | None = None
    query: str | None = None
    index: int | None = None
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetadataCache:
    """``<metadata_cache>``: the largest size of the cache of an image's tables, and its unit."""

    max_size: int | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Driver:
    """``<driver>``: the format of the new file."""

    type: str | None = None
    metadata_cache: MetadataCache | None = None


@dataclass(frozen=True, slots=True)
class DiskPart:
    """``<disk>``: how one disk takes part in the snapshot."""

    name: str
    snapshot: str | None = None
    type: str | None = None
    source: Source | None = None
    driver: Driver | None = None
    delete_in_progress: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """An element or attribute that no dialect defines, kept on request.

    ``where`` is the path from the root to the element that holds it, such as ``disks/disk[2]``, or ``.``.
    An attribute has a ``name``, and ``text`` is its value; otherwise ``text`` is the element.
    """

    where: str
    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DomainSnapshot:
    """The content of a ``<domainsnapshot>``; None for an absent element.

    ``created`` is in seconds since 1970, UTC. ``domain``, ``inactive_domain`` and ``cookie`` are whole
    elements as text. ``uuid`` belongs to the dialect rfc; memory, disks and the fields after them to
    libvirt's.
    """

    name: str | None = None
    description: str | None = None
    uuid: str | None = None
    state: str | None = None
    created: int | None = None
    parent: str | None = None
    memory: MemoryPlace | None = None
    disks: tuple[DiskPart, ...] | None = None
    revert_disks: tuple[DiskPart, ...] | None = None
    active: bool | None = None
    domain: str | None = None
    inactive_domain: str | None = None
    cookie: str | None = None
    unknown: tuple[Unknown, ...] = ()
