"""Runs a Shell on a terminal or on a script: reads lines, and ends it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.shortcuts import CompleteStyle
from rich.text import Text

from snaptree.conformance.reports.words import plain
from snaptree.conformance.shell.commands import Shell
from snaptree.conformance.shell.completing import ShellCompleter

PROMPT: Final = "snaptree> "
TERMINATED: Final = 130


def converse(shell: Shell) -> None:
    """Ask for lines at a terminal until the user ends the shell. Ctrl-C clears the line."""
    # A signal to end must end it: as a KeyboardInterrupt it would only clear the line.
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, _end)
    prompt: PromptSession[str] = PromptSession(
        history=open_history(),
        completer=ShellCompleter(shell.session),
        complete_while_typing=False,
        complete_style=CompleteStyle.READLINE_LIKE,
    )
    shell.greet()
    while True:
        try:
            for line in prompt.prompt(PROMPT).splitlines():  # several, if they were pasted
                shell.run(line)
                if shell.ended:
                    return
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def follow(shell: Shell, script: TextIO) -> None:
    """Execute the lines of a script; print each line before its result."""
    if isinstance(script, TextIOWrapper):
        # A byte that is no text is part of a name like any other, which the model refuses.
        script.reconfigure(errors="surrogateescape")
    for line in script:
        text = line.rstrip("\r\n")
        if text.strip():
            shell.print_lines(Text(f"{PROMPT}{plain(text, 500)}", style="bold"))
            shell.run(text)
        if shell.ended:
            return


def is_conversation() -> bool:
    """Whether stdin and stdout are both terminals."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def open_history() -> History:
    """The lines of earlier sessions, from the user's state folder; in memory if there is none."""
    folder = _state_folder()
    if folder is None:
        return InMemoryHistory()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "shell-history"
        with open(file, "ab"):
            os.chmod(file, 0o600)
        return OptionalFileHistory(str(file))
    except OSError:
        return InMemoryHistory()


class OptionalFileHistory(FileHistory):
    """A history file that continues in memory once it cannot be written."""

    def store_string(self, string: str) -> None:
        """Append one line. A full disk, or half a character in the line, does not end the shell."""
        with suppress(OSError, UnicodeError):
            super().store_string(string)


def _state_folder() -> Path | None:
    given = os.environ.get("XDG_STATE_HOME", "")
    try:
        # The XDG specification wants a path that is not absolute to be ignored.
        base = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    except RuntimeError:  # nobody's home
        return None
    return base / "snaptree"


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
