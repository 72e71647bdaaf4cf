"""A set of snapshot documents as one tree: whether libvirt can make it again from them, and in which order.

Each document may be valid and the set useless: a parent that is missing, two of one name. libvirt takes the
documents one by one with ``virDomainSnapshotCreateXML`` and REDEFINE, and refuses one whose parent it does
not know yet. The faults below were seen on libvirt 9.0, driver test; BIND-37 and BIND-38 say what REDEFINE
means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from snaptree.spec.text import did_you_mean
from snaptree.spec.xml.values import DomainSnapshot

_UUID: Final = re.compile(r"<uuid>\s*([0-9A-Fa-f-]{32,36})\s*</uuid>")


@dataclass(frozen=True)
class TreeFault:
    """What is wrong with one document beside the others; ``file`` is its name."""

    file: str
    message: str


@dataclass(frozen=True)
class DocumentTree:
    """A set of documents. ``order`` has the files in an order in which REDEFINE takes them.

    Files of a circle are in none.
    """

    documents: Mapping[str, DomainSnapshot]
    faults: tuple[TreeFault, ...]
    order: tuple[str, ...]


def document_tree(documents: Mapping[str, DomainSnapshot]) -> DocumentTree:
    """Judge documents, by file, as one tree of one domain."""
    faults = [*_alone(documents), *_together(documents)]
    by_name: dict[str, str] = {}
    for file, one in documents.items():
        if one.name:
            by_name.setdefault(one.name, file)
    order: dict[str, None] = {}
    for file in sorted(documents, key=lambda file: (documents[file].created or 0, file)):
        way = _way_to(file, documents, by_name)
        if way is None:
            faults.append(_cycle(file, documents, by_name))
            continue
        order.update(dict.fromkeys(way))
    faults.sort(key=lambda one: [*documents].index(one.file))
    return DocumentTree(documents, tuple(faults), tuple(order))


def _alone(documents: Mapping[str, DomainSnapshot]) -> Sequence[TreeFault]:
    """What REDEFINE needs of each."""
    needed = (
        ("name", "name", "a redefined snapshot must have a name"),
        ("created", "creationTime", "its time of creation is part of the record"),
        ("state", "state", "the power state at its creation is part of the record"),
        ("domain", "domain", "libvirt answers 'missing domain in snapshot'"),
    )
    return [
        TreeFault(file, f"no <{element}>: {why}")
        for file, one in documents.items()
        for field, element, why in needed
        if getattr(one, field) in (None, "")
    ]


def _together(documents: Mapping[str, DomainSnapshot]) -> Sequence[TreeFault]:
    """Names twice, parents that are missing, and domains that differ."""
    found: list[TreeFault] = []
    bearers: dict[str, str] = {}
    domains: dict[str, str] = {}
    names = {one.name for one in documents.values() if one.name}
    for file, one in documents.items():
        if one.name and bearers.setdefault(one.name, file) != file:
            found.append(
                TreeFault(file, f"the name {one.name!r} again, after {bearers[one.name]}: only one stays")
            )
        if one.parent is not None and one.parent not in names:
            near = did_you_mean(one.parent, sorted(names))
            found.append(TreeFault(file, f"its parent {one.parent!r} is not among the documents{near}"))
        uuid = _UUID.search(one.domain or "")
        if uuid is not None:
            first = next(iter(domains), None)
            domains.setdefault(uuid[1].lower(), file)
            if first is not None and first != uuid[1].lower():
                found.append(TreeFault(file, f"of domain {uuid[1]}; {domains[first]} is of {first}"))
    return found


def _way_to(
    file: str, documents: Mapping[str, DomainSnapshot], by_name: Mapping[str, str]
) -> list[str] | None:
    """The file after those of its ancestors, as far as they are there; None in a cycle."""
    way: dict[str, None] = {}
    here: str | None = file
    while here is not None:
        if here in way:
            return None
        way[here] = None
        parent = documents[here].parent
        here = None if parent is None else by_name.get(parent)
    return [*way][::-1]


def _cycle(file: str, documents: Mapping[str, DomainSnapshot], by_name: Mapping[str, str]) -> TreeFault:
    """Says which way leads from a document back to one that was passed."""
    names: list[str] = []
    here: str | None = file
    while here is not None and str(documents[here].name) not in names:
        names.append(str(documents[here].name))
        parent = documents[here].parent
        here = None if parent is None else by_name.get(parent)
    back = "" if here is None else str(documents[here].name)
    return TreeFault(file, f"its ancestors are a circle: {' → '.join([*names, back])}")
