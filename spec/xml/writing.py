"""Turns the value into XML that reads back as an equal value, or refuses what the dialect cannot express."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lxml import etree

from snaptree.schemas.xml import LIMITS, Dialect, Limits, MalformedXml, faults, local, parse
from snaptree.spec.xml.values import DiskPart, DomainSnapshot, SnapshotDialect, Source, Unknown

_KEPT: Final = ("domain", "inactiveDomain", "cookie", "source")
"""The elements whose inside is written as it was read."""


class Unwritable(ValueError):
    """A snapshot that the dialect, or XML, cannot express."""


def write(snapshot: DomainSnapshot, dialect: SnapshotDialect, *, limits: Limits = LIMITS) -> str:
    """The snapshot as XML, indented as libvirt does it, with a line break at the end.

    Raises Unwritable if the dialect does not allow a field of the snapshot, or XML cannot hold one of its
    characters.
    """
    return written(lambda: _encoded(snapshot), dialect, snapshot.unknown, limits)


def written(
    encoded: Callable[[], etree._Element], dialect: Dialect, unknown: tuple[Unknown, ...], limits: Limits
) -> str:
    """The result of an encoder: checked, indented, and with the unknown parts back in place."""
    try:
        root = encoded()
    except ValueError as error:
        # lxml's word for control characters and lone surrogates.
        raise Unwritable(f"XML cannot hold this: {error}") from None
    _indent(root, "\n")
    wrong = faults(parse(etree.tostring(root, encoding="utf-8"), limits), dialect)
    if wrong:
        raise Unwritable(f"the dialect {dialect} does not allow this: {wrong[0].message} ({wrong[0].rule})")
    # Attributes last: lxml would give an element of theirs the prefix that one of them made.
    for one in sorted(unknown, key=lambda one: one.name is not None):
        _put_back(root, one)
    return etree.tostring(root, encoding="unicode") + "\n"


def _encoded(snapshot: DomainSnapshot) -> etree._Element:
    root = etree.Element("domainsnapshot")
    leaf(root, "name", snapshot.name)
    leaf(root, "description", snapshot.description)
    leaf(root, "uuid", snapshot.uuid)
    leaf(root, "state", snapshot.state)
    parent(root, snapshot.parent)
    leaf(root, "creationTime", snapshot.created)
    if snapshot.memory is not None:
        element(root, "memory", snapshot=snapshot.memory.snapshot, file=snapshot.memory.file)
    _list(root, "disks", snapshot.disks)
    _list(root, "revertDisks", snapshot.revert_disks)
    fragment(root, snapshot.domain, "domain")
    fragment(root, snapshot.inactive_domain, "inactiveDomain")
    leaf(root, "active", None if snapshot.active is None else int(snapshot.active))
    fragment(root, snapshot.cookie, "cookie")
    return root


def _list(root: etree._Element, name: str, disks: tuple[DiskPart, ...] | None) -> None:
    if disks is None:
        return
    listed = element(root, name)
    for part in disks:
        disk = element(listed, "disk", name=part.name, snapshot=part.snapshot, type=part.type)
        if part.driver is not None:
            driver = element(disk, "driver", type=part.driver.type)
            if part.driver.metadata_cache is not None:
                cache = element(driver, "metadata_cache")
                leaf(cache, "max_size", part.driver.metadata_cache.max_size)
                if part.driver.metadata_cache.unit is not None:
                    cache[0].set("unit", part.driver.metadata_cache.unit)
        if part.source is not None:
            _source(disk, part.source)
        if part.delete_in_progress:
            element(disk, "snapshotDeleteInProgress")


def _source(disk: etree._Element, source: Source) -> None:
    made = element(
        disk,
        "source",
        protocol=source.protocol,
        name=source.name,
        file=source.file,
        dev=source.dev,
        tls=None if source.tls is None else ("yes" if source.tls else "no"),
        tlsHostname=source.tls_hostname,
        query=source.query,
        index=source.index,
    )
    for text in source.inside:
        fragment(made, text)


def parent(above: etree._Element, name: str | None) -> None:
    """``<parent>`` with the name of the parent, if there is one."""
    if name is not None:
        leaf(element(above, "parent"), "name", name)


def element(above: etree._Element, tag: str, /, **attributes: str | int | None) -> etree._Element:
    """A new element; attributes that are None are absent."""
    given = {key: str(value) for key, value in attributes.items() if value is not None}
    return etree.SubElement(above, tag, given)


def leaf(above: etree._Element, name: str, value: str | int | None) -> None:
    """An element that holds a value, if there is one."""
    if value is not None:
        etree.SubElement(above, name).text = str(value)


def fragment(above: etree._Element, text: str | None, name: str | None = None) -> None:
    """An element kept as XML, if there is one. Raises Unwritable if the text is not that element."""
    if text is None:
        return
    try:
        kept = parse(text.encode("utf-8")).root
    except MalformedXml as error:
        raise Unwritable(f"a part that is to be kept is no XML: {error}") from None
    if name is not None and kept.tag != name:
        raise Unwritable(f"<{local(kept)}> is not <{name}>")
    above.append(kept)


def _indent(element: etree._Element, line: str) -> None:
    """Put every element of the dialect on a line of its own; kept parts stay as they are."""
    children = list(element)
    for child in children:
        child.tail = line if child is children[-1] else f"{line}  "
        if child.tag not in _KEPT:
            _indent(child, f"{line}  ")
    if children:
        element.text = f"{line}  "


def _put_back(root: etree._Element, one: Unknown) -> None:
    holder = root.find(one.where)
    if holder is None:
        raise Unwritable(f"{one.where} is not there any more, which held something unknown")
    if one.name is not None:
        holder.set(one.name, one.text)
    else:
        fragment(holder, one.text)
