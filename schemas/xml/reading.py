"""Parses untrusted bytes into a tree, or into one fault, within limits.

expat runs first. It stops at a document type declaration, so no entity is ever defined, and counts what the
limits bound. Only then lxml builds a tree: libxml2 cannot be stopped, and its time grows with the square of
the number of adjacent nodes where it reports errors or concatenates. ``children`` bounds that number. The
slowest known document within the limits takes a third of a second (``tests/schemas/test_hostile.py``).
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from snaptree.schemas.xml.document import Document
from snaptree.schemas.xml.fault import Fault, MalformedXml
from snaptree.schemas.xml.guard import LIMITS, Limits, harmless_namespaces

__all__ = ["LIMITS", "Limits", "parse"]

_PARSER: Final = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
    attribute_defaults=False, huge_tree=False, recover=False, collect_ids=False, remove_pis=False,
)  # fmt: skip


def parse(data: bytes, limits: Limits = LIMITS) -> Document:
    """Read a document. Raises MalformedXml with the one fault that stopped it."""
    namespaces = harmless_namespaces(data, limits)
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        # expat let it pass, so this is a limit or a subtlety of libxml2.
        line, column = error.position
        raise MalformedXml(
            Fault(line, max(1, column), "", "XML-12", f"not well-formed XML: {error.msg}")
        ) from None
    return Document(data, root, namespaces)
