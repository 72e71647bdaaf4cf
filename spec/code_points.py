"""Sets of code points as profiles write them: characters, code points and ranges.

An item is one character (``"/"``), one code point (``"U+2028"``) or a range (``"U+0000-U+001F"``,
``"a-z"``). The form is the same for every language, and whether a name has such a character needs no
pattern engine.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import Final

NEW_FORM: Final = (
    'a list of characters, code points and ranges, such as ["/", "U+2028", "U+0000-U+001F"]; '
    "forbidden_first is the list for the first character"
)

_POINT: Final = re.compile(r"U\+([0-9A-Fa-f]{4,6})", re.ASCII)
_ITEM: Final = re.compile(r"(U\+[0-9A-Fa-f]{4,6}|.)(?:-(U\+[0-9A-Fa-f]{4,6}|.))?", re.ASCII | re.DOTALL)

_CLASS: Final = re.compile(
    r"\[\^?\]?(?:\\.|[^\]\\\[])*\]|[^\\.^$*+?{}\[\]|()]|\\[^AbBdDsSwWZzk0-9]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}",
    re.DOTALL,
)
"""A regular expression that is one class of characters, or one character."""

_LONGEST_CLASS: Final = 10_000


class CodePoints:
    """An immutable set of code points. Raises ValueError for an item that is none."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, items: Iterable[str]) -> None:
        ranges = sorted(_range(item) for item in items)
        merged: list[tuple[int, int]] = []
        for first, last in ranges:
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        self._firsts = [first for first, _ in merged]
        self._lasts = [last for _, last in merged]

    def __contains__(self, character: object) -> bool:
        if not isinstance(character, str) or len(character) != 1:
            return False
        place = bisect_right(self._firsts, ord(character)) - 1
        return place >= 0 and ord(character) <= self._lasts[place]

    def holds_any_of(self, text: str) -> bool:
        """Whether the text has a character of the set."""
        # A long text has few different characters.
        return bool(self._firsts) and any(character in self for character in set(text))


@cache
def code_points(items: tuple[str, ...]) -> CodePoints:
    """The set of the items. Raises ValueError."""
    return CodePoints(items)


def _range(item: str) -> tuple[int, int]:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ValueError(f"{item!r:.60} is neither a character, nor U+ and four to six digits, nor a range")
    first = _point(found[1])
    last = first if found[2] is None else _point(found[2])
    if first > last or last > sys.maxunicode:
        raise ValueError(f"{item!r:.60} is no range of code points")
    return first, last


def _point(text: str) -> int:
    written = _POINT.fullmatch(text)
    return int(written[1], 16) if written is not None else ord(text)


def items_of_class(pattern: str) -> list[str]:
    """The items of a regular expression that is one class of characters, as profiles had them.

    Raises ValueError for any other pattern. One class is looked up once for each code point: there is no
    repetition in it that could run away.
    """
    if len(pattern) > _LONGEST_CLASS or _CLASS.fullmatch(pattern) is None:
        raise ValueError("it is no class of characters")
    try:
        members = re.findall(pattern, "".join(map(chr, range(sys.maxunicode + 1))))
    except re.error as error:
        raise ValueError(str(error)) from None
    items: list[str] = []
    first = last = None
    for point in map(ord, members):
        if last is not None and point == last + 1:
            last = point
            continue
        if first is not None and last is not None:
            items.append(_item(first, last))
        first = last = point
    if first is not None and last is not None:
        items.append(_item(first, last))
    return items


def _item(first: int, last: int) -> str:
    return f"U+{first:04X}" if first == last else f"U+{first:04X}-U+{last:04X}"
