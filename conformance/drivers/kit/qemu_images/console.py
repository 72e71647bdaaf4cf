"""One qemu-io that stays: images are opened, read, written and closed by typing at it.

Starting a process costs ten times as much as what is asked of it. Here 18
commands that read one disk of one point take 0.7 ms, and a write 0.2 ms.

A command is sent only when the one before was answered: qemu-io reads its input
through a buffer that it does not look into again, and hangs on a second line
that arrived with the first. An answer ends with the prompt on a line of its own.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Final

from snaptree.conformance.drivers.kit.blocks import block_value
from snaptree.conformance.drivers.kit.qemu_images.tools import PATIENCE, QemuError
from snaptree.spec.state import BLOCK_SIZE

_PROMPT: Final = b"qemu-io> "
_RANGE: Final = re.compile(rb"\(0x([0-9a-f]+)\) bytes +(?:not )?allocated at offset [^(\n]*\(0x([0-9a-f]+)\)")

_LONGEST: Final = 1 << 26
"""Bytes that no answer has."""


class Console:
    """A qemu-io process in a folder; it starts with the first command, and again after a failure.

    An image is open only within ``image``: what runs between two of those finds
    nothing locked, and every reader sees what lies on the disk. Callers in several
    threads take turns.
    """

    def __init__(self, qemu_io: str, folder: Path, *, timeout: float = PATIENCE) -> None:
        self._program = qemu_io
        self._folder = folder
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = RLock()

    @contextmanager
    def image(self, name: str, *, write: bool = False) -> Iterator[None]:
        """Open an image, named relative to the folder without spaces, with all that it is backed by."""
        # cache.no-flush: the host is not made to flush. What was written survives
        # every process that is killed; a loss of power is not covered.
        with self._opened(f"{'-o driver=qcow2,cache.no-flush=on' if write else '-r -o driver=qcow2'} {name}"):
            yield

    @contextmanager
    def export(self, socket: str, name: str) -> Iterator[None]:
        """Open an NBD export to read; the socket is named as an image is."""
        with self._opened(f"-r -o driver=nbd,server.type=unix,server.path={socket},export={name}"):
            yield

    @contextmanager
    def _opened(self, what: str) -> Iterator[None]:
        with self._turn:
            try:
                self._expect(f"open {what}", b"")
                yield
                self._expect("close", b"")
            except BaseException:
                # The image must not stay open, nor a late answer be taken for the next one.
                self.close()
                raise

    def size(self) -> int:
        """The size of the open image in bytes.

        The allocation map covers the whole image and is exact; ``length`` rounds.
        """
        end = 0
        answer = self._ask("map")
        for length, offset in _RANGE.findall(answer):
            if int(offset, 16) != end:
                raise self._failed("map", answer)
            end += int(length, 16)
        if not end:
            raise self._failed("map", answer)
        return end

    def read(self, offset: int) -> int:
        """The value of the 512 bytes at an offset of the open image, or MIXED."""
        command = f"read -v {offset} {BLOCK_SIZE}"
        answer = self._ask(command)
        dump, found, _ = answer.partition(
            b"read %d/%d bytes at offset %d\n" % (BLOCK_SIZE, BLOCK_SIZE, offset)
        )
        value = _value(dump) if found else None
        if value is None:
            raise self._failed(command, answer)
        return value

    def write(self, offset: int, value: int) -> None:
        """Set the 512 bytes at an offset of the open image to one value.

        ``-f`` writes out QEMU's own tables before it answers: an image that is
        closed afterwards could only print that it failed to.
        """
        command = f"write -f -P {value} {offset} {BLOCK_SIZE}"
        self._expect(command, b"wrote %d/%d bytes at offset %d\n" % (BLOCK_SIZE, BLOCK_SIZE, offset))

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    def _expect(self, command: str, beginning: bytes) -> None:
        answer = self._ask(command)
        if not answer.startswith(beginning) or (answer and not beginning):
            raise self._failed(command, answer)

    def _ask(self, command: str) -> bytes:
        process = self._process or self._started()
        assert process.stdin is not None, "it is a pipe"
        try:
            os.write(process.stdin.fileno(), command.encode() + b"\n")
        except OSError as error:
            raise self._failed(command, f"{error}".encode()) from None
        return self._answer(command, process)

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                [self._program],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                # Ctrl-C is for the runner to answer, which then ends this process.
                start_new_session=True,
            )
        except OSError as error:
            raise self._failed("", f"could not be started: {error}".encode()) from None
        self._process = process
        self._answer("", process)
        return process

    def _answer(self, command: str, process: subprocess.Popen[bytes]) -> bytes:
        """Everything up to the next prompt."""
        assert process.stdout is not None, "it is a pipe"
        answer = bytearray()
        out = process.stdout.fileno()
        poll = select.poll()
        poll.register(out, select.POLLIN)
        give_up = monotonic() + self._timeout
        while not (answer.endswith(b"\n" + _PROMPT) or answer == _PROMPT):
            left = give_up - monotonic()
            # A program that never stops talking is always ready to be read.
            if left <= 0 or not poll.poll(left * 1000):
                raise self._failed(command, answer + b"\n(no answer within %g seconds)" % self._timeout)
            piece = os.read(out, 65536)
            if not piece:
                raise self._failed(command, answer + b"\n(the process ended)")
            answer += piece
            if len(answer) > _LONGEST:
                raise self._failed(command, answer[-2000:] + b"\n(no end after %d bytes)" % len(answer))
        return bytes(answer[: -len(_PROMPT)])

    def _failed(self, command: str, answer: bytes | bytearray) -> QemuError:
        said = answer.decode("utf-8", "replace").strip()[-2000:]
        process = self._process
        return QemuError(
            f"qemu-io: {command or 'starting'} answered: {said or '(nothing)'}\nin the folder {self._folder}",
            command=[self._program, "-c", command],
            exit_code=None if process is None else process.poll(),
            stderr=said,
        )


@lru_cache(maxsize=8192)
def _value(dump: bytes) -> int | None:
    """What a dump of 512 bytes shows: their value, or MIXED; None if it is no such dump.

    Each line is an offset, sixteen bytes in hexadecimal, and the same as text.
    """
    lines = dump.split(b"\n")
    if lines.pop() != b"":
        return None
    try:
        content = bytes.fromhex("".join(line.split(b"  ", 2)[1].decode() for line in lines))
    except (ValueError, IndexError):
        return None
    if len(content) != BLOCK_SIZE:
        return None
    return block_value(content)
