"""Text from outside, made safe to print: names, errors and versions of drivers, files and users.

Such text is never markup, an escape sequence or a line of its own. Every place that prints it goes through
``plain``; every place that takes it over from a process goes through ``cut``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from html import escape
from typing import Any, Final

HIDDEN: Final = "(hidden)"

_SHORTEST_SECRET: Final = 4
"""A shorter value stands in too many texts by chance."""

_secrets: set[str] = set()
"""The values that this process prints and writes nowhere: a driver may repeat a password in any text."""


def hide(values: Iterable[str]) -> None:
    """Print and write none of these values from now on."""
    _secrets.update(value for value in values if len(value) >= _SHORTEST_SECRET)


def without_secrets(text: str) -> str:
    """The text without the values that ``hide`` was given, as they are or as JSON and XML write them."""
    for secret in sorted(_secrets, key=len, reverse=True):
        for form in (secret, json.dumps(secret)[1:-1], escape(secret), escape(secret, quote=False)):
            text = text.replace(form, HIDDEN)
    return text


LONGEST_TEXT: Final = 4000
"""Characters of one text that a driver in another process may send, an error or a hint for instance."""


def plain(text: str, longest: int = 60, *, lines: bool = False) -> str:
    """A text safe on a terminal and in every encoding: escaped where it is not printable, and cut.

    ``lines`` keeps line ends.
    """
    # Cut first: what is cut away need not be escaped, and no escape grows more than tenfold.
    text = without_secrets(text) if _secrets else text
    shown = "".join(
        char if char.isprintable() or (lines and char == "\n") else char.encode("unicode_escape").decode()
        for char in text[: longest + 1]
    )
    return shown if len(shown) <= longest and len(text) <= longest else shown[: max(0, longest - 1)] + "…"


def quoted(name: str) -> str:
    """A name as it stands in a sentence or a call: in quotes where a reader could not tell where it ends."""
    clear = name and not any(char.isspace() or char in ",;()[]'\"" for char in name)
    return name if clear else f"'{name}'"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean rfc?`` for the known word nearest to a word; empty if none is near."""
    lowered = {one.lower(): one for one in known}
    near = get_close_matches(word[:60].lower(), lowered, 1, 0.6)
    return f"; did you mean {lowered[near[0]]}?" if near else ""


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text of at most ``longest`` characters; the end says how many are missing."""
    if len(text) <= longest:
        return text
    note = f"… ({len(text):,} characters)"
    return text[: longest - len(note)] + note


def cut_texts(record: Any) -> Any:
    """A value of JSON with every text cut: a driver may answer with megabytes."""
    if isinstance(record, str):
        return cut(record)
    if isinstance(record, dict):
        return {key: cut_texts(value) for key, value in record.items()}
    return [cut_texts(value) for value in record] if isinstance(record, list) else record
