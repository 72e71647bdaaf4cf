"""Text that has to travel in XML."""

from __future__ import annotations

import re
from typing import Final

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Everything but the production ``Char`` of XML 1.0; a lone surrogate is in no range of it."""


def xml_carries(text: str) -> bool:
    """Whether XML 1.0 can hold the text at all."""
    return _NOT_IN_XML.search(text) is None
