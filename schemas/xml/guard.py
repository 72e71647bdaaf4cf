"""The guard of the XML reader: expat counts and refuses before libxml2 builds a tree.

A document passes if it is well-formed, has no document type declaration and stays within the limits.
"""

from __future__ import annotations

import pyexpat
from dataclasses import dataclass
from time import monotonic
from typing import Final, NoReturn

from snaptree.schemas.xml.fault import Fault, MalformedXml, place_of, quote

_REFUSED_NAMESPACES: Final = {
    "http://www.w3.org/2001/XInclude": "XInclude, which would read other files,",
    "http://www.w3.org/2001/XMLSchema-instance": "an instruction to schema processors",
}
_REASONS: Final = {3: "there is no element", 4: "a character or markup that XML does not allow"}
"""Errors of expat whose own words say little."""
_UNDEFINED_ENTITY: Final = 11
_HANDLERS: Final = (
    "StartDoctypeDeclHandler", "XmlDeclHandler", "StartNamespaceDeclHandler", "StartElementHandler",
    "EndElementHandler", "CommentHandler", "ProcessingInstructionHandler",
)  # fmt: skip
_CHUNK: Final = 512 * 1024
"""Bytes between two looks at the clock; expat begins a long attribute again with each chunk."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a document the reader accepts."""

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


def harmless_namespaces(data: bytes, limits: Limits) -> dict[str, str]:
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
    return Guard(data, limits, deadline).read(counts=not small)


class Guard:
    """One reading of a document by expat, with a method for each of its handlers."""

    def __init__(self, data: bytes, limits: Limits, deadline: float) -> None:
        self._data = data
        self._limits = limits
        self._deadline = deadline
        self._parser = pyexpat.ParserCreate("utf-8", " ")
        self._nodes = 0
        self._declared = 0
        self._namespaces: dict[str, str] = {}
        self._inside = [0]
        """How many are directly in each open element, the document first."""

    def read(self, *, counts: bool) -> dict[str, str]:
        """The namespaces that have a prefix. Without ``counts`` the bytes alone keep the limits on nodes."""
        self._listen(counts=counts)
        try:
            for here in range(0, len(self._data), _CHUNK):
                self._parser.Parse(self._data[here : here + _CHUNK], False)
                if monotonic() > self._deadline:
                    self._refuse("XML-13", f"reading took longer than {self._limits.seconds:g} seconds")
            self._parser.Parse(b"", True)
        except pyexpat.ExpatError as error:
            self._refuse_error(error.code)
        finally:
            # The parser holds what holds it, and with it the document: neither shall wait for the collector.
            for handler in _HANDLERS:
                setattr(self._parser, handler, None)
        return self._namespaces

    def _listen(self, *, counts: bool) -> None:
        parser = self._parser
        parser.StartDoctypeDeclHandler = self._doctype
        parser.XmlDeclHandler = self._declaration
        parser.StartNamespaceDeclHandler = self._namespace
        if counts:
            parser.ordered_attributes = True
            parser.StartElementHandler = self._start
            parser.EndElementHandler = self._end
            parser.CommentHandler = parser.ProcessingInstructionHandler = self._node

    def _doctype(self, _name: str, system: str | None, public: str | None, internal: int) -> None:
        what = f" with the external DTD {quote(system or public or '')}" if system or public else ""
        what += f"{' and' if what else ' with'} declarations of its own" if internal else ""
        begin = self._data.rfind(b"<!DOCTYPE", 0, self._parser.CurrentByteIndex + len(b"<!DOCTYPE"))
        _refuse(self._data, begin, "XML-11", f"a document type declaration{what} is not read")

    def _declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            self._refuse("XML-12", f"XML {quote(version)} is declared; only XML 1.0 is read")
        if encoding is not None and encoding.lower() != "utf-8":
            self._refuse("XML-12", f"the encoding {quote(encoding)} is declared; only UTF-8 is read")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._declared += 1
        if prefix and uri:
            self._namespaces[prefix] = uri
        if self._declared > self._limits.namespaces:
            self._refuse("XML-13", f"more than {self._limits.namespaces} namespaces are declared")
        if uri in _REFUSED_NAMESPACES:
            self._refuse("XML-11", f"{_REFUSED_NAMESPACES[uri]} is not obeyed: namespace {quote(uri)}")

    def _node(self, *_said: str, attributes: int = 0) -> None:
        self._nodes += 1 + attributes
        self._inside[-1] += 1
        if self._nodes > self._limits.nodes:
            self._refuse("XML-13", f"there are more than {self._limits.nodes:,} elements and attributes")
        if self._inside[-1] > self._limits.children:
            self._refuse("XML-13", f"an element holds more than {self._limits.children:,} others")

    def _start(self, _name: str, attributes: list[str]) -> None:
        if len(attributes) > 2 * self._limits.attributes:
            self._refuse("XML-13", f"an element has more than {self._limits.attributes} attributes")
        self._node(attributes=len(attributes) // 2)
        self._inside.append(0)
        if len(self._inside) > self._limits.depth + 1:
            self._refuse("XML-13", f"elements are nested more than {self._limits.depth} deep")

    def _end(self, _name: str) -> None:
        self._inside.pop()

    def _refuse_error(self, code: int) -> NoReturn:
        place = self._parser.ErrorByteIndex
        if code == _UNDEFINED_ENTITY:
            _refuse(self._data, place, "XML-11", "an entity is used that XML itself does not define")
        reason = _REASONS.get(code) or pyexpat.ErrorString(code)
        _refuse(self._data, place, "XML-12", f"not well-formed XML: {reason}")

    def _refuse(self, rule: str, message: str) -> NoReturn:
        _refuse(self._data, self._parser.CurrentByteIndex, rule, message)


def _evidently_small(data: bytes, limits: Limits) -> bool:
    """Whether the length of the bytes alone proves that they stay within every limit on nodes.

    Everything counted begins with ``<`` or, for an attribute, has a ``=``; all but the innermost of nested
    elements have an end tag; and no tag has ``<`` inside, so that its ``=`` are in one piece.
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
    """Whether a short document is well-formed and contains nothing that the guard has to check."""
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


def _refuse(data: bytes, offset: int, rule: str, message: str) -> NoReturn:
    raise MalformedXml(Fault(*place_of(data, offset), "", rule, message))
