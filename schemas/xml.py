"""XML from strangers: read under limits, then judged against the schemas of this folder.

expat looks first: it stops at a document type declaration, so that no entity
is ever defined, counts depth, elements and attributes, and knows where every
element begins. Only then lxml builds a tree and libxml2 validates it against
the XSD. What XML Schema 1.0 cannot say stands in the annotations of the XSD as
Schematron assertions and is evaluated here. Nothing opens a file or a socket.
"""

from __future__ import annotations

import pyexpat
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import islice
from time import monotonic
from typing import Any, Final, Literal, get_args

from lxml import etree

Dialect = Literal["libvirt", "rfc", "checkpoint"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)
"""The dialects, in the order in which they are tried."""

MOST_FAULTS: Final = 100
"""Faults that are told of one document: to find the place of each takes time."""

_FILES: Final = {"libvirt": "domainsnapshot", "rfc": "domainsnapshot-rfc", "checkpoint": "domaincheckpoint"}
_ROOTS: Final[dict[str, tuple[Dialect, ...]]] = {
    "domainsnapshot": ("libvirt", "rfc"),
    "domaincheckpoint": ("checkpoint",),
}
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_SCHEMATRON: Final = "{http://purl.oclc.org/dsdl/schematron}"
_REFUSED_NAMESPACES: Final = {
    "http://www.w3.org/2001/XInclude": "XInclude, which would read other files,",
    "http://www.w3.org/2001/XMLSchema-instance": "an instruction to schema processors",
}
_RULE: Final = re.compile(r"\s*\((XML-\d+)\)$")
_REASONS: Final = {3: "there is no element", 4: "a character or markup that XML does not allow"}
"""Errors of expat whose own words say little."""
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a document is read before it is refused."""

    size: int = 4 * 1024 * 1024
    """Bytes."""
    depth: int = 100
    elements: int = 50_000
    attributes: int = 64
    """Attributes of one element."""
    namespaces: int = 64
    """Declarations of namespaces in the whole document."""
    seconds: float = 5.0


LIMITS: Final = Limits()
"""What is read unless somebody says otherwise; a real record is a thousandth of it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document, and where: line and column count from 1.

    ``element`` is the path of names from the root, with ``@name`` at its end
    for an attribute; it is empty where there is no element yet.
    """

    line: int
    column: int
    element: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message} ({self.rule})"


class MalformedXml(ValueError):
    """A document that is no XML, or none that is read here; ``fault`` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Document:
    """A document that passed the guard: ``root`` is its tree, ``place`` tells where an element begins."""

    def __init__(self, data: bytes, root: etree._Element) -> None:
        self.root = root
        self._data = data
        self._starts: list[int] = []
        # The proxies of lxml stay the same objects only as long as somebody holds them.
        self._elements: list[etree._Element] = []
        self._numbers: dict[etree._Element, int] = {}

    def number_elements(self) -> None:
        """Fix which element is where; to be called before the tree is changed."""
        if not self._elements:
            self._starts = _starts(self._data)
            self._elements = list(self.root.iter(etree.Element))
            self._numbers = {element: number for number, element in enumerate(self._elements)}

    def place(self, element: etree._Element) -> tuple[int, int]:
        """Line and column, both from 1, of the start tag of an element."""
        self.number_elements()
        return _place(self._data, self._starts[self._numbers[element]])

    def fault(self, element: etree._Element, rule: str, message: str, attribute: str = "") -> Fault:
        """A fault of an element, or of one of its attributes."""
        path = "/".join([local(above) for above in (*reversed([*element.iterancestors()]), element)])
        return Fault(*self.place(element), f"{path}/@{attribute}" if attribute else path, rule, message)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The dialects that a document fits; if none, the faults that the nearest of them finds."""

    dialects: tuple[Dialect, ...]
    nearest: Dialect | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the schema says about an element or attribute.

    ``values`` are the words it can be, if they are listed; ``form`` describes
    its text; ``below`` names the elements and ``@attributes`` that it can have;
    ``open`` elements can have any other.
    """

    text: str
    rule: str
    form: str = ""
    values: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    open: bool = False


# --- reading ----------------------------------------------------------------


def parse(data: bytes, limits: Limits = LIMITS) -> Document:
    """Read a document. Raises MalformedXml with the one fault that stopped it."""
    _guard(data, limits)
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=False, recover=False, collect_ids=False, remove_pis=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        # expat let it pass, so this is a limit or a subtlety of libxml2.
        line, column = error.position
        raise MalformedXml(
            Fault(line, max(1, column), "", "XML-12", f"not well-formed XML: {error.msg}")
        ) from None
    return Document(data, root)


def _guard(data: bytes, limits: Limits) -> None:
    """Raise MalformedXml unless the document is well-formed, harmless and within the limits."""
    deadline = monotonic() + limits.seconds
    if len(data) > limits.size:
        _refuse(data, 0, "XML-13", f"the document is larger than {limits.size:,} bytes")
    _encoding_checked(data)
    parser = pyexpat.ParserCreate("utf-8", " ")
    elements = depth = declared = 0

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

    def namespace(_prefix: str | None, uri: str | None) -> None:
        nonlocal declared
        declared += 1
        if declared > limits.namespaces:
            refuse("XML-13", f"more than {limits.namespaces} namespaces are declared")
        if uri in _REFUSED_NAMESPACES:
            refuse("XML-11", f"{_REFUSED_NAMESPACES[uri]} is not obeyed: namespace {shown(uri)}")

    def start(_name: str, attributes: list[str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > limits.depth:
            refuse("XML-13", f"elements are nested more than {limits.depth} deep")
        if len(attributes) > 2 * limits.attributes:
            refuse("XML-13", f"an element has more than {limits.attributes} attributes")
        if elements > limits.elements:
            refuse("XML-13", f"there are more than {limits.elements:,} elements")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declaration
    parser.StartNamespaceDeclHandler = namespace
    if not _evidently_small(data, limits):
        parser.ordered_attributes = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
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


def _evidently_small(data: bytes, limits: Limits) -> bool:
    """Whether the bytes alone show that no limit on elements can be reached, so that nobody need count.

    An element begins with ``<``; all but the innermost of nested ones have an
    end tag; and no tag has ``<`` inside, so that its ``=`` are in one piece.
    """
    return (
        data.count(b"<") <= limits.elements
        and data.count(b"</") < limits.depth
        and (
            data.count(b"=") <= limits.attributes
            or max(piece.count(b"=") for piece in data.split(b"<")) <= limits.attributes
        )
    )


def _starts(data: bytes) -> list[int]:
    """Where every element begins, in document order, as offsets into a document that passed the guard."""
    parser = pyexpat.ParserCreate("utf-8")
    starts: list[int] = []
    parser.StartElementHandler = lambda _name, _attributes: starts.append(parser.CurrentByteIndex)
    parser.Parse(data, True)
    return starts


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
    raise MalformedXml(Fault(*_place(data, offset), "", rule, message))


def _place(data: bytes, offset: int) -> tuple[int, int]:
    before = data[: max(0, offset)]
    begin = before.rfind(b"\n") + 1
    text = before[begin:].decode("utf-8", "replace").removeprefix("\ufeff")
    return before.count(b"\n") + 1, len(text) + 1


def shown(text: str, longest: int = 60) -> str:
    """A text from a document, quoted, safe on a terminal, and cut."""
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return str(etree.QName(element).localname)


def text_of(element: etree._Element) -> str:
    """The text of an element without that of comments and of elements in it."""
    if not len(element):
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)


# --- judging ----------------------------------------------------------------


def judge(document: Document) -> Verdict:
    """Find the dialects that a document fits, or what keeps it from the nearest one."""
    root = document.root
    if root.tag not in _ROOTS:
        return Verdict((), None, (document.fault(root, "XML-10", _wrong_root(root)),))
    candidates: tuple[Dialect, ...] = _ROOTS[str(root.tag)]
    foreign = {
        dialect: sum(
            f"{root.tag}/{child.tag}" not in _schema(dialect).meanings
            for child in root.iterchildren(etree.Element)
        )
        for dialect in candidates
    }
    matching = tuple(one for one in candidates if not foreign[one] and fits(document, one))
    if matching:
        return Verdict(matching, matching[0], ())
    nearest = min(candidates, key=foreign.__getitem__)
    return Verdict((), nearest, faults(document, nearest))


def _wrong_root(root: etree._Element) -> str:
    uri = etree.QName(root).namespace
    where = f" in the namespace {shown(uri)}" if uri else ""
    wanted = "<domainsnapshot> or <domaincheckpoint> in no namespace is wanted"
    return f"the root is <{_named(root)}>{where}; {wanted}"


def fits(document: Document, dialect: Dialect) -> bool:
    """Whether a document fits a dialect; faster than ``faults``, which says why not."""
    schema = _schema(dialect)
    return schema.xsd.validate(document.root) and not schema.any_broken(document.root)


def faults(document: Document, dialect: Dialect) -> tuple[Fault, ...]:
    """What keeps a document from fitting a dialect, in document order; at most MOST_FAULTS."""
    if fits(document, dialect):
        return ()
    schema, root = _schema(dialect), document.root
    spaces = {
        prefix: uri for element in root.iter(etree.Element) for prefix, uri in element.nsmap.items() if prefix
    }
    found: list[Fault] = []
    if not schema.xsd.validate(root):
        log: Any = schema.xsd.error_log  # the stubs do not know that it can be iterated
        for error in islice(log, MOST_FAULTS):
            nodes: Any = root.getroottree().xpath(error.path, namespaces=spaces) if error.path else [root]
            found.append(_told(document, dialect, nodes[0] if nodes else root, error.type, error.message))
    for broken, message, rule in schema.conditions:
        nodes = broken(root)
        found.extend(document.fault(node, rule, message) for node in nodes[:MOST_FAULTS])
    # An attribute with a wrong value can be reported once for the value and once as missing.
    unique = {(one.line, one.column, one.element): one for one in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda one: (one.line, one.column))[:MOST_FAULTS])


def _told(document: Document, dialect: Dialect, element: etree._Element, code: int, text: str) -> Fault:
    """An error of libxml2 in words that name what is allowed."""
    name = f"<{_named(element)}>"
    path = document.fault(element, "", "").element
    # Not cut out of the text, in which a namespace or a value may say anything.
    begin = f"Element '{element.tag!s}', attribute"
    attribute = next((str(one) for one in element.attrib if text.startswith(f"{begin} '{one!s}'")), "")
    above = explain(path, dialect)
    meaning = explain(f"{path}/@{attribute}", dialect) if attribute else above
    here, rule = above[1], above[1].rule
    if code == 1871 and "Missing child" in text:
        missing = ", ".join(f"<{one}>" for one in re.findall(r"[\w-]+", text.rpartition("(")[2]))
        return document.fault(element, rule, f"{name} lacks {missing}")
    if code == 1871:
        return document.fault(element, "XML-10", _unexpected(document, dialect, element))
    if code == 1843:
        return document.fault(element, "XML-10", f"there is text between the elements of {name}")
    if code in (1842, 1828):
        return document.fault(element, "XML-10", f"there are elements inside {name}, which holds text only")
    if code in (1866, 1827):
        known = [one[1:] for one in here.below if one.startswith("@")]
        return document.fault(
            element, "XML-10", f"attribute {shown(attribute)} is not known on {name}{_hint(attribute, known)}"
        )
    if code == 1868:
        missing = match[1] if (match := re.search(r"The attribute '(.*?)' is required", text)) else ""
        return document.fault(element, rule, f"{name} lacks the attribute '{missing}'")
    if code == 1877:
        named = shown(element.get("name", ""))
        return document.fault(element, rule, f"disk {named} is listed a second time", "name")
    value = element.get(attribute, "") if attribute else text_of(element)
    subject = f"attribute '{attribute}' of {name}" if attribute else name
    wanted = meaning[1]
    if wanted.values:
        reason = f"it can be {', '.join(wanted.values)}"
    else:
        reason = f"wanted: {wanted.form.rstrip('.')}" if wanted.form else text
    return document.fault(element, wanted.rule, f"{subject} is {shown(value)}; {reason}", attribute)


def _unexpected(document: Document, dialect: Dialect, element: etree._Element) -> str:
    name, parent = _named(element), element.getparent()
    uri = etree.QName(element).namespace
    if parent is None:
        return _wrong_root(element)
    if uri is not None:
        return f"<{name}> is in the namespace {shown(uri)}; nothing of a snapshot is in a namespace"
    twin = next((one for one in element.itersiblings(element.tag, preceding=True)), None)
    path = document.fault(parent, "", "").element
    known = [one for one in explain(path, dialect)[1].below if not one.startswith("@")]
    if twin is not None and name in known:
        line, column = document.place(twin)
        return f"<{name}> is there a second time; the first is in line {line}, column {column}"
    others = [one for one in DIALECTS if one != dialect and f"{path}/{name}" in _schema(one).meanings]
    if others:
        return f"<{name}> belongs to the dialect {others[0]}, and is unknown in the dialect {dialect}"
    return f"<{name}> is not known inside <{_named(parent)}>{_hint(name, known)}"


def _hint(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1, 0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are {', '.join(known)}" if known else "; it can have none"


def _named(element: etree._Element) -> str:
    name = f"{element.prefix}:{local(element)}" if element.prefix else local(element)
    return shown(name)[1:-1]


# --- the schemas --------------------------------------------------------------


def explain(path: str, dialect: Dialect) -> tuple[str, Meaning]:
    """What the schema says about an element or attribute, or about the nearest thing above it.

    Returns the path that the explanation is about, and the explanation.
    """
    meanings = _schema(dialect).meanings
    while path and path not in meanings:
        path = path.rpartition("/")[0]
    path = path or next(iter(meanings))
    return path, meanings[path]


def meanings(dialect: Dialect) -> dict[str, Meaning]:
    """What the schema says about every element and attribute, by path."""
    return dict(_schema(dialect).meanings)


class _Schema:
    """A compiled XSD with the documentation and the assertions of its annotations."""

    def __init__(self, text: bytes) -> None:
        tree = etree.fromstring(text)
        self.xsd = etree.XMLSchema(tree)
        self.meanings: dict[str, Meaning] = {}
        self.conditions: list[tuple[etree.XPath, str, str]] = []
        self._types = {str(one.get("name")): one for one in tree if one.tag != f"{_XS}element"}
        root = tree.find(f"{_XS}element")
        assert root is not None
        broken: dict[str, list[str]] = {}
        for path, condition in self._walk(root, ""):
            words, rule = _annotated(condition.text or "")
            test = f"not({condition.get('test')})"
            self.conditions.append((etree.XPath(f"/{path}[{test}]"), words, rule))
            broken.setdefault(path, []).append(test)
        # One expression for all of them: a document that fits is the rule.
        inside = [
            f"{path.partition('/')[2] or 'self::*'}[{' or '.join(tests)}]" for path, tests in broken.items()
        ]
        self.any_broken: Any = etree.XPath(" or ".join(inside)) if inside else lambda _root: False

    def _walk(self, declared: etree._Element, above: str) -> Iterator[tuple[str, etree._Element]]:
        """Record an element and all below it; yield its assertions with its path."""
        path = f"{above}/{declared.get('name')}" if above else str(declared.get("name"))
        kind = self._type(declared)
        self.meanings[path] = self._meaning(declared, kind)
        if kind is None:
            return
        for condition in kind.findall(f"{_XS}annotation/{_XS}appinfo/{_SCHEMATRON}assert"):
            yield path, condition
        for attribute in _inside(kind, f"{_XS}attribute"):
            self.meanings[f"{path}/@{attribute.get('name')}"] = self._meaning(
                attribute, self._type(attribute)
            )
        for child in _inside(kind, f"{_XS}element"):
            yield from self._walk(child, path)

    def _type(self, declared: etree._Element) -> etree._Element | None:
        inline = declared.find(f"{_XS}complexType")
        return self._types.get(declared.get("type", "")) if inline is None else inline

    def _meaning(self, declared: etree._Element, kind: etree._Element | None) -> Meaning:
        text, rule = _documentation(declared)
        if kind is None:
            return Meaning(text, rule)
        names = [str(one.get("name")) for one in _inside(kind, f"{_XS}element")]
        names += [f"@{one.get('name')}" for one in _inside(kind, f"{_XS}attribute")]
        extension = kind.find(f"{_XS}simpleContent/{_XS}extension")
        plain = kind if extension is None else self._types.get(extension.get("base", ""))
        values = (
            () if plain is None else tuple(str(one.get("value")) for one in plain.iter(f"{_XS}enumeration"))
        )
        form = "" if plain is None else _documentation(plain)[0]
        anything = next(_inside(kind, f"{_XS}any"), None) is not None
        return Meaning(text, rule, form, values, tuple(names), anything)


def _inside(kind: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The declarations that belong to a type itself, not to an element in it."""
    for child in kind:
        if child.tag == tag:
            yield child
        elif child.tag != f"{_XS}element" and child.tag != f"{_XS}attribute":
            yield from _inside(child, tag)


def _documentation(declared: etree._Element) -> tuple[str, str]:
    return _annotated(declared.findtext(f"{_XS}annotation/{_XS}documentation") or "")


def _annotated(text: str) -> tuple[str, str]:
    """Words and rule id of a documentation, which ends in ``(XML-1)``."""
    words = " ".join(text.split())
    rule = _RULE.search(words)
    return (words[: rule.start()], rule[1]) if rule else (words, "")


@cache
def _schema(dialect: Dialect) -> _Schema:
    return _Schema(schema_file(f"{_FILES[dialect]}.xsd"))


def schema_file(name: str) -> bytes:
    """A schema of this folder as it is published, such as ``domainsnapshot.rng``."""
    return files("snaptree.schemas").joinpath(name).read_bytes()
