"""The XML that goes to libvirt and what is read out of the XML that comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

NAMESPACE: Final = "urn:snaptree:configuration"
"""Under which the configuration is kept in the domain's metadata."""

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def carried(text: str) -> bool:
    """Whether XML 1.0 can hold the text at all."""
    return _NOT_IN_XML.search(text) is None


def _text(text: str) -> str:
    # A parser makes a line feed of a carriage return that is not escaped.
    return escape(text, {"\r": "&#13;"})


@dataclass(frozen=True)
class Wanted:
    """What a snapshot is asked for with, whatever keeps it."""

    name: str
    description: str = ""
    memory: bool = False
    quiesce: bool = False


def snapshot_document(wanted: Wanted, memory: str | None) -> str:
    """The request for an internal one; ``memory`` is what to do with it: no, internal, or not said."""
    return _request(wanted, f"<memory snapshot={quoteattr(memory)}/>" if memory is not None else "")


def external_document(wanted: Wanted, overlays: Mapping[str, Path], memory: Path | None) -> str:
    """The request for an external one: where each disk and the memory go."""
    said = "" if memory is None else f"<memory snapshot='external' file={quoteattr(str(memory))}/>"
    rows = "".join(
        f"<disk name={quoteattr(disk)} snapshot='external'><source file={quoteattr(str(path))}/></disk>"
        for disk, path in overlays.items()
    )
    return _request(wanted, f"{said}<disks>{rows}</disks>")


def _request(wanted: Wanted, rest: str) -> str:
    said = f"<description>{_text(wanted.description)}</description>" if wanted.description else ""
    return f"<domainsnapshot><name>{_text(wanted.name)}</name>{said}{rest}</domainsnapshot>"


def described(document: str, description: str) -> str:
    """The document of a snapshot with another description."""
    root = ElementTree.fromstring(document)
    for old in root.findall("description"):
        root.remove(old)
    if description:
        new = ElementTree.Element("description")
        new.text = description
        root.insert(1, new)
    return ElementTree.tostring(root, encoding="unicode")


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


def read_snapshot(document: str) -> dict[str, Any]:
    """What the document of a snapshot says: its description, when, and what it captured beside disks."""
    root = ElementTree.fromstring(document)
    state = root.findtext("state", "")
    # With memory, the domain as it ran comes in <domain>, and what it boots with next in <inactiveDomain>.
    metadata = root.findall(f"domain/metadata/{{{NAMESPACE}}}configuration")
    return {
        "description": root.findtext("description", ""),
        "captured": root.findtext("creationTime"),
        "point": {"power": _POWER.get(state, state), "configuration": configuration_in(metadata)},
    }


@dataclass(frozen=True)
class Attached:
    """A disk of a domain: its image, and the name that it has in a QEMU that runs."""

    image: Path
    alias: str = ""


def attached(document: str) -> dict[str, Attached]:
    """The disks in the document of a domain, by the names of their targets."""
    return _attached(ElementTree.fromstring(document))


def _attached(domain: ElementTree.Element) -> dict[str, Attached]:
    found = {}
    for disk in domain.findall("devices/disk"):
        source, target, alias = disk.find("source"), disk.find("target"), disk.find("alias")
        if source is not None and target is not None:
            image = Path(source.get("file", ""))
            found[target.get("dev", "")] = Attached(image, "" if alias is None else alias.get("name", ""))
    return found


@dataclass(frozen=True)
class Place:
    """Where a point's disk lies: an image, or the internal snapshot of that name in it."""

    image: Path
    inside: str | None = None


def places(document: str) -> dict[str, Place]:
    """Where the document of a snapshot says that its disks lie: in the images that the domain had then."""
    root = ElementTree.fromstring(document)
    domain = root.find("domain")
    if domain is None:
        return {}
    images = _attached(domain)
    name = root.findtext("name", "")
    kinds = {disk.get("name", ""): disk.get("snapshot", "") for disk in root.findall("disks/disk")}
    return {
        disk: Place(images[disk].image, name if kind == "internal" else None)
        for disk, kind in kinds.items()
        if kind in ("internal", "external") and disk in images
    }
