"""How long a process of a driver may take, as the settings ``deadline`` and ``opening`` say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from snaptree.spec.profiles import ProfileError

DEADLINE: Final = 60.0
"""Seconds for one call, unless the setting ``deadline`` says otherwise."""

BRINGING_UP: Final = 120.0
"""Seconds for starting the driver, and for opening a domain, unless a setting says otherwise."""

SHUTTING_DOWN: Final = 20.0
"""Seconds for removing everything at the end."""


@dataclass(frozen=True)
class Deadlines:
    """Seconds for one call, and for ``hello`` and ``open``."""

    call: float
    opening: float


def read_deadlines(settings: Mapping[str, str], bringing_up: float) -> Deadlines:
    """The deadlines; ``bringing_up`` is the driver's own for ``hello`` and ``open``.

    Whoever gives a deadline wants to wait no longer than a small multiple of it. Raises ProfileError.
    """
    call, opening = _seconds(settings, "deadline"), _seconds(settings, "opening")
    if opening is None:
        opening = bringing_up if call is None else 5 * call
    return Deadlines(DEADLINE if call is None else call, opening)


def _seconds(settings: Mapping[str, str], name: str) -> float | None:
    given = settings.get(name)
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise ProfileError(f"the setting {name} is a number of seconds, not {given!r:.100}")
    return seconds
