"""The second opinion on a document: what xmlschema, a validator that shares no code with libxml2, says of it.

``judge`` has libxml2 validate a document and puts its errors into words of our own; a fault of
either would pass unseen. xmlschema reads the same published schema, in the edition that says
most: XML Schema 1.1 with its assertions where there is one. It names the path to what it objects to.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

import xmlschema
from lxml import etree
from xmlschema.validators import XsdAssert

from snaptree.schemas.xml.compiling import Dialect, compiled, schema_file
from snaptree.schemas.xml.document import Document
from snaptree.schemas.xml.judging import MOST_FAULTS

_SCHEMAS: Final[dict[Dialect, str]] = {
    "libvirt": "domainsnapshot-1.1.xsd",
    "rfc": "domainsnapshot-rfc.xsd",
    "checkpoint": "domaincheckpoint.xsd",
}
_EDITION_1_1: Final = "-1.1.xsd"


@dataclass(frozen=True, slots=True)
class Objection:
    """What xmlschema objects to: the XPath of an element from the root, its line from 1, and the reason."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What xmlschema says of a document in one dialect; without objections it is valid.

    ``reader`` is xmlschema with its version. ``schema`` is the file that it went by;
    ``complete`` says whether that file holds every condition of the dialect.
    """

    reader: str
    dialect: Dialect
    schema: str
    complete: bool
    objections: tuple[Objection, ...]

    @property
    def valid(self) -> bool:
        """Whether xmlschema takes the document for one of the dialect."""
        return not self.objections


def second_opinion(document: Document, dialect: Dialect) -> Opinion:
    """Ask xmlschema about a document that passed the guard; it stops at MOST_FAULTS objections."""
    schema = _SCHEMAS[dialect]
    # XML Schema 1.0 has no assertions: those in its annotations are evaluated by ``judge`` alone.
    complete = schema.endswith(_EDITION_1_1) or not compiled(dialect).conditions
    root = copy.deepcopy(document.root)
    # xmlschema 4.3 takes a comment inside a text for an element, and then refuses the text.
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    errors: Any = _schema(dialect).iter_errors(root, use_location_hints=False)
    objections = tuple(_objection(error) for error in islice(errors, MOST_FAULTS))
    return Opinion(f"xmlschema {xmlschema.__version__}", dialect, schema, complete, objections)


def _objection(error: Any) -> Objection:
    reason = str(error.reason)
    if isinstance(error.validator, XsdAssert):
        # "assertion test is false" helps only with the sentence that stands beside the assertion.
        sentence = " ".join(str(error.validator.annotation or "").split())
        reason = f"assertion is false: {sentence or error.validator.path}"
    return Objection(str(error.path), int(error.sourceline or 1), reason)


@cache
def _schema(dialect: Dialect) -> Any:
    name = _SCHEMAS[dialect]
    edition = xmlschema.XMLSchema11 if name.endswith(_EDITION_1_1) else xmlschema.XMLSchema10
    # Nothing is fetched, whatever a schema or a document names.
    return edition(schema_file(name).decode(), allow="none")
