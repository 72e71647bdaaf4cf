"""From XML to the value, or to the faults with line and column."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Literal

from lxml import etree

from snaptree.schemas.xml import (
    LIMITS,
    Document,
    Fault,
    Limits,
    Meaning,
    faults,
    fits,
    judge,
    meanings,
    parse,
    text_of,
)
from snaptree.spec.xml.values import (
    DiskPart,
    DomainSnapshot,
    Driver,
    MemoryPlace,
    MetadataCache,
    SnapshotDialect,
    Source,
    Unknown,
)


class InvalidXml(ValueError):
    """XML that fits no dialect, or not the one that was asked for; ``faults`` says where and why."""

    def __init__(self, found: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in found))
        self.faults = found


def read(
    text: str | bytes,
    dialect: SnapshotDialect | None = None,
    *,
    unknown: Literal["refuse", "keep"] = "refuse",
    limits: Limits = LIMITS,
) -> DomainSnapshot:
    """Read a snapshot, in one dialect or in whichever it fits.

    Raises MalformedXml if it cannot be read at all, InvalidXml if it fits no
    dialect. ``keep`` sets aside what no dialect defines and judges the rest.
    """
    document = parse(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, limits)
    if document.root.tag == "domaincheckpoint":
        message = "<domaincheckpoint> is no snapshot; <domainsnapshot> is wanted"
        raise InvalidXml((document.fault(document.root, "XML-14", message),))
    kept: tuple[Unknown, ...] = ()
    if unknown == "keep":
        document.number_elements()
        aside = _set_aside(document.root, str(document.root.tag), ".", _known(dialect))
        # Only the order of elements in one place says anything, and it survives sorting.
        kept = tuple(sorted(aside, key=lambda one: (one.where, one.name is None, one.name or "")))
    if dialect is None:
        found = judge(document).faults
    else:
        found = () if fits(document, dialect) else faults(document, dialect)
    if found:
        raise InvalidXml(found)
    return _decoded(document, kept)


def _known(dialect: SnapshotDialect | None) -> dict[str, Meaning]:
    return meanings(dialect) if dialect else {**meanings("rfc"), **meanings("libvirt")}


def _set_aside(
    element: etree._Element, path: str, where: str, known: dict[str, Meaning]
) -> Iterator[Unknown]:
    """Take what is unknown out of an element and all below it."""
    for name, value in [(str(name), str(value)) for name, value in element.attrib.items()]:
        if f"{path}/@{name}" not in known:
            del element.attrib[name]
            yield Unknown(where, value, name)
    seen: dict[str, int] = {}
    for child in list(element.iterchildren(etree.Element)):
        tag = str(child.tag)
        below = known.get(f"{path}/{tag}")
        seen[tag] = seen.get(tag, 0) + 1
        if below is None:
            yield Unknown(where, _as_text(child))
            _removed(child)
        elif not below.open:
            yield from _set_aside(child, f"{path}/{tag}", f"{where}/{tag}[{seen[tag]}]", known)


def _removed(element: etree._Element) -> None:
    above = element.getparent()
    assert above is not None
    # lxml takes the text behind an element away with it: it belongs to what holds the element.
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        above.text = (above.text or "") + (element.tail or "")
    above.remove(element)


def _decoded(document: Document, kept: tuple[Unknown, ...]) -> DomainSnapshot:
    """The value of a document that fits a dialect."""
    said = {str(child.tag): child for child in document.root}

    def text(name: str) -> str | None:
        return text_of(said[name]) if name in said else None

    def word(name: str) -> str | None:
        return text_of(said[name]).strip() if name in said else None

    def fragment(name: str) -> str | None:
        return _as_text(said[name]) if name in said else None

    def disks(name: str) -> tuple[DiskPart, ...] | None:
        return tuple([_disk(disk) for disk in said[name].iterchildren("disk")]) if name in said else None

    seconds, active = word("creationTime"), word("active")
    parents = [text_of(name) for name in said["parent"].iterchildren("name")] if "parent" in said else [None]
    memory = said.get("memory")
    return DomainSnapshot(
        name=text("name"),
        description=text("description"),
        uuid=text("uuid"),
        state=word("state"),
        created=None if seconds is None else int(seconds),
        parent=parents[0],
        memory=None if memory is None else MemoryPlace(_word(memory, "snapshot"), memory.get("file")),
        disks=disks("disks"),
        revert_disks=disks("revertDisks"),
        active=None if active is None else active == "1",
        domain=fragment("domain"),
        inactive_domain=fragment("inactiveDomain"),
        cookie=fragment("cookie"),
        unknown=kept,
    )


def _disk(disk: etree._Element) -> DiskPart:
    inside = {str(child.tag): child for child in disk} if len(disk) else {}
    source, driver = inside.get("source"), inside.get("driver")
    return DiskPart(
        name=disk.get("name", ""),
        snapshot=_word(disk, "snapshot"),
        type=_word(disk, "type"),
        source=None if source is None else _source(source),
        driver=None if driver is None else _driver(driver),
        delete_in_progress="snapshotDeleteInProgress" in inside,
    )


def _source(source: etree._Element) -> Source:
    tls, index = _word(source, "tls"), _word(source, "index")
    return Source(
        file=source.get("file"),
        dev=source.get("dev"),
        protocol=_word(source, "protocol"),
        name=source.get("name"),
        tls=None if tls is None else tls == "yes",
        tls_hostname=source.get("tlsHostname"),
        query=source.get("query"),
        index=None if index is None else int(index),
        inside=tuple(_as_text(child) for child in source.iterchildren(etree.Element)),
    )


def _driver(driver: etree._Element) -> Driver:
    cache = driver.find("metadata_cache")
    if cache is None:
        return Driver(_word(driver, "type"))
    size = cache.find("max_size")
    if size is None:
        return Driver(_word(driver, "type"), MetadataCache())
    return Driver(_word(driver, "type"), MetadataCache(int(text_of(size)), size.get("unit")))


def _word(element: etree._Element, attribute: str) -> str | None:
    value = element.get(attribute)
    return None if value is None else str(value).strip()


def _as_text(element: etree._Element) -> str:
    above = element.getparent()
    if above is not None and above.nsmap:
        # A copy declares of the namespaces around it only those that it uses.
        element = deepcopy(element)
    return etree.tostring(element, encoding="unicode", with_tail=False)
