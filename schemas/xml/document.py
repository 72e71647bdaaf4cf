"""A parsed document: its tree, and the place in the text where each element begins."""

from __future__ import annotations

import pyexpat

from lxml import etree

from snaptree.schemas.xml.fault import Fault, place_of


class Document:
    """A document that passed the guard: ``root`` is its tree, ``place`` returns where an element begins.

    ``namespaces`` are those with a prefix declared anywhere in the document; the later one wins for a
    repeated prefix.
    """

    def __init__(self, data: bytes, root: etree._Element, namespaces: dict[str, str]) -> None:
        self.root = root
        self.namespaces = namespaces
        self._data = data
        self._starts: list[int] = []
        # The proxies of lxml stay the same objects only as long as somebody holds them.
        self._elements: list[etree._Element] = []
        self._numbers: dict[etree._Element, int] = {}

    def number_elements(self) -> None:
        """Record the number of each element; call it before changing the tree."""
        if not self._elements:
            self._starts = _starts(self._data)
            self._elements = list(self.root.iter(etree.Element))
            self._numbers = {element: number for number, element in enumerate(self._elements)}

    def place(self, element: etree._Element) -> tuple[int, int]:
        """Line and column, both from 1, of the start tag of an element."""
        self.number_elements()
        return place_of(self._data, self._starts[self._numbers[element]])

    def fault(self, element: etree._Element, rule: str, message: str, attribute: str = "") -> Fault:
        """A fault of an element, or of one of its attributes."""
        path = path_of(element)
        return Fault(*self.place(element), f"{path}/@{attribute}" if attribute else path, rule, message)


def _starts(data: bytes) -> list[int]:
    """Where every element begins, in document order, as offsets into a document that passed the guard."""
    parser = pyexpat.ParserCreate("utf-8")
    starts: list[int] = []
    parser.StartElementHandler = lambda _name, _attributes: starts.append(parser.CurrentByteIndex)
    parser.Parse(data, True)
    return starts


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return str(etree.QName(element).localname)


def path_of(element: etree._Element) -> str:
    """The names that lead from the root to an element."""
    return "/".join([local(above) for above in (*reversed([*element.iterancestors()]), element)])


def text_of(element: etree._Element) -> str:
    """The text of an element without that of comments and child elements."""
    if not len(element):
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)
