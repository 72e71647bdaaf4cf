"""Reads JSON that others wrote: drivers in other processes, traces, recordings.

Python's reader takes the last of two equal keys, reads NaN and Infinity, which are not JSON, and fails with
errors of different types on long integers and deep nesting. Here each is one ``InvalidJson``.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

MOST_DIGITS: Final = 100
"""Digits of the longest number that is read."""

MOST_LEVELS: Final = 100
"""How deep lists and objects may be nested."""


class InvalidJson(ValueError):
    """A text that is not the JSON that snaptree reads; the message gives the reason."""


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises InvalidJson."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except InvalidJson:
        raise
    except json.JSONDecodeError as error:
        raise InvalidJson(f"not JSON: {error.msg} at column {error.colno}") from None
    except UnicodeDecodeError:
        raise InvalidJson("not JSON: it is no text in UTF-8") from None
    except RecursionError:
        raise InvalidJson(_TOO_DEEP) from None
    if _opening(text) > MOST_LEVELS and _levels(value) > MOST_LEVELS:
        raise InvalidJson(_TOO_DEEP)
    return value


_TOO_DEEP: Final = f"lists and objects are nested more than {MOST_LEVELS} deep"


def _opening(text: str | bytes) -> int:
    """Brackets that open: a text of few is nested no deeper, and most messages have few."""
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidJson(f"an object has the key {twice!r:.60} twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise InvalidJson(f"a number has {len(digits):,} digits; {MOST_DIGITS} are the most")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidJson(f"{digits:.60} is larger than any number here")
    return number


def _constant(name: str) -> float:
    raise InvalidJson(f"not JSON: {name} is no number")


def _levels(value: Any) -> int:
    """How deep lists and objects are nested, counted without recursion."""
    deepest = 0
    waiting = [(value, 1)]
    while waiting:
        one, level = waiting.pop()
        if isinstance(one, (dict, list)):
            deepest = max(deepest, level)
            waiting.extend((part, level + 1) for part in (one.values() if isinstance(one, dict) else one))
    return deepest
