"""Versions of drivers: whether one begins with a text, or lies in a range such as ``>=7.2, <9``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Final

_COMPARED: Final[dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_BOUND: Final = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d{1,9}(?:\.\d{1,9}){0,9})", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,9}", re.ASCII)


def is_range(text: str) -> bool:
    """Whether a text is meant as a range, and not as the beginning of a version."""
    return text.lstrip()[:1] in ("<", ">", "=", "!")


def range_fault(text: str) -> str | None:
    """What is wrong with a range; None if it can be read."""
    for one in text.split(","):
        if not _BOUND.fullmatch(one.strip()):
            return f"{one.strip()!r} is no bound of a range; write >=7.2, <9"
    return None


def version_fits(version: str, wanted: str) -> bool:
    """Whether a version lies in the range, or begins with the text; an empty text fits every version.

    Of a version the first dotted number is compared, part by part: ``7.2.22 (Debian)`` is 7.2.22, and
    7.2 equals 7.2.0. A version without a number lies in no range.
    """
    if not is_range(wanted):
        return version.startswith(wanted)
    found = _NUMBER.search(version)
    if found is None:
        return False
    here = _parts(found[0])
    return all(
        _COMPARED[bound[1]](here, _parts(bound[2]))
        for bound in (_BOUND.fullmatch(one.strip()) for one in wanted.split(","))
        if bound is not None
    )


def _parts(number: str) -> tuple[int, ...]:
    """The parts of a dotted number without the zeros at its end, so that 9 equals 9.0."""
    parts = [int(part) for part in number.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)
