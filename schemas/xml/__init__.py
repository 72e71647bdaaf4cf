"""Reads XML from untrusted sources under limits, and judges it against the published schemas.

``parse`` returns a ``Document`` or one fault; it never reads a DTD, an entity or another file. ``judge``
makes libxml2 validate the document against the XSD, evaluates the assertions that XML Schema 1.0 cannot
express, and describes the faults. ``explain`` returns the documentation in the schema. Nothing opens a
socket.
"""

from __future__ import annotations

from snaptree.schemas.xml.compiling import DIALECTS, Dialect, Meaning, explain, meanings, schema_file
from snaptree.schemas.xml.document import Document, local, text_of
from snaptree.schemas.xml.fault import Fault, MalformedXml, quote
from snaptree.schemas.xml.judging import MOST_FAULTS, Verdict, faults, fits, judge
from snaptree.schemas.xml.reading import LIMITS, Limits, parse

__all__ = [
    "DIALECTS", "LIMITS", "MOST_FAULTS", "Dialect", "Document", "Fault", "Limits", "MalformedXml", "Meaning",
    "Verdict", "explain", "faults", "fits", "judge", "local", "meanings", "parse", "quote", "schema_file",
    "text_of",
]  # fmt: skip
