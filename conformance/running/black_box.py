"""The black box of a worker process: which call to the driver is under way, readable after its end.

Worker and parent share one page of memory. A write costs less than a microsecond, so that each call to a
driver can be written down before it is made.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import Final

SIZE: Final = mmap.PAGESIZE

_LAYOUT: Final = struct.Struct("=QQdd64s64s")
_PROCESS: Final = struct.Struct("=Q")
_SINCE: Final = struct.Struct("=d")
_SINCE_AT: Final = 16


@dataclass(frozen=True)
class Entry:
    """What the box holds.

    ``number`` counts the calls of the present task, ``call`` is the last one, and ``operation`` the last
    one that may change the domain. ``since`` is when it began, by ``time.monotonic``; 0 if it has returned.
    ``allowed`` are the seconds that it may take.
    """

    process: int
    number: int
    since: float
    allowed: float
    call: str
    operation: str


class BlackBox:
    """The shared page. The parent makes it over an open file, and the worker over the same file."""

    def __init__(self, fd: int) -> None:
        self._page = mmap.mmap(fd, SIZE)

    def write(
        self, process: int, number: int, since: float, allowed: float, call: bytes, operation: bytes
    ) -> None:
        """Write down a call before it is made."""
        _LAYOUT.pack_into(self._page, 0, process, number, since, allowed, call, operation)

    def write_return(self) -> None:
        """Write down that the call has returned."""
        _SINCE.pack_into(self._page, _SINCE_AT, 0.0)

    def read(self) -> Entry:
        """The last entry."""
        process, number, since, allowed, call, operation = _LAYOUT.unpack_from(self._page, 0)
        return Entry(process, number, since, allowed, _text(call), _text(operation))

    def close(self) -> None:
        """Give the page back."""
        self._page.close()


def _text(name: bytes) -> str:
    return name.rstrip(b"\0").decode("utf-8", "replace")
