"""Bytes from strangers become a tree, or one fault: within limits, and without obeying anything.

expat looks first: it stops at a document type declaration, so that no entity
is ever defined, and counts what the limits speak of. Only then lxml builds a
tree. libxml2 cannot be stopped, and where it errs or concatenates, its time grows
with the square of how much stands beside each other: that is what ``children``
bounds. The worst that was found within the limits takes a third of a second
(``tests/schemas/test_hostile.py``).
"""

from __future__ import annotations

import pyexpat
from dataclasses import dataclass
from time import monotonic
from typing import Final

from lxml import etree

from snaptree.schemas.xml.document import Document
from snaptree.schemas.xml.fault import Fault, MalformedXml, place_of, shown

_REFUSED_NAMESPACES: Final = {
    "http://www.w3.org/2001/XInclude": "XInclude, which would read other files,",
    "http://www.w3.org/2001/XMLSchema-instance": "an instruction to schema processors",
}
_REASONS: Final = {3: "there is no element", 4: "a character or markup that XML does not allow"}
"""Errors of expat whose own words say little."""
_HANDLERS: Final = (
    "StartDoctypeDeclHandler", "XmlDeclHandler", "StartNamespaceDeclHandler", "StartElementHandler",
    "EndElementHandler", "CommentHandler", "ProcessingInstructionHandler",
)  # fmt: skip
_CHUNK: Final = 512 * 1024
"""Bytes between two looks at the clock; expat begins a long attribute again with each chunk."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a document is read before it is refused."""

    size: int = 4 * 1024 * 1024
    """Bytes."""
    depth: int = 100
    nodes: int = 20_000
    """Elements, attributes, comments and instructions in the whole document."""
    children: int = 2_000
    """Elements, comments and instructions directly inside one element."""
    attributes: int = 64
    """Attributes of one element."""
    namespaces: int = 64
    """Declarations of namespaces in the whole document."""
    seconds: float = 5.0


LIMITS: Final = Limits()
"""What is read unless somebody says otherwise; the largest real record is a tenth of it."""
_PARSER: Final = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
    attribute_defaults=False, huge_tree=False, recover=False, collect_ids=False, remove_pis=False,
)  # fmt: skip


def parse(data: bytes, limits: Limits = LIMITS) -> Document:
    """Read a document. Raises MalformedXml with the one fault that stopped it."""
    namespaces = _guard(data, limits)
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        # expat let it pass, so this is a limit or a subtlety of libxml2.
        line, column = error.position
        raise MalformedXml(
            Fault(line, max(1, column), "", "XML-12", f"not well-formed XML: {error.msg}")
        ) from None
    return Document(data, root, namespaces)


def _guard(data: bytes, limits: Limits) -> dict[str, str]:
    """Raise MalformedXml unless the document is well-formed, harmless and within the limits.

    Returns the namespaces that it declares prefixes for.
    """
    deadline = monotonic() + limits.seconds
    if len(data) > limits.size:
        _refuse(data, 0, "XML-13", f"the document is larger than {limits.size:,} bytes")
    _encoding_checked(data)
    small = _evidently_small(data, limits)
    if small and _evidently_harmless(data) and monotonic() < deadline:
        return {}
    parser = pyexpat.ParserCreate("utf-8", " ")
    nodes = declared = 0
    namespaces: dict[str, str] = {}
    inside = [0]  # how many are directly in each open element, the document first

    def refuse(rule: str, message: str) -> None:
        _refuse(data, parser.CurrentByteIndex, rule, message)

    def in_time() -> None:
        if monotonic() > deadline:
            refuse("XML-13", f"reading took longer than {limits.seconds:g} seconds")

    def doctype(_name: str, system: str | None, public: str | None, internal: int) -> None:
        what = f" with the external DTD {shown(system or public or '')}" if system or public else ""
        what += f"{' and' if what else ' with'} declarations of its own" if internal else ""
        begin = data.rfind(b"<!DOCTYPE", 0, parser.CurrentByteIndex + len(b"<!DOCTYPE"))
        _refuse(data, begin, "XML-11", f"a document type declaration{what} is not read")

    def declaration(version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            refuse("XML-12", f"XML {shown(version)} is declared; only XML 1.0 is read")
        if encoding is not None and encoding.lower() != "utf-8":
            refuse("XML-12", f"the encoding {shown(encoding)} is declared; only UTF-8 is read")

    def namespace(prefix: str | None, uri: str | None) -> None:
        nonlocal declared
        declared += 1
        if prefix and uri:
            namespaces[prefix] = uri
        if declared > limits.namespaces:
            refuse("XML-13", f"more than {limits.namespaces} namespaces are declared")
        if uri in _REFUSED_NAMESPACES:
            refuse("XML-11", f"{_REFUSED_NAMESPACES[uri]} is not obeyed: namespace {shown(uri)}")

    def node(*_said: str, attributes: int = 0) -> None:
        nonlocal nodes
        nodes += 1 + attributes
        inside[-1] += 1
        if nodes > limits.nodes:
            refuse("XML-13", f"there are more than {limits.nodes:,} elements and attributes")
        if inside[-1] > limits.children:
            refuse("XML-13", f"an element holds more than {limits.children:,} others")

    def start(_name: str, attributes: list[str]) -> None:
        if len(attributes) > 2 * limits.attributes:
            refuse("XML-13", f"an element has more than {limits.attributes} attributes")
        node(attributes=len(attributes) // 2)
        inside.append(0)
        if len(inside) > limits.depth + 1:
            refuse("XML-13", f"elements are nested more than {limits.depth} deep")

    def end(_name: str) -> None:
        inside.pop()

    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declaration
    parser.StartNamespaceDeclHandler = namespace
    if not small:
        parser.ordered_attributes = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CommentHandler = parser.ProcessingInstructionHandler = node
    try:
        for here in range(0, len(data), _CHUNK):
            parser.Parse(data[here : here + _CHUNK], False)
            in_time()
        parser.Parse(b"", True)
    except pyexpat.ExpatError as error:
        reason = _REASONS.get(error.code) or pyexpat.ErrorString(error.code)
        if error.code == 11:
            _refuse(
                data, parser.ErrorByteIndex, "XML-11", "an entity is used that XML itself does not define"
            )
        _refuse(data, parser.ErrorByteIndex, "XML-12", f"not well-formed XML: {reason}")
    finally:
        # The parser holds what holds it, and with it the document: neither shall wait for the collector.
        for handler in _HANDLERS:
            setattr(parser, handler, None)
    return namespaces


def _evidently_small(data: bytes, limits: Limits) -> bool:
    """Whether the bytes alone show that no limit on nodes can be reached, so that nobody need count.

    Whatever counts begins with ``<`` or, an attribute, has a ``=``; all but the
    innermost of nested elements have an end tag; and no tag has ``<`` inside, so
    that its ``=`` are in one piece.
    """
    begun, equals = data.count(b"<"), data.count(b"=")
    return (
        begun <= limits.children
        and begun + equals <= limits.nodes
        and data.count(b"</") < limits.depth
        and (
            equals <= limits.attributes
            or max(piece.count(b"=") for piece in data.split(b"<")) <= limits.attributes
        )
    )


def _evidently_harmless(data: bytes) -> bool:
    """Whether a short document is well-formed and has nothing in it that the guard would have to look at."""
    if len(data) > _CHUNK or any(mark in data for mark in (b"<!D", b"<?xml", b"xmlns")):
        return False
    try:
        pyexpat.ParserCreate("utf-8", " ").Parse(data, True)
    except pyexpat.ExpatError:
        return False  # the guard says why
    return True


def _encoding_checked(data: bytes) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(data, 0, "XML-12", "the document is in UTF-16 or UTF-32; only UTF-8 is read")
    zero = data.find(b"\0")
    if zero >= 0:
        _refuse(data, zero, "XML-12", "there is a NUL, which XML cannot hold")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(data, error.start, "XML-12", f"byte 0x{data[error.start]:02x} is not UTF-8")


def _refuse(data: bytes, offset: int, rule: str, message: str) -> None:
    raise MalformedXml(Fault(*place_of(data, offset), "", rule, message))
