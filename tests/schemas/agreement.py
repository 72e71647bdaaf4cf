"""Documents, valid and mutated, and who says what about them: these schemas and libvirt's.

A document is a tree of ``Node`` until it is serialised. A disagreement is
explained if it goes away once every listed difference is taken out of the
document; so a reason is never believed, only tried.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from lxml import etree

from snaptree.schemas.xml import Dialect, MalformedXml, fits, parse
from snaptree.spec.xml import InvalidXml, read, write

LIBVIRT = Path("/usr/share/libvirt/schemas")
INSTALL = "libvirt's schemas are not installed (apt-get install libvirt0)"

UUID = "93a5c045-6457-2c09-e56c-927cdf34e178"
DOMAIN = (
    "<domain type='qemu'><name>d</name><uuid>93a5c045-6457-2c09-e56c-927cdf34e178</uuid>"
    "<memory unit='KiB'>4096</memory><vcpu placement='static'>1</vcpu><os><type arch='x86_64'>hvm</type></os>"
    "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/i/a.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk></devices></domain>"
)
GLUSTER = "<source protocol='gluster' name='volume/a.qcow2'><host name='server' port='24007'/></source>"


@dataclass
class Node:
    """An element that is still being built."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self) -> Iterable[Node]:
        """This node and every one below it."""
        yield self
        for child in self.children:
            yield from child.all()

    def element(self) -> etree._Element:
        """The node as lxml holds it."""
        element = etree.Element(self.tag, self.attributes)
        element.text = self.text or None
        for child in self.children:
            element.append(child.element())
        return element


def node_of(element: etree._Element) -> Node:
    """An element as a node."""
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    return Node(str(element.tag), attributes, [node_of(child) for child in element], element.text or "")


def from_text(text: str) -> Node:
    """XML of ours as a node."""
    return node_of(etree.fromstring(text))


# --- documents that follow the documentation -----------------------------------

WORDS = st.sampled_from(
    ["", "a", "before update", "1270477159", "größer", "<&>\"'", " padded ", "a\nb", "..", "a/b"]
)
PATHS = st.sampled_from(["/i/a.qcow2", "/dev/vg/a", "C:\\images\\a", "/with space", "/ü"])
TARGETS = ["vda", "vdb", "sda", "hdc", "xvda", "ubd0", "fda", "ioemu:hda", "/i/a.qcow2", "C:\\a"]
STATES = [
    "running",
    "blocked",
    "paused",
    "shutdown",
    "shutoff",
    "crashed",
    "disk-snapshot",
    " paused ",
    "\npaused",
]


# "One in so many" is asked as "is it 2": Hypothesis draws 0 and the largest far too often.


def leaf(tag: str, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    """An element that holds one text."""
    return texts.map(lambda text: Node(tag, text=text))


@st.composite
def memories(draw: st.DrawFn) -> Node:
    """A ``<memory>`` in one of its four forms."""
    place = draw(st.sampled_from(["no", "internal", "external", " no ", None]))
    attributes = {} if place is None else {"snapshot": place}
    if place in ("external", None):
        attributes["file"] = draw(PATHS)
    return Node("memory", attributes, text=draw(st.sampled_from(["", " ", "\n"])))


@st.composite
def sources(draw: st.DrawFn, attribute: str) -> Node:
    """A ``<source>`` whose place stands in one attribute."""
    source = Node("source", {attribute: draw(PATHS)})
    if draw(st.integers(0, 3)) == 2:
        source.attributes["index"] = draw(st.sampled_from(["1", "42", "007"]))
    if draw(st.integers(0, 3)) == 2:
        source.children.append(from_text("<seclabel model='dac' relabel='no'/>"))
    if draw(st.integers(0, 5)) == 2:
        source.children.append(
            from_text(f"<encryption format='luks'><secret type='passphrase' uuid='{UUID}'/></encryption>")
        )
    return source


@st.composite
def disks(draw: st.DrawFn, name: str) -> Node:
    """A ``<disk>`` of any kind."""
    disk = Node("disk", {"name": name})
    place = draw(st.sampled_from(["no", "internal", "manual", "external", None]))
    if place is not None:
        disk.attributes["snapshot"] = place
    if place not in ("external", None):
        return disk
    kind = draw(st.sampled_from([None, "file", "block", "network"]))
    if kind is not None:
        disk.attributes["type"] = kind
    if kind == "network":
        disk.children.append(from_text(GLUSTER))
        if draw(st.integers(0, 7)) == 2:
            disk.children.append(Node("driver", {"type": "qcow2"}))
        return disk
    if draw(st.booleans()):
        disk.children.append(draw(sources("dev" if kind == "block" else "file")))
    if draw(st.booleans()):
        driver = Node("driver", {"type": draw(st.sampled_from(["qcow2", "qed", "vmdk", "cow", "qcow"]))})
        if draw(st.integers(0, 3)) == 2:
            size = Node("max_size", {"unit": draw(st.sampled_from(["bytes", "KiB", "M"]))}, text="65536")
            driver.children.append(Node("metadata_cache", children=draw(st.sampled_from([[], [size]]))))
        disk.children.append(driver)
    if draw(st.integers(0, 29)) == 2:
        disk.children.append(Node("snapshotDeleteInProgress"))
    return disk


@st.composite
def disk_lists(draw: st.DrawFn, tag: str) -> Node:
    """A list of disks, each named once."""
    names = draw(st.lists(st.sampled_from(TARGETS), max_size=3, unique=True))
    return Node(tag, children=[draw(disks(name)) for name in names])


DOMAINS = st.sampled_from(
    [
        f"<domain><uuid>{UUID}</uuid></domain>",
        f"<domain><uuid>{UUID.replace('-', '').upper()}</uuid></domain>",
        DOMAIN,
        DOMAIN,
    ]
).map(from_text)
COOKIES = st.sampled_from(
    ["<cookie/>", "<cookie><slirpHelper/><cpu mode='custom'><model>x</model></cpu></cookie>"]
).map(from_text)
PARTS: list[st.SearchStrategy[Node]] = [
    leaf("name", WORDS),
    leaf("description", WORDS),
    leaf("state", st.sampled_from(STATES)),
    leaf("creationTime", st.sampled_from(["0", "1270477159", " 12 ", "9223372036854775807"])),
    leaf("name", WORDS).map(lambda name: Node("parent", children=[name])),
    memories(),
    disk_lists("disks"),
    DOMAINS,
    leaf("active", st.sampled_from(["0", "1"])),
    COOKIES,
]
RARE_PARTS: list[st.SearchStrategy[Node]] = [
    disk_lists("revertDisks"),
    st.just(DOMAIN.replace("<domain ", "<inactiveDomain ").replace("</domain>", "</inactiveDomain>")).map(
        from_text
    ),
]


@st.composite
def valid_documents(draw: st.DrawFn) -> Node:
    """A ``<domainsnapshot>`` as the documentation of libvirt describes it."""
    chosen = draw(st.lists(st.sampled_from(range(len(PARTS))), unique=True, max_size=len(PARTS)))
    parts = [draw(PARTS[number]) for number in chosen]
    if draw(st.integers(0, 11)) == 2:
        parts.append(draw(st.sampled_from(RARE_PARTS).flatmap(lambda part: part)))
    return Node("domainsnapshot", children=parts)


# --- mutations -------------------------------------------------------------------

TAGS = [
    "name", "uuid", "state", "parent", "memory", "disks", "disk", "source", "driver", "domain", "active",
    "cookie", "creationTime", "description", "revertDisks", "inactiveDomain", "nonsense", "Name",
    "{http://example.org/x}name",
]  # fmt: skip
NAMES = [
    "snapshot", "name", "file", "type", "dev", "protocol", "index", "unit", "nonsense",
    "{http://www.w3.org/XML/1998/namespace}lang",
]  # fmt: skip
VALUES = [
    "", "no", "internal", "external", "manual", "yes", "file", "block", "network", "vda", "vdz9", "relative",
    "/", "/a", "x:\\a", "0", "1", "-1", "+1", " 1 ", "2.5", "running", "gluster", "raw", "qcow2", "NO", "ü",
    "9" * 20, "\t", " no", UUID, UUID[:-1],
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, valid: st.SearchStrategy[Node]) -> Node:
    """A document with one to three small faults; some turn out harmless."""
    root = draw(valid)
    for _ in range(draw(st.integers(1, 3))):
        # Never inside a domain with a type: that vocabulary is not ours.
        places = [root, *(one for child in root.children for one in _ours(child))]
        node = places[draw(st.integers(0, len(places) - 1))]
        draw(st.sampled_from(MUTATIONS))(draw, root, node)
    return root


def _ours(child: Node) -> Iterable[Node]:
    return (
        [child] if child.tag in ("domain", "inactiveDomain") and "type" in child.attributes else child.all()
    )


def _drop(draw: st.DrawFn, _root: Node, node: Node) -> None:
    if node.children:
        node.children.pop(draw(st.integers(0, len(node.children) - 1)))


def _double(draw: st.DrawFn, _root: Node, node: Node) -> None:
    if node.children:
        node.children.append(copy.deepcopy(node.children[draw(st.integers(0, len(node.children) - 1))]))


def _shift(draw: st.DrawFn, _root: Node, node: Node) -> None:
    if node.children:
        node.children.append(node.children.pop(draw(st.integers(0, len(node.children) - 1))))


def _add(draw: st.DrawFn, _root: Node, node: Node) -> None:
    node.children.insert(draw(st.integers(0, len(node.children))), Node(draw(st.sampled_from(TAGS))))


def _rename(draw: st.DrawFn, root: Node, node: Node) -> None:
    node.tag = draw(st.sampled_from(TAGS)) if node is not root else node.tag


def _attribute(draw: st.DrawFn, _root: Node, node: Node) -> None:
    node.attributes[draw(st.sampled_from(NAMES))] = draw(st.sampled_from(VALUES))


def _change(draw: st.DrawFn, _root: Node, node: Node) -> None:
    if node.attributes:
        node.attributes[draw(st.sampled_from(sorted(node.attributes)))] = draw(st.sampled_from(VALUES))


def _forget(draw: st.DrawFn, _root: Node, node: Node) -> None:
    if node.attributes:
        del node.attributes[draw(st.sampled_from(sorted(node.attributes)))]


def _retext(draw: st.DrawFn, _root: Node, node: Node) -> None:
    node.text = draw(st.sampled_from(VALUES))


def _transplant(draw: st.DrawFn, root: Node, node: Node) -> None:
    everything = list(root.all())
    node.children.append(copy.deepcopy(everything[draw(st.integers(0, len(everything) - 1))]))


MUTATIONS: list[Callable[[st.DrawFn, Node, Node], None]] = [
    _drop, _double, _shift, _add, _rename, _attribute, _change, _forget, _retext, _transplant,
]  # fmt: skip

DOCUMENTS = st.one_of(valid_documents(), mutated(valid_documents()), mutated(valid_documents()))


# --- the differences that are meant ------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """Something about which the two schemas differ on purpose.

    ``strict`` says who is stricter. ``remove`` takes it out of a document and
    says whether it was there.
    """

    name: str
    strict: str
    reason: str
    remove: Callable[[etree._Element], bool]


def _no_number(root: etree._Element) -> bool:
    there = False
    for one in root.findall("creationTime"):
        try:
            right = (
                len(one) == 0
                and (one.text or "").strip(" \t\n\r").isascii()
                and 0 <= int(one.text or "") < 2**63
            )
        except ValueError:
            right = False
        if not right and len(one) == 0:
            one.text = "0"
            there = True
    return there


def _twice(root: etree._Element) -> bool:
    there = False
    for listed in root.iterchildren("disks", "revertDisks"):
        seen: set[str] = set()
        for disk in listed.findall("disk"):
            name = disk.get("name")
            if name in seen:
                there = True
                # Another name of the same form, so that all else about the disk is still judged.
                disk.set("name", f"{name}{len(seen)}")
            seen.add(disk.get("name") or "")
    return there


def _since(root: etree._Element) -> bool:
    there = False
    for one in [*root.findall("revertDisks"), *root.findall("disks/disk/snapshotDeleteInProgress")]:
        above = one.getparent()
        assert above is not None
        above.remove(one)
        there = True
    return there


def _vocabulary(root: etree._Element) -> bool:
    there = False
    for one in root.iterchildren("domain", "inactiveDomain"):
        if one.get("type") is not None:
            new = etree.fromstring(DOMAIN)
            new.tag = one.tag
            root.replace(one, new)
            there = True
    return there


def _in_source(root: etree._Element) -> bool:
    there = False
    for disk in root.findall("disks/disk"):
        for source in disk.findall("source"):
            if (disk.get("type") or "").strip() == "network":
                if source.get("protocol") is not None:
                    disk.replace(source, etree.fromstring(GLUSTER))
                    there = True
            else:
                for child in (
                    source.findall("seclabel") + source.findall("slices") + source.findall("encryption")
                ):
                    source.remove(child)
                    there = True
    return there


def _network_driver(root: etree._Element) -> bool:
    there = False
    for disk in root.findall("disks/disk"):
        if (disk.get("type") or "").strip() == "network":
            for driver in disk.findall("driver"):
                disk.remove(driver)
                there = True
    return there


def _spaced(root: etree._Element) -> bool:
    there = False
    for one in root.findall("creationTime"):
        if one.text is not None and one.text != one.text.strip():
            one.text = one.text.strip()
            there = True
    for one in root.iter("disk", "source"):
        for name in ("size", "index"):
            value = one.get(name)
            if value is not None and value != value.strip():
                one.set(name, value.strip())
                there = True
    return there


_NOT_OURS = "the vocabulary of domains is libvirt's; it is kept, not judged"
DIFFERENCES = (
    Difference(
        "a time that is no number", "we", "libvirt's reader refuses it, its schema does not", _no_number
    ),
    Difference("a disk listed twice", "we", "libvirt's reader refuses it, its schema cannot", _twice),
    Difference("revertDisks, snapshotDeleteInProgress", "libvirt", "newer than the schema of 9.0", _since),
    Difference(
        "space around a number",
        "libvirt",
        "XML Schema takes it away before a pattern is applied, libxml2 afterwards",
        _spaced,
    ),
    Difference("inside a domain", "libvirt", _NOT_OURS, _vocabulary),
    Difference("inside a source", "libvirt", _NOT_OURS, _in_source),
    Difference(
        "the driver of a network disk", "libvirt", "documented for any external disk", _network_driver
    ),
)


@dataclass(frozen=True)
class Vocabulary:
    """What is compared: one of libvirt's schemas with one of ours, and the codec of it."""

    theirs: str
    dialect: Dialect
    read: Callable[[str | bytes], Any]
    write: Callable[[Any], str]
    differences: tuple[Difference, ...]


SNAPSHOTS = Vocabulary(
    "domainsnapshot.rng",
    "libvirt",
    lambda text: read(text, "libvirt"),
    lambda value: write(value, "libvirt"),
    DIFFERENCES,
)

SEVERAL = "several of these at once"


@dataclass
class Tally:
    """What came of comparing documents."""

    documents: int = 0
    valid: int = 0
    agreed: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    round_trips: int = 0


class Comparison:
    """These schemas beside libvirt's."""

    def __init__(self, vocabulary: Vocabulary = SNAPSHOTS) -> None:
        self.vocabulary = vocabulary
        self.theirs = etree.RelaxNG(etree.parse(str(LIBVIRT / vocabulary.theirs)))
        self.tally = Tally()

    def verdicts(self, root: etree._Element) -> tuple[bool, bool]:
        """Whether we accept a document, and whether libvirt's schema does."""
        try:
            document = parse(etree.tostring(root, encoding="utf-8"))
        except MalformedXml:
            return False, self.theirs.validate(root)
        return fits(document, self.vocabulary.dialect), self.theirs.validate(document.root)

    def compare(self, root: etree._Element) -> str | None:
        """Compare one document; returns what is wrong, if it cannot be explained."""
        self.tally.documents += 1
        ours, theirs = self.verdicts(root)
        self.tally.valid += ours
        problem = self._round_trip(root, theirs) if ours else None
        if problem is not None:
            return problem
        if ours == theirs:
            self.tally.agreed += 1
            return None
        stricter = "libvirt" if ours else "we"
        reasons = self._reasons(root, stricter)
        if not reasons:
            return f"{stricter} alone refuse: {etree.tostring(root, encoding='unicode')}"
        self.tally.explained[reasons] += 1
        return None

    def _reasons(self, root: etree._Element, stricter: str) -> str:
        """The one difference without which the verdicts agree, or else all that are there, if that helps."""
        for one in self.vocabulary.differences:
            changed = copy.deepcopy(root)
            if one.strict == stricter and one.remove(changed) and len(set(self.verdicts(changed))) == 1:
                return one.name
        changed = copy.deepcopy(root)
        there = [one for one in self.vocabulary.differences if one.remove(changed)]
        helps = any(one.strict == stricter for one in there) and len(set(self.verdicts(changed))) == 1
        return SEVERAL if helps else ""

    def _round_trip(self, root: etree._Element, theirs: bool) -> str | None:
        data = etree.tostring(root, encoding="utf-8")
        try:
            first = self.vocabulary.read(data)
            text = self.vocabulary.write(first)
            again = self.vocabulary.read(text)
        except (InvalidXml, MalformedXml, ValueError) as error:
            return f"valid, yet {error}: {data.decode()}"
        self.tally.round_trips += 1
        if first != again or self.vocabulary.write(again) != text:
            return f"changed by a round trip: {data.decode()}\nto {text}"
        if theirs and not self.theirs.validate(etree.fromstring(text)):
            return f"libvirt refuses what became of {data.decode()}: {text}"
        return None
