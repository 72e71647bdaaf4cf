"""A driver's process as the runner holds it: lines out, and lines back.

One loop serves three pipes, so a process that does not read, or that floods stderr, blocks nothing.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from snaptree.conformance.processes import guard as guard_module

_LONGEST: Final = 1 << 28
"""Bytes that no line has."""

_LAST_WORDS: Final = 4096
"""Bytes of stderr that are kept."""

_ENDING: Final = 2.0
"""Seconds for a guard that was told to end everything, and does nothing else."""


class Lost(Exception):
    """The process returned no line: it hung, ended, or wrote without end. The text says which."""


class Silent(Lost):
    """The process returned no line before the deadline."""


class Process:
    """A command under a guard. Raises OSError if the guard cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        lifeline, self._lifeline = os.pipe()
        self._unread = bytearray()
        self._last_words = bytearray()
        try:
            self._guard = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    os.fspath(Path(guard_module.__file__).absolute()),
                    str(lifeline),
                    str(guard_module.CLEANING),
                    *command,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(lifeline,),
                # Ctrl-C is for the runner to answer, which then ends this process.
                start_new_session=True,
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(lifeline)
        pipes = (self._guard.stdin, self._guard.stdout, self._guard.stderr)
        self._in, self._out, self._err = (pipe.fileno() for pipe in pipes if pipe is not None)
        for end in (self._in, self._out, self._err):
            os.set_blocking(end, False)
        self._ended = False
        self.told = False
        """Whether its end was reported to somebody."""

    @property
    def pid(self) -> int:
        """The guard's process; the command and all that it started descend from it."""
        return self._guard.pid

    @property
    def ended(self) -> bool:
        """Whether the process has ended, by itself or not."""
        return self._ended or self._guard.poll() is not None

    def lines(self) -> Iterator[bytes]:
        """The lines that were received and not taken yet."""
        while (end := self._unread.find(b"\n")) >= 0:
            line = bytes(self._unread[: end + 1])
            del self._unread[: end + 1]
            yield line

    def send(self, unsent: memoryview, seconds: float) -> memoryview:
        """Send as much as possible within some seconds, while another thread receives; returns the rest."""
        ready = select.select([], [self._in], [], seconds)[1]
        return self._send(unsent) if ready else unsent

    def turn(self, unsent: memoryview, left: float) -> memoryview:
        """Send and receive as much as possible now; returns the rest to be sent. Raises Lost."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        poll.register(self._err, select.POLLIN)
        if unsent:
            poll.register(self._in, select.POLLOUT)
        for end, _ in poll.poll(left * 1000):
            if end == self._in:
                unsent = self._send(unsent)
            elif end == self._err:
                self._hear_last_words()
            else:
                piece = os.read(self._out, 1 << 16)
                if not piece:
                    raise Lost(self._how_it_ended())
                self._unread += piece
                if len(self._unread) > _LONGEST:
                    raise Lost(f"a line of more than {_LONGEST} bytes; it was ended")
        return unsent

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._in, unsent) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:
            return unsent[:0]  # it does not listen any more: what it says, or its end, is the answer

    def _hear_last_words(self) -> bool:
        try:
            piece = os.read(self._err, 1 << 16)
        except BlockingIOError:
            return False
        self._last_words += piece
        del self._last_words[:-_LAST_WORDS]
        return bool(piece)

    def _how_it_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._guard.wait(guard_module.CLEANING)
        code = self._guard.poll()
        if code is None:
            return "it closed its stdout"
        if code > 128:
            with suppress(ValueError):
                return f"it was killed by {signal.Signals(code - 128).name}"
        return f"it ended with exit code {code}"

    def last_words(self) -> str:
        """The last lines that the process wrote to stderr so far."""
        return self._last_words.decode("utf-8", "replace").strip()

    def end(self, seconds: float) -> bool:
        """Close its stdin, let it clean up, and end it; returns whether it ended by itself in time."""
        if self._ended:
            return True
        assert self._guard.stdin, "it is a pipe"
        self._guard.stdin.close()
        give_up = monotonic() + seconds
        while self._guard.poll() is None and monotonic() < give_up:
            # It may have more to say than a pipe holds.
            select.select([self._err], [], [], 0.02)
            self._hear_last_words()
        in_time = self._guard.poll() is not None
        self.kill()
        return in_time

    def kill(self) -> None:
        """End the process and everything that it started; a second call does nothing."""
        if self._ended:
            return
        self._ended = True
        if self._guard.poll() is None:
            self._guard.terminate()
            try:
                self._guard.wait(guard_module.CLEANING + _ENDING)
            except subprocess.TimeoutExpired:
                self._guard.kill()
                self._guard.wait()
        while self._hear_last_words():
            pass
        for pipe in (self._guard.stdin, self._guard.stdout, self._guard.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        os.close(self._lifeline)
