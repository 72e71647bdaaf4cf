"""The codec: snapshots as XML, in the dialect of the proposal and in that of libvirt.

``read`` gives a typed, frozen ``DomainSnapshot`` or the faults with line and
column; ``write`` gives text that ``read`` turns into an equal value. What the
dialect leaves to others (a domain, a cookie, the inside of a source) is kept as
text. ``recorded`` and ``asked`` lead from and to the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Final, Literal

from lxml import etree

from snaptree.schemas.xml import (
    LIMITS,
    Document,
    Fault,
    Limits,
    MalformedXml,
    Meaning,
    faults,
    fits,
    judge,
    local,
    meanings,
    parse,
    text_of,
)  # fmt: skip
from snaptree.spec.operations import Create
from snaptree.spec.state import Domain, Power

__all__ = [
    "DiskPart", "DomainSnapshot", "Driver", "InvalidXml", "MalformedXml", "MemoryPlace", "MetadataCache",
    "Source", "Unknown", "Unwritable", "asked", "captured_power", "filled", "read", "recorded", "write",
]  # fmt: skip

SnapshotDialect = Literal["libvirt", "rfc"]

POWER: Final[dict[str, Power]] = {
    "running": "running", "blocked": "running", "paused": "paused", "disk-snapshot": "running",
    "shutdown": "off", "shutoff": "off", "crashed": "off",
}  # fmt: skip
"""What a ``<state>`` is in the model. A disk-snapshot does not tell a running domain from a paused one."""

_KEPT: Final = ("domain", "inactiveDomain", "cookie", "source")
"""The elements whose inside is written as it was read."""


class InvalidXml(ValueError):
    """XML that fits no dialect, or not the one that was asked for; ``faults`` says where and why."""

    def __init__(self, found: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in found))
        self.faults = found


class Unwritable(ValueError):
    """A snapshot that the dialect, or XML, cannot say."""


@dataclass(frozen=True, slots=True)
class MemoryPlace:
    """``<memory>``: where memory is kept; ``file`` where that is external."""

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
    """``<metadata_cache>``: how large the cache of an image's tables may grow, and the unit of that."""

    max_size: int | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Driver:
    """``<driver>``: the format of the new file."""

    type: str | None = None
    metadata_cache: MetadataCache | None = None


@dataclass(frozen=True, slots=True)
class DiskPart:
    """``<disk>``: how one disk takes part."""

    name: str
    snapshot: str | None = None
    type: str | None = None
    source: Source | None = None
    driver: Driver | None = None
    delete_in_progress: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """An element or attribute that no dialect defines, kept on request.

    ``where`` leads from the root to the element that holds it, such as
    ``disks/disk[2]``, or ``.``. An attribute has a ``name``, and ``text`` is its
    value; otherwise ``text`` is the element.
    """

    where: str
    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class DomainSnapshot:
    """What a ``<domainsnapshot>`` says; None is an element that is absent.

    ``created`` is in seconds since 1970, UTC. ``domain``, ``inactive_domain``
    and ``cookie`` are whole elements as text. ``uuid`` belongs to the dialect
    rfc; memory, disks and what follows them to libvirt's.
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


# --- reading ----------------------------------------------------------------


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


# --- writing ----------------------------------------------------------------


def write(snapshot: DomainSnapshot, dialect: SnapshotDialect, *, limits: Limits = LIMITS) -> str:
    """The snapshot as XML, indented as libvirt does it, with a line break at the end.

    Raises Unwritable where the dialect does not allow what the snapshot says,
    or XML cannot hold one of its characters.
    """
    try:
        root = _encoded(snapshot)
    except ValueError as error:
        # lxml's word for control characters and lone surrogates.
        raise Unwritable(f"XML cannot hold this: {error}") from None
    wrong = faults(parse(etree.tostring(root, encoding="utf-8"), limits), dialect)
    if wrong:
        raise Unwritable(f"the dialect {dialect} does not allow this: {wrong[0].message} ({wrong[0].rule})")
    # Attributes last: lxml would give an element of theirs the prefix that one of them made.
    for one in sorted(snapshot.unknown, key=lambda one: one.name is not None):
        _put_back(root, one)
    return etree.tostring(root, encoding="unicode") + "\n"


def _encoded(snapshot: DomainSnapshot) -> etree._Element:
    root = etree.Element("domainsnapshot")
    _leaf(root, "name", snapshot.name)
    _leaf(root, "description", snapshot.description)
    _leaf(root, "uuid", snapshot.uuid)
    _leaf(root, "state", snapshot.state)
    if snapshot.parent is not None:
        _leaf(_element(root, "parent"), "name", snapshot.parent)
    _leaf(root, "creationTime", snapshot.created)
    if snapshot.memory is not None:
        _element(root, "memory", snapshot=snapshot.memory.snapshot, file=snapshot.memory.file)
    _list(root, "disks", snapshot.disks)
    _list(root, "revertDisks", snapshot.revert_disks)
    _fragment(root, snapshot.domain, "domain")
    _fragment(root, snapshot.inactive_domain, "inactiveDomain")
    _leaf(root, "active", None if snapshot.active is None else int(snapshot.active))
    _fragment(root, snapshot.cookie, "cookie")
    _indent(root, "\n")
    return root


def _list(root: etree._Element, name: str, disks: tuple[DiskPart, ...] | None) -> None:
    if disks is None:
        return
    listed = _element(root, name)
    for part in disks:
        disk = _element(listed, "disk", name=part.name, snapshot=part.snapshot, type=part.type)
        if part.driver is not None:
            driver = _element(disk, "driver", type=part.driver.type)
            if part.driver.metadata_cache is not None:
                cache = _element(driver, "metadata_cache")
                _leaf(cache, "max_size", part.driver.metadata_cache.max_size)
                if part.driver.metadata_cache.unit is not None:
                    cache[0].set("unit", part.driver.metadata_cache.unit)
        if part.source is not None:
            _source_element(disk, part.source)
        if part.delete_in_progress:
            _element(disk, "snapshotDeleteInProgress")


def _source_element(disk: etree._Element, source: Source) -> None:
    element = _element(
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
    for fragment in source.inside:
        _fragment(element, fragment)


def _element(above: etree._Element, tag: str, /, **attributes: str | int | None) -> etree._Element:
    given = {key: str(value) for key, value in attributes.items() if value is not None}
    return etree.SubElement(above, tag, given)


def _leaf(above: etree._Element, name: str, value: str | int | None) -> None:
    if value is not None:
        etree.SubElement(above, name).text = str(value)


def _fragment(above: etree._Element, text: str | None, name: str | None = None) -> None:
    if text is None:
        return
    try:
        element = parse(text.encode("utf-8")).root
    except MalformedXml as error:
        raise Unwritable(f"a part that is to be kept is no XML: {error}") from None
    if name is not None and element.tag != name:
        raise Unwritable(f"<{local(element)}> is not <{name}>")
    above.append(element)


def _indent(element: etree._Element, line: str) -> None:
    """Put every element of ours on a line of its own; what is kept is not touched inside."""
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
        _fragment(holder, one.text)


# --- from and to the model ----------------------------------------------------


def filled(snapshot: DomainSnapshot, now: int, state: str = "shutoff") -> DomainSnapshot:
    """What becomes of a wish when the snapshot is created at ``now``, in seconds since 1970, UTC.

    As libvirt does it: a name that is missing or empty becomes the time, and
    what only a record can know is filled in whatever the wish says.
    """
    return replace(snapshot, name=snapshot.name or str(now), created=now, state=state)


def recorded(
    domain: Domain,
    snapshot: str,
    dialect: SnapshotDialect,
    *,
    created: int | None = None,
    domain_uuid: str | None = None,
    domain_xml: str | None = None,
) -> DomainSnapshot:
    """The record of a listed snapshot of the model.

    The model knows neither clock nor host: ``created``, the uuid of the domain
    and its configuration as a ``<domain>`` are the caller's. The proposal's
    dialect wants the uuid; libvirt redefines a snapshot only with the whole.
    """
    one = domain.snapshots[snapshot]
    state = "shutoff" if one.point.power == "off" else str(one.point.power)
    plain = DomainSnapshot(
        name=one.name,
        description=one.description or None,
        state=state,
        created=created,
        parent=None if one.parent is None else domain.snapshots[one.parent].name,
        domain=domain_xml or (domain_uuid and f"<domain><uuid>{domain_uuid}</uuid></domain>"),
    )
    if dialect == "rfc":
        return replace(plain, uuid=one.uuid)
    with_memory = one.point.memory is not None
    return replace(
        plain,
        state="disk-snapshot" if not with_memory and one.point.power != "off" else state,
        memory=MemoryPlace("internal" if with_memory else "no"),
        disks=tuple(DiskPart(disk, "internal") for disk in sorted(one.point.disks)),
    )


def asked(snapshot: DomainSnapshot, now: int, *, on: bool) -> Create:
    """The operation that a wish asks for, of a domain that is on or off.

    Without ``<memory>``, a domain that is on is captured with its memory.
    """
    wanted = on if snapshot.memory is None else snapshot.memory.snapshot != "no"
    return Create(snapshot.name or str(now), snapshot.description or "", memory=wanted, uuid=snapshot.uuid)


def captured_power(snapshot: DomainSnapshot) -> Power | None:
    """The power state at capture, if the record says it."""
    return None if snapshot.state is None else POWER[snapshot.state]
