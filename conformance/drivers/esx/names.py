"""How a name travels: the API wants ``%`` escaped, and may escape ``/`` and ``\\`` by itself.

Documented for CreateSnapshot_Task: "Any % (percent) character used in this name parameter must be
escaped, unless it is used to start an escape sequence."
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = {"%25": "%", "%2f": "/", "%5c": "\\"}


def escape(name: str) -> str:
    """The name as the host is to be asked for it."""
    return name.replace("%", "%25")


def unescape(name: str) -> str:
    """The name that the host means."""
    return re.sub("%(25|2f|5c)", lambda found: _ESCAPES[found[0].lower()], name, flags=re.IGNORECASE)
