"""Standard streams as a program may be given them: closed, or of an encoding without the glyphs of a tree."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Final

LESSER: Final = {"●": "*", "·": "-", "…": "...", "←": "<-", "—": "-"}
"""What stands for a glyph of ours where the encoding has none; everything else is escaped."""

_ERRORS: Final = "snaptree.lesser"


def standard_streams() -> None:
    """Open what is closed, and let every text be written, whatever the encoding.

    A closed descriptor would be given to the next file that is opened, and what is
    printed would go into that file.
    """
    _open_closed()
    codecs.register_error(_ERRORS, _lesser)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def _open_closed() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    while nowhere <= 2:
        nowhere = os.open(os.devnull, os.O_RDWR)
    os.close(nowhere)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _lesser(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = "".join(
        LESSER.get(char) or char.encode("ascii", "backslashreplace").decode("ascii") for char in text
    )
    return shown, error.end
