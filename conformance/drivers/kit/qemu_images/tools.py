"""qemu-img and qemu-io: where they are, and running them.

A tool that fails is a ``QemuError`` that says everything that its caller needs
to run the same command again by hand.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Final

from snaptree.conformance.driver import DriverUnavailable

INSTALL: Final = "apt-get install --no-install-recommends qemu-utils"

PATIENCE: Final = 60.0
"""Seconds that one call of a tool may take: a chain of a thousand layers opens in a few."""


class QemuError(Exception):
    """A tool of QEMU failed. ``exit_code`` is None where it did not end in time, or was not started."""

    def __init__(self, text: str, *, command: Sequence[str], exit_code: int | None, stderr: str = "") -> None:
        super().__init__(text)
        self.command = list(command)
        self.exit_code = exit_code
        self.stderr = stderr


@dataclass(frozen=True)
class Tools:
    """The programs, by absolute path, and the version of qemu-img.

    ``package`` is what qemu-img says beside its version: the packager's, or the commit of a build.
    """

    qemu_img: str
    qemu_io: str
    version: str
    package: str = ""

    @property
    def artifacts(self) -> list[Path]:
        """The files of the programs."""
        return [Path(self.qemu_img), Path(self.qemu_io)]

    def create(self, image: str, *, size: int) -> list[str]:
        """The command for an empty image of its own."""
        return [self.qemu_img, "create", "-q", "-f", "qcow2", image, str(size)]

    def overlay(self, image: str, backing: str) -> list[str]:
        """The command for a new layer. It fails when the backing image cannot be read."""
        return [self.qemu_img, "create", "-q", "-f", "qcow2", "-b", backing, "-F", "qcow2", image]

    def rebase(self, image: str, backing: str | None) -> list[str]:
        """The command for another backing file under the same content; None for no backing file.

        This is the safe mode: what differs between the old and the new backing
        file is written into the image. The image need not survive a loss of
        power, so the host is not made to flush it (``-t unsafe``).
        """
        below = ["-b", backing, "-F", "qcow2"] if backing is not None else ["-b", ""]
        return [self.qemu_img, "rebase", "-q", "-t", "unsafe", "-T", "unsafe", "-f", "qcow2", *below, image]

    def resize(self, image: str, size: int, *, was: int) -> list[str]:
        """The command that gives an image another size than it has; a smaller one loses what is cut off."""
        shrink = ["--shrink"] if size < was else []
        return [self.qemu_img, "resize", "-q", "-f", "qcow2", *shrink, image, str(size)]

    def raw(self, image: str, target: str) -> list[str]:
        """The command that writes everything that a guest would read to a plain file."""
        return [self.qemu_img, "convert", "-t", "unsafe", "-f", "qcow2", "-O", "raw", image, target]


def find_tools(settings: Mapping[str, str]) -> Tools:
    """The tools from the setting ``qemu-bin``, else SNAPTREE_QEMU_BIN, else PATH.

    The first of these that is given decides for both: a mixture of two versions
    is nobody's wish. Raises DriverUnavailable that names what is missing.
    """
    folder, said_by = settings.get("qemu-bin"), "--qemu-bin"
    if not folder:
        folder, said_by = os.environ.get("SNAPTREE_QEMU_BIN"), "SNAPTREE_QEMU_BIN"
    where = f"in {folder} ({said_by})" if folder else "on PATH"
    found = {name: shutil.which(name, path=folder or None) for name in ("qemu-img", "qemu-io")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise DriverUnavailable(f"no {' and no '.join(missing)} {where}", install=INSTALL)
    img, io = (os.path.abspath(path) for path in found.values() if path is not None)
    (version, package), _ = _versions(img, io)
    return Tools(img, io, version, package)


def _versions(*programs: str) -> list[tuple[str, str]]:
    """The version and the package that each program states; the first sign of whether it works at all."""
    try:
        said = run([[program, "--version"] for program in programs], Path("/"))
    except QemuError as error:
        raise DriverUnavailable(f"a tool of QEMU does not work: {error}", install=INSTALL) from None
    versions = [re.search(r"version (\S+)(?: \(([^)\n]*)\))?", text) for text in said]
    for program, text, version in zip(programs, said, versions, strict=True):
        if version is None:
            raise DriverUnavailable(
                f"{program} does not say its version; it said {text[:200]!r}", install=INSTALL
            )
    return [(version[1], version[2] or "") for version in versions if version is not None]


def run(
    commands: Iterable[Sequence[str]],
    folder: Path,
    *,
    timeout: float = PATIENCE,
    at_once: int = 2,
    lock: int | None = None,
) -> list[str]:
    """Run commands in a folder, ``at_once`` of them side by side; what each printed.

    They must not depend on each other. None is running any more when this
    returns or raises. Raises QemuError for the first that failed, printed to
    stderr, or did not end within ``timeout`` seconds.

    ``lock`` is a file descriptor that the commands hold as well, so that a lock
    on it ends with the last of them, even if this process is killed before.
    Images are named relative to the folder, so that its own name, which may hold
    spaces, commas and colons, never meets QEMU's syntax for file names.
    """
    waiting = iter(commands)
    said: list[str] = []
    while batch := list(islice(waiting, at_once)):
        said.extend(_together(batch, folder, timeout, lock))
    return said


def _together(commands: list[Sequence[str]], folder: Path, timeout: float, lock: int | None) -> Iterator[str]:
    started: list[tuple[Sequence[str], subprocess.Popen[str]]] = []
    give_up = monotonic() + timeout
    try:
        for command in commands:
            started.append((command, _start(command, folder, lock)))
        for command, process in started:
            try:
                out, err = process.communicate(timeout=max(0.0, give_up - monotonic()))
            except subprocess.TimeoutExpired:
                raise _failed(f"did not end within {timeout:g} seconds", command, folder, None) from None
            # Some errors, of a flush on closing say, leave the exit code at 0 and only print.
            if process.returncode != 0 or err:
                raise _failed(f"exited with {process.returncode}", command, folder, process.returncode, err)
            yield out
    finally:
        for _, process in started:
            process.kill()  # nothing, if it has ended
            process.communicate()


def _start(command: Sequence[str], folder: Path, lock: int | None) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            pass_fds=() if lock is None else (lock,),
        )
    except OSError as error:
        raise _failed(f"could not be started: {error}", command, folder, None) from None


def _failed(
    what: str, command: Sequence[str], folder: Path, exit_code: int | None, stderr: str = ""
) -> QemuError:
    said = stderr.strip()[-2000:]
    text = f"{os.path.basename(command[0])} {what}{': ' + said if said else ''}"
    again = f"cd {shlex.quote(os.fspath(folder))} && {shlex.join(command)}"
    return QemuError(f"{text}\ncommand: {again}", command=command, exit_code=exit_code, stderr=stderr)
