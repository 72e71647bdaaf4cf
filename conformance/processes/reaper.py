"""A work folder that is removed when its process ends, even if that is killed.

A driver creates all its files on the host in one folder. ``WorkFolder`` removes it when it is closed and at
the exit of the interpreter. For every other end, SIGTERM and ``kill -9`` included, a small child process
waits on a pipe whose other end only this process holds: the pipe closes however its holder ends.

This file is run by path as that child, so it imports nothing of snaptree.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

_STAYS: Final = b"."
"""Sent before the pipe is closed: the folder is somebody else's business now."""

_STRAGGLING: Final = 10.0
"""Seconds for which processes that outlive the runner may still put files into the folder."""


class WorkFolder:
    """A new folder with a unique name under ``parent``.

    ``parent`` None is the system's temporary folder (TMPDIR). Raises OSError if the folder cannot be made.
    A process that is forked without exec holds the pipe as well: the folder is then removed when the last
    of them has ended.
    """

    def __init__(self, parent: Path | None, prefix: str) -> None:
        asked = os.environ.get("TMPDIR")
        if parent is None and asked and not os.path.isdir(asked):
            # Python would take another folder, where nobody looks and the disk may be small.
            raise OSError(f"TMPDIR names {asked!r:.200}, which is no folder; make it, or unset TMPDIR")
        self.path = Path(mkdtemp(prefix=prefix, dir=parent)).absolute()
        self._owner = os.getpid()
        self._reaper: subprocess.Popen[bytes] | None = None
        try:
            self._reaper = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, os.fspath(self.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                # Ctrl-C and a terminal that closes reach a whole process group: not this one.
                start_new_session=True,
            )
        except BaseException:
            self.remove()
            raise
        atexit.register(self.remove)

    def remove(self) -> None:
        """Remove the folder with its content; a second call does nothing."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.remove)
        shutil.rmtree(self.path, ignore_errors=True)
        # What could not be removed just now, the child goes on trying to remove.
        self._dismiss(b"", wait=not self.path.exists())

    def leave(self) -> None:
        """Keep the folder for good."""
        atexit.unregister(self.remove)
        self._dismiss(_STAYS, wait=True)

    def _dismiss(self, message: bytes, *, wait: bool) -> None:
        reaper, self._reaper = self._reaper, None
        if reaper is None or reaper.stdin is None:
            return
        with suppress(OSError):
            reaper.stdin.write(message)
            reaper.stdin.flush()
        with suppress(OSError):
            reaper.stdin.close()
        if wait:
            reaper.wait()


def _remove_when_closed(folder: str) -> None:
    """The child process: wait, then remove the folder until it stays removed."""
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)
    if os.read(0, 1) == _STAYS:
        return
    give_up = time.monotonic() + _STRAGGLING
    while os.path.lexists(folder) and time.monotonic() < give_up:
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.lexists(folder):
            time.sleep(0.05)


if __name__ == "__main__":
    _remove_when_closed(sys.argv[1])
