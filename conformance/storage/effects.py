"""An effect: one change of a folder, or one demand to make changes last, in the order in which they happened.

``kill -9`` strikes between two effects: what a process did before stays, and what it would have done does not
happen. A file is named by the number of its inode in the recorded folder, so a rename between two writes
confuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "create", "write", "truncate", "allocate", "rename", "unlink", "link", "mkdir", "rmdir", "symlink",
    "mode", "fsync", "fsyncdir",
]  # fmt: skip

SYNCS: Final = frozenset(["fsync", "fsyncdir"])
"""What changes no file: it matters where the power fails."""

GROWS: Final = frozenset(["create", "write", "truncate", "allocate", "rename", "link", "mkdir", "symlink"])
"""What a full disk refuses."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a process on the recorded folder.

    ``path`` and ``to`` are relative to it. ``inode`` is the file that is written, truncated, made or synced.
    ``size`` is a length in bytes where ``data`` is not what is written; ``mode`` are permissions. ``begun``
    and ``ended`` are readings of a monotonic clock in nanoseconds. ``parent`` is the process that started
    ``process``.
    """

    kind: Kind
    path: str
    inode: int = 0
    offset: int = 0
    data: bytes = b""
    size: int = 0
    to: str = ""
    mode: int = 0
    process: int = 0
    parent: int = 0
    begun: int = 0
    ended: int = 0

    @property
    def text(self) -> str:
        """In words, for a report."""
        match self.kind:
            case "write":
                return f"write of {len(self.data):,} bytes at {self.offset:,} of {self.path}"
            case "truncate" | "allocate":
                return f"{self.kind} of {self.path} to {self.size:,} bytes"
            case "rename" | "link" | "symlink":
                return f"{self.kind} of {self.path} to {self.to}"
            case _:
                return f"{self.kind} of {self.path or 'the folder'}"


@dataclass(frozen=True)
class Fault:
    """An error that is put in: the effects of some ``kinds`` on some files fail, from the ``number``-th on.

    Effects are counted from 1, those of other kinds and files not. ``kinds`` may hold ``open`` and ``read``,
    which are no effects. ``error`` is a number of errno; 0 kills ``process`` and all that it started instead,
    before the effect. ``for_ever`` lets every later one fail as well. ``files`` is a pattern of paths.
    """

    kinds: frozenset[str]
    number: int
    error: int = 0
    for_ever: bool = False
    files: str = "*"
    process: int = 0
