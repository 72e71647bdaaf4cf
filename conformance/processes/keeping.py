"""Whether this process keeps computed results in the cache folder, and where it says that it cannot.

Off unless ``enable`` was called: the command and its workers do, where nothing changes the model in memory.
It imports nothing of ours, so that a command which needs no cache loads none.
"""

from __future__ import annotations

from collections.abc import Callable

_say: Callable[[str], None] | None = None


def enable(say: Callable[[str], None]) -> None:
    """Keep and read results. ``say`` is called once at most, with what is wrong with the cache."""
    global _say
    _say = say


def disable() -> None:
    """Keep and read nothing."""
    global _say
    _say = None


def enabled() -> bool:
    """Whether results are kept and read."""
    return _say is not None


def tell(text: str) -> None:
    """Say what is wrong, unless something was said before."""
    global _say
    if _say is not None:
        _say(text)
        _say = _ignore


def _ignore(text: str) -> None:
    """Something was said already."""
