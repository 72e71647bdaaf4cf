"""Progress messages of an installation, and running programs that take a while."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

Progress = Callable[[str, int, int], None]
"""Told what is done now, how much of it, and how much there is: bytes or packages, 0 where nobody knows."""

_EVERY: Final = 0.2

DIES_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""Before a command: it does not outlive the process that started it, ``kill -9`` included."""


class CommandFailed(Exception):
    """A program failed; the text is the end of its output."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Nobody wants to know."""


def run_program(
    command: Sequence[str | Path],
    *,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> str:
    """Run a program to its end and return its stdout; ``meanwhile`` is called a few times a second.

    Raises CommandFailed, and OSError when it cannot be started. It is killed when the wait is interrupted.
    """
    with subprocess.Popen(
        [*DIES_WITH_US, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        text=True,
        errors="replace",
    ) as process:
        try:
            said = _heard(process, meanwhile)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise CommandFailed(said.strip()[-1500:] or f"exit code {process.returncode}")
    return said


def _heard(process: subprocess.Popen[str], meanwhile: Callable[[], None] | None) -> str:
    while True:
        try:
            said, _ = process.communicate(timeout=_EVERY if meanwhile else None)
        except subprocess.TimeoutExpired:
            if meanwhile is not None:
                meanwhile()
        else:
            return said
