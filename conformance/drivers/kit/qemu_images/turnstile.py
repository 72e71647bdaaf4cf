"""Holds a qemu-img that another program starts: a wrapper of that name, first on the PATH, waits.

The wrapper looks into the folder of the image that stands last on its command line. Where a turnstile
waits there, it asks for leave, and goes on or fails; elsewhere it costs a shell.
"""

from __future__ import annotations

import os
import select
import shlex
import shutil
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final

from snaptree.conformance.drivers.kit.callers import Gate

_ASKS: Final = "gate.asks"
_ANSWERS: Final = "gate.answers"

_WRAPPER: Final = """\
#!/bin/sh
for last; do :; done
asks=${{last%/*}}/{asks}
if [ -p "$asks" ]; then
    echo > "$asks"
    read -r answer < "${{last%/*}}/{answers}"
    [ "$answer" != fail ] || {{ echo "qemu-img was ended" >&2; exit 1; }}
fi
exec {tool} "$@"
"""

_PAUSE: Final = 0.05
"""Seconds between two looks whether the turnstile was closed."""


def put_first(folder: Path, qemu_img: str) -> None:
    """Make the wrapper in a folder, and let programs of this process find it first. Raises OSError."""
    folder.mkdir()
    wrapper = folder / "qemu-img"
    tool = shlex.quote(shutil.which(qemu_img) or qemu_img)  # never the wrapper itself
    wrapper.write_text(
        _WRAPPER.format(asks=_ASKS, answers=_ANSWERS, tool=tool), encoding="utf-8", errors="surrogateescape"
    )
    wrapper.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


class Turnstile:
    """The gate of the qemu-img that work in one folder; a place is the start of one of them."""

    def __init__(self, folder: Path) -> None:
        self._asks, self._answers = folder / _ASKS, folder / _ANSWERS
        self._gate = Gate()
        self._thread: Thread | None = None
        self._closed = False

    def hold_at(self, place: int | None) -> None:
        """Stop the next call before it starts the qemu-img of this number; see ``Holds``."""
        self._gate.hold_at(place)
        if self._thread is None and place is not None:
            for pipe in (self._answers, self._asks):
                os.mkfifo(pipe)
                pipe.chmod(0o666)
            self._thread = Thread(target=self._serve, name="snaptree turnstile", daemon=True)
            self._thread.start()

    def held_at(self) -> str | None:
        """The tool before which a call is stopped now."""
        return self._gate.held_at()

    def let_go(self, *, fail: bool = False) -> None:
        """Let the call go on, or its tool fail."""
        self._gate.let_go(fail=fail)

    def close(self) -> None:
        """Stop nothing any more."""
        self._closed = True
        self._gate.let_go()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        # Opened for both, it neither waits for a writer nor ends with one.
        asks = os.open(self._asks, os.O_RDWR | os.O_NONBLOCK)
        answers = os.open(self._answers, os.O_RDWR | os.O_NONBLOCK)
        number = 0
        try:
            while not self._closed:
                if not select.select([asks], [], [], _PAUSE)[0]:
                    continue
                os.read(asks, 1)
                number += 1
                answer = b"go\n"
                try:
                    self._gate.pass_by(f"before its qemu-img {number}", _Ended)
                except _Ended:
                    answer = b"fail\n"
                os.write(answers, answer)
        finally:
            for pipe in (self._asks, self._answers):
                with suppress(OSError):
                    pipe.unlink()
            os.close(asks)
            os.close(answers)


class _Ended(Exception):
    """The tool is to fail."""
