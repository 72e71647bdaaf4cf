"""Whether the user has ended the run, also where a library replaced the exception that says so.

A signal raises KeyboardInterrupt wherever Python code runs. If that is the hash of a value inside a map of
rpds, rpds raises TypeError in its place, without a cause.
"""

from __future__ import annotations

import signal
from types import FrameType

_told: list[int] = []
"""The signals that have told this process to end."""


def interrupt(number: int, _frame: FrameType | None) -> None:
    """A handler of signals. Raises KeyboardInterrupt."""
    _told.append(number)
    raise KeyboardInterrupt


def interrupt_once(number: int, frame: FrameType | None) -> None:
    """The same, once for all: a second one would tear the partial report apart. Raises KeyboardInterrupt."""
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    interrupt(number, frame)


def is_interruption(error: BaseException) -> bool:
    """Whether the exception, or what it replaced, is the user's wish to end."""
    return isinstance(error, KeyboardInterrupt) or (isinstance(error, TypeError) and bool(_told))
