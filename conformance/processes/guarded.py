"""A command under a guard that shares open files with its parent, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from snaptree.conformance.processes import guard as guard_module


class Guarded:
    """A command under a guard; ``fds`` are the files that it shares. Raises OSError if it cannot be started.

    stdout and stderr are those of the parent, or ``output``; stdin is empty. Ctrl-C reaches the parent only.
    When the parent has ended, by ``kill -9`` too, the command gets ``cleaning`` seconds before it is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        fds: Sequence[int],
        *,
        folder: Path | None = None,
        output: int | None = None,
        cleaning: float = guard_module.CLEANING,
    ) -> None:
        lifeline, self._lifeline = os.pipe()
        guard_path = os.fspath(Path(guard_module.__file__).absolute())
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard_path, str(lifeline), str(cleaning), *command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lifeline, *fds),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(lifeline)
        self._closed = False

    def wait(self, seconds: float) -> bool:
        """Wait for the end; returns whether it came in time."""
        with suppress(subprocess.TimeoutExpired):
            self._guard.wait(seconds)
        return self._guard.poll() is not None

    def how_it_ended(self) -> str:
        """The end in words."""
        code = self._guard.poll()
        if code is not None and code > 128:
            with suppress(ValueError):
                return f"was killed by {signal.Signals(code - 128).name}"
        return f"ended with exit code {code}"

    def kill(self) -> None:
        """End the process and everything that it started; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._guard.poll() is None:
            self._guard.terminate()
            if not self.wait(guard_module.CLEANING + 2.0):
                self._guard.kill()
                self._guard.wait()
        os.close(self._lifeline)
