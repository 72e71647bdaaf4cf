"""The codec of checkpoints: ``<domaincheckpoint>`` as a value and back, built on the codec of snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from snaptree.schemas.xml import LIMITS, Limits
from snaptree.spec.xml.reading import Said, accepted, number, word
from snaptree.spec.xml.values import Unknown
from snaptree.spec.xml.writing import element, fragment, leaf, parent, written


@dataclass(frozen=True, slots=True)
class CheckpointDisk:
    """``<disk>``: whether a bitmap records the changes of a disk, its name, and the size in bytes."""

    name: str
    checkpoint: str | None = None
    bitmap: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class DomainCheckpoint:
    """The content of a ``<domaincheckpoint>``; None for an absent element.

    ``created`` is in seconds since 1970, UTC. ``domain`` is the whole element as text.
    """

    name: str | None = None
    description: str | None = None
    created: int | None = None
    parent: str | None = None
    disks: tuple[CheckpointDisk, ...] | None = None
    domain: str | None = None
    unknown: tuple[Unknown, ...] = ()


def read_checkpoint(
    text: str | bytes, *, unknown: Literal["refuse", "keep"] = "refuse", limits: Limits = LIMITS
) -> DomainCheckpoint:
    """Read a checkpoint. Raises and keeps unknown parts as ``read`` does for a snapshot."""
    document, kept = accepted(text, "domaincheckpoint", "checkpoint", unknown=unknown, limits=limits)
    said = Said(document.root)
    listed = said.element("disks")
    return DomainCheckpoint(
        name=said.text("name"),
        description=said.text("description"),
        created=said.number("creationTime"),
        parent=said.parent(),
        disks=None if listed is None else tuple([_disk(disk) for disk in listed.iterchildren("disk")]),
        domain=said.fragment("domain"),
        unknown=kept,
    )


def write_checkpoint(checkpoint: DomainCheckpoint, *, limits: Limits = LIMITS) -> str:
    """The checkpoint as XML that reads back as an equal value. Raises Unwritable as ``write`` does."""
    return written(lambda: _encoded(checkpoint), "checkpoint", checkpoint.unknown, limits)


def _disk(disk: etree._Element) -> CheckpointDisk:
    size = word(disk, "size")
    return CheckpointDisk(
        disk.get("name", ""),
        word(disk, "checkpoint"),
        disk.get("bitmap"),
        None if size is None else number(size),
    )


def _encoded(checkpoint: DomainCheckpoint) -> etree._Element:
    root = etree.Element("domaincheckpoint")
    leaf(root, "name", checkpoint.name)
    leaf(root, "description", checkpoint.description)
    parent(root, checkpoint.parent)
    leaf(root, "creationTime", checkpoint.created)
    if checkpoint.disks is not None:
        disks = element(root, "disks")
        for one in checkpoint.disks:
            element(disks, "disk", name=one.name, checkpoint=one.checkpoint, bitmap=one.bitmap, size=one.size)
    fragment(root, checkpoint.domain, "domain")
    return root
