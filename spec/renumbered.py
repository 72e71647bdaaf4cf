"""Rules that ended: which ids hold their demands now.

The table is ``renumbered.toml``. An id that ended is never used again, so a trace, a list of known
deviations or a report of an older version can still be read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

TABLE: Final = "renumbered.toml"


class MalformedTable(ValueError):
    """A table that cannot be used; the text names the id and the reason."""


def read_table(text: str) -> dict[str, tuple[str, ...]]:
    """Ended ids with their successors. A successor that ended as well is followed to its own.

    Raises MalformedTable for a value that is no list of ids, and for ids that follow one another in a circle.
    """
    try:
        direct = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedTable(f"{TABLE}: not TOML: {error}") from None
    for old, new in direct.items():
        if not isinstance(new, list) or not all(isinstance(one, str) for one in new):
            raise MalformedTable(f"{TABLE}: {old} is a list of the ids that hold its demands now")
    return {old: tuple(dict.fromkeys(_follow(direct, old, ()))) for old in direct}


def _follow(direct: Mapping[str, list[str]], old: str, seen: tuple[str, ...]) -> list[str]:
    if old in seen:
        raise MalformedTable(f"{TABLE}: {old} is a successor of itself")
    if old not in direct:
        return [old]
    return [last for new in direct[old] for last in _follow(direct, new, (*seen, old))]


@cache
def renumbered() -> Mapping[str, tuple[str, ...]]:
    """The successors of every id that ended; none for a demand that was dropped."""
    return read_table(files("snaptree.spec").joinpath(TABLE).read_text(encoding="utf-8"))
