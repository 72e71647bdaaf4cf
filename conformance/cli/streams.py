"""Repairs standard streams that are closed, or whose encoding lacks the glyphs of a tree."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Final

LESSER: Final = {"●": "*", "·": "-", "…": "...", "←": "<-", "—": "-"}
"""Replacements for glyphs that the encoding lacks; every other character is escaped."""

_ERRORS: Final = "snaptree.lesser"


def standard_streams() -> bool:
    """Open closed streams, and make every text writable, whatever the encoding; returns whether stdout was
    closed.

    A closed descriptor would be given to the next file that is opened, and what is
    printed would go into that file.
    """
    unread = sys.stdout is None
    _open_closed()
    codecs.register_error(_ERRORS, _lesser)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)
    return unread


def _open_closed() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    while nowhere <= 2:
        nowhere = os.open(os.devnull, os.O_RDWR)
    os.close(nowhere)
    for stream in range(3):
        os.set_inheritable(stream, True)  # a process that is started needs all three as well
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
