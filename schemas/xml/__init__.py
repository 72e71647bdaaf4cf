"""XML from strangers: read under limits, then judged against the published schemas.

``parse`` gives a ``Document`` or one fault, without a DTD, an entity or another
file ever being read. ``judge`` has libxml2 validate it against the XSD, evaluates
the assertions that XML Schema 1.0 cannot say, and puts what it finds into words.
``explain`` is what the schema itself says. Nothing opens a socket.
"""

from __future__ import annotations

from snaptree.schemas.xml.compiling import DIALECTS, Dialect, Meaning, explain, meanings, schema_file
from snaptree.schemas.xml.document import Document, local, text_of
from snaptree.schemas.xml.fault import Fault, MalformedXml, shown
from snaptree.schemas.xml.judging import MOST_FAULTS, Verdict, faults, fits, judge
from snaptree.schemas.xml.reading import LIMITS, Limits, parse

__all__ = [
    "DIALECTS", "LIMITS", "MOST_FAULTS", "Dialect", "Document", "Fault", "Limits", "MalformedXml", "Meaning",
    "Verdict", "explain", "faults", "fits", "judge", "local", "meanings", "parse", "schema_file", "shown",
    "text_of",
]  # fmt: skip
