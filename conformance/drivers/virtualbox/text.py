"""What the documents that go to VirtualBox can carry."""

from __future__ import annotations

import re
from typing import Final

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def carried(text: str) -> bool:
    """Whether XML 1.0 can hold the text at all."""
    # A lone surrogate is in no range of it.
    return _NOT_IN_XML.search(text) is None
