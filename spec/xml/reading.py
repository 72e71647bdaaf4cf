"""Turns XML into the value, or into the faults with line and column."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Final, Literal

from lxml import etree

from snaptree.schemas.xml import (
    LIMITS,
    Dialect,
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

_KINDS: Final = {"domainsnapshot": "snapshot", "domaincheckpoint": "checkpoint"}


class InvalidXml(ValueError):
    """XML that fits no dialect, or not the requested one; ``faults`` has places and reasons."""

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
    """Read a snapshot, in one dialect or in any that it fits.

    Raises MalformedXml if the text is not readable XML, InvalidXml if it fits no dialect. ``keep`` sets
    aside the parts that no dialect defines and judges the rest.
    """
    document, kept = accepted(text, "domainsnapshot", dialect, unknown=unknown, limits=limits)
    return _decoded(document, kept)


def accepted(
    text: str | bytes,
    root: str,
    dialect: Dialect | None,
    *,
    unknown: Literal["refuse", "keep"],
    limits: Limits,
) -> tuple[Document, tuple[Unknown, ...]]:
    """A document with this root that fits a dialect, and the parts set aside. Raises as ``read``."""
    document = parse(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, limits)
    if document.root.tag in _KINDS and document.root.tag != root:
        message = f"<{document.root.tag}> is no {_KINDS[root]}; <{root}> is wanted"
        raise InvalidXml((document.fault(document.root, "XML-35", message),))
    kept: tuple[Unknown, ...] = ()
    if unknown == "keep":
        aside = _set_aside(document, document.root, str(document.root.tag), ".", _known(dialect))
        # Only the order of elements in one place says anything, and it survives sorting.
        kept = tuple(sorted(aside, key=lambda one: (one.where, one.name is None, one.name or "")))
    if dialect is None:
        found = judge(document).faults
    else:
        found = () if fits(document, dialect) else faults(document, dialect)
    if found:
        raise InvalidXml(found)
    return document, kept


def _known(dialect: Dialect | None) -> dict[str, Meaning]:
    return meanings(dialect) if dialect else {**meanings("rfc"), **meanings("libvirt")}


def _set_aside(
    document: Document, element: etree._Element, path: str, where: str, known: dict[str, Meaning]
) -> Iterator[Unknown]:
    """Take the unknown parts out of an element and its descendants."""
    for name, value in [(str(name), str(value)) for name, value in element.attrib.items()]:
        if f"{path}/@{name}" not in known:
            del element.attrib[name]
            yield Unknown(where, value, name)
    seen: dict[str, int] = {}
    # The text behind what goes belongs to the element, and lxml would take it away too. It is put
    # together once: a text that grows by each of many would be copied as often.
    last: etree._Element | None = None
    text = [element.text or ""]
    for child in list(element):
        tag = str(child.tag)
        seen[tag] = seen.get(tag, 0) + 1
        below = known.get(f"{path}/{tag}")
        if below is None and isinstance(child.tag, str):
            document.number_elements()
            yield Unknown(where, _as_text(child))
            text.append(child.tail or "")
            element.remove(child)
            continue
        _ended(element, last, text)
        last, text = child, [child.tail or ""]
        if below is not None and not below.open:
            yield from _set_aside(document, child, f"{path}/{tag}", f"{where}/{tag}[{seen[tag]}]", known)
    _ended(element, last, text)


def _ended(element: etree._Element, last: etree._Element | None, text: list[str]) -> None:
    """Put the text in its place: behind the last child that stays, or at the beginning."""
    if len(text) == 1:
        return  # nothing went
    if last is None:
        element.text = "".join(text)
    else:
        last.tail = "".join(text)


class Said:
    """The children of a root that fits its dialect, by name; None for an absent one."""

    def __init__(self, root: etree._Element) -> None:
        self._said = {str(child.tag): child for child in root}

    def element(self, name: str) -> etree._Element | None:
        """The element itself."""
        return self._said.get(name)

    def text(self, name: str) -> str | None:
        """Its text, letter for letter."""
        element = self._said.get(name)
        return None if element is None else text_of(element)

    def word(self, name: str) -> str | None:
        """Its text without the space around it."""
        element = self._said.get(name)
        return None if element is None else text_of(element).strip()

    def number(self, name: str) -> int | None:
        """Its text as a number."""
        element = self._said.get(name)
        return None if element is None else number(text_of(element))

    def fragment(self, name: str) -> str | None:
        """The whole of it as XML."""
        element = self._said.get(name)
        return None if element is None else _as_text(element)

    def parent(self) -> str | None:
        """The name of the parent."""
        element = self._said.get("parent")
        return None if element is None else text_of(next(element.iterchildren("name")))


def _decoded(document: Document, kept: tuple[Unknown, ...]) -> DomainSnapshot:
    """The value of a document that fits a dialect."""
    said = Said(document.root)
    memory, active = said.element("memory"), said.word("active")
    return DomainSnapshot(
        name=said.text("name"),
        description=said.text("description"),
        uuid=said.text("uuid"),
        state=said.word("state"),
        created=said.number("creationTime"),
        parent=said.parent(),
        memory=None if memory is None else MemoryPlace(word(memory, "snapshot"), memory.get("file")),
        disks=_disks(said.element("disks")),
        revert_disks=_disks(said.element("revertDisks")),
        active=None if active is None else active == "1",
        domain=said.fragment("domain"),
        inactive_domain=said.fragment("inactiveDomain"),
        cookie=said.fragment("cookie"),
        unknown=kept,
    )


def _disks(listed: etree._Element | None) -> tuple[DiskPart, ...] | None:
    return None if listed is None else tuple([_disk(disk) for disk in listed if disk.tag == "disk"])


def _disk(disk: etree._Element) -> DiskPart:
    if not len(disk):
        return DiskPart(disk.get("name", ""), word(disk, "snapshot"), word(disk, "type"))
    inside = {str(child.tag): child for child in disk}
    source, driver = inside.get("source"), inside.get("driver")
    return DiskPart(
        name=disk.get("name", ""),
        snapshot=word(disk, "snapshot"),
        type=word(disk, "type"),
        source=None if source is None else _source(source),
        driver=None if driver is None else _driver(driver),
        delete_in_progress="snapshotDeleteInProgress" in inside,
    )


def _source(source: etree._Element) -> Source:
    tls, index = word(source, "tls"), word(source, "index")
    return Source(
        file=source.get("file"),
        dev=source.get("dev"),
        protocol=word(source, "protocol"),
        name=source.get("name"),
        tls=None if tls is None else tls == "yes",
        tls_hostname=source.get("tlsHostname"),
        query=source.get("query"),
        index=None if index is None else number(index),
        inside=tuple(_as_text(child) for child in source.iterchildren(etree.Element)),
    )


def _driver(driver: etree._Element) -> Driver:
    cache = driver.find("metadata_cache")
    if cache is None:
        return Driver(word(driver, "type"))
    size = cache.find("max_size")
    if size is None:
        return Driver(word(driver, "type"), MetadataCache())
    return Driver(word(driver, "type"), MetadataCache(number(text_of(size)), size.get("unit")))


def number(digits: str) -> int:
    """A number in the decimal digits that the schemas allow."""
    # The schemas allow any number of zeros in front, and Python converts no more than 4,300 digits.
    return int(digits.strip().lstrip("0") or "0")


def word(element: etree._Element, attribute: str) -> str | None:
    """The value of an attribute without the space around it; None if it is absent."""
    value = element.get(attribute)
    return None if value is None else str(value).strip()


def _as_text(element: etree._Element) -> str:
    above = element.getparent()
    if above is not None and above.nsmap:
        # A copy declares of the namespaces around it only those that it uses.
        element = deepcopy(element)
    return etree.tostring(element, encoding="unicode", with_tail=False)
