"""What a hypervisor lets one see of a domain: the JSON that ``observe`` returns, as types.

A key that is absent is *not observed*. A block that reads zero is absent from ``blocks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict


class DiskSeen(TypedDict):
    """Size in bytes, and the value of each block that does not read zero, by its number as text."""

    size: int
    blocks: Mapping[str, int]


class PointSeen(TypedDict, total=False):
    """A captured state, or the active one; ``memory`` is a number, None, or ``unspecified`` after a boot."""

    disks: Mapping[str, DiskSeen]
    memory: int | str | None
    power: str
    configuration: Mapping[str, str]


class Entry(TypedDict):
    """One snapshot; ``captured`` is any JSON value that stands for the time of capture."""

    id: str
    name: str
    parent: str | None
    description: NotRequired[str]
    uuid: NotRequired[str]
    captured: NotRequired[Any]
    point: NotRequired[PointSeen]


class BaseSeen(TypedDict, total=False):
    """What the domain was before its first snapshot: disks and configuration."""

    disks: Mapping[str, DiskSeen]
    configuration: Mapping[str, str]


class ImageSeen(TypedDict, total=False):
    """The managed-save image."""

    memory: int | str | None
    power: str


class Observation(TypedDict, total=False):
    """Everything that can be seen; ``snapshots`` in order of creation, ``current`` by id.

    ``events`` are libvirt's lifecycle events of the last of its own calls, each a list of
    virDomainEventType and detail.
    """

    snapshots: list[Entry]
    current: str | None
    active: PointSeen
    base: BaseSeen
    managed_save: ImageSeen | None
    independent: Mapping[str, DiskSeen]
    events: list[list[int]]
