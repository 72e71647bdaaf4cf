"""The XML that goes to libvirt and what is read out of the XML that comes back.

Documents of snapshots pass through the codec of the specification, both ways: one
that libvirt writes and the codec cannot read is an error of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from snaptree.conformance.drivers.libvirt.library import LibvirtError
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.xml import (
    DiskPart,
    DomainSnapshot,
    InvalidXml,
    MalformedXml,
    MemoryPlace,
    Source,
    Unwritable,
    read,
    write,
)

NAMESPACE: Final = "urn:snaptree:configuration"
"""Under which the configuration is kept in the domain's metadata."""


def _text(text: str) -> str:
    # A parser makes a line feed of a carriage return that is not escaped.
    return escape(text, {"\r": "&#13;"})


@dataclass(frozen=True)
class SnapshotRequest:
    """What a snapshot is asked for with, whatever keeps it."""

    name: str
    description: str = ""
    memory: bool = False
    quiesce: bool = False


def snapshot_document(request: SnapshotRequest, memory: str | None) -> str:
    """The request for an internal one; ``memory`` is what to do with it: no, internal, or not said."""
    return _request(request, memory=None if memory is None else MemoryPlace(memory))


def external_document(request: SnapshotRequest, overlays: Mapping[str, Path], memory: Path | None) -> str:
    """The request for an external one: where each disk and the memory go."""
    disks = tuple(
        DiskPart(disk, "external", source=Source(file=str(path))) for disk, path in overlays.items()
    )
    return _request(request, None if memory is None else MemoryPlace("external", str(memory)), disks)


def _request(
    request: SnapshotRequest, memory: MemoryPlace | None, disks: tuple[DiskPart, ...] | None = None
) -> str:
    return _written(DomainSnapshot(request.name, request.description or None, memory=memory, disks=disks))


def with_description(document: str, description: str) -> str:
    """The document of a snapshot with another description."""
    return _written(replace(_read(document), description=description or None))


def _written(snapshot: DomainSnapshot) -> str:
    try:
        return write(snapshot, "libvirt")
    except Unwritable as error:
        raise InvalidArgument(str(error)) from None


def _read(document: str) -> DomainSnapshot:
    # A newer libvirt may say more than is known here, and that must come back from a redefinition.
    try:
        return read(document, "libvirt", unknown="keep")
    except (InvalidXml, MalformedXml) as error:
        raise LibvirtError(f"a snapshot's document from libvirt cannot be read: {error}") from None


def configuration_document(entries: Mapping[str, str]) -> str:
    """The configuration as one element of metadata."""
    rows = "".join(f"<entry key={quoteattr(key)}>{_text(value)}</entry>" for key, value in entries.items())
    return f"<configuration>{rows}</configuration>"


def configuration_in(elements: Iterable[ElementTree.Element]) -> dict[str, str]:
    """The entries that the element holds."""
    return {
        entry.get("key", ""): entry.text or ""
        for element in elements
        for entry in element.iter()
        if entry.tag.rpartition("}")[2] == "entry"
    }


def read_metadata(document: str) -> dict[str, str]:
    """The entries in what libvirt returns as metadata."""
    return configuration_in([ElementTree.fromstring(document)])


DISK_SNAPSHOT: Final = "disk-snapshot"
"""What stands for the power of a domain that was on, where disks alone were captured."""

_POWER: Final = {"running": "running", "paused": "paused", "shutoff": "off", "crashed": "off"}


@lru_cache(maxsize=512)
def read_snapshot(document: str) -> Mapping[str, Any]:
    """What the document of a snapshot says: its description, when, and what it captured beside disks.

    A document is looked at after every step and seldom changes, so it is read once.
    """
    snapshot = _read(document)
    state = snapshot.state or ""
    return {
        "description": snapshot.description or "",
        **({} if snapshot.created is None else {"captured": str(snapshot.created)}),
        "point": {"power": _POWER.get(state, state), "configuration": _configuration(snapshot.domain)},
    }


def _configuration(domain: str | None) -> dict[str, str]:
    # With memory, the domain as it ran comes in <domain>, and what it boots with next in <inactiveDomain>.
    if domain is None or NAMESPACE not in domain:
        return {}
    return configuration_in(ElementTree.fromstring(domain).findall(f"metadata/{{{NAMESPACE}}}configuration"))


@dataclass(frozen=True)
class DomainDisk:
    """A disk of a domain: its image, the name that it has in a QEMU that runs, and its place on the bus."""

    image: Path
    alias: str = ""
    unit: int | None = None


def disk_document(disk: str, image: Path, unit: int) -> str:
    """A disk of a domain. On a SCSI bus it comes and goes without help of a guest.

    ``unit`` is its place there: libvirt would take one by the name of the disk, on a further controller if
    need be.
    """
    return (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file={quoteattr(str(image))}/><target dev={quoteattr(disk)} bus='scsi'/>"
        f"<address type='drive' controller='0' bus='0' target='0' unit='{unit}'/></disk>"
    )


def domain_disks(document: str) -> dict[str, DomainDisk]:
    """The disks in the document of a domain, by the names of their targets."""
    found = {}
    for disk in ElementTree.fromstring(document).findall("devices/disk"):
        source, target, alias = disk.find("source"), disk.find("target"), disk.find("alias")
        if source is not None and target is not None:
            address = disk.find("address")
            unit = None if address is None else address.get("unit")
            found[target.get("dev", "")] = DomainDisk(
                Path(source.get("file", "")),
                "" if alias is None else alias.get("name", ""),
                None if unit is None else int(unit),
            )
    return found


@dataclass(frozen=True)
class Place:
    """Where a point's disk lies: an image, or the internal snapshot of that name in it."""

    image: Path
    inside: str | None = None


def places(document: str, name: str) -> dict[str, Place]:
    """Where the document of a snapshot says that its disks lie: in the images that the domain had then.

    ``name`` is the snapshot's own: a carriage return in it does not survive the document.
    """
    snapshot = _read(document)
    if snapshot.domain is None:
        return {}
    images = domain_disks(snapshot.domain)
    kinds = {disk.name: disk.snapshot for disk in snapshot.disks or ()}
    return {
        disk: Place(images[disk].image, name if kind == "internal" else None)
        for disk, kind in kinds.items()
        if kind in ("internal", "external") and disk in images
    }
