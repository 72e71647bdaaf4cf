"""The XML that goes to libvirt and what is read out of the XML that comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
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


def snapshot_document(name: str, description: str, memory: str | None) -> str:
    """What a snapshot is asked for with; ``memory`` is what to do with it: no, internal, or not said."""
    said = f"<description>{_text(description)}</description>" if description else ""
    said += f"<memory snapshot={quoteattr(memory)}/>" if memory is not None else ""
    return f"<domainsnapshot><name>{_text(name)}</name>{said}</domainsnapshot>"


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


_POWER: Final = {"running": "running", "paused": "paused", "shutoff": "off", "crashed": "off"}


def read_snapshot(document: str) -> dict[str, object]:
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
