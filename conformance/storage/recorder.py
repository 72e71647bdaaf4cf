"""The recorder: a folder whose every change is written down, and that fails where it is told to.

``store`` is the folder, ``mount`` the same folder as a driver has to see it: what happens there is recorded.
Both go with this process, however it ends, and so does the process that serves the file system.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.processes.reaper import WorkFolder
from snaptree.conformance.storage.effects import Effect, Fault

PREFIX: Final = "snaptree-crash-"

WITHIN: Final = 20.0
"""Seconds for the file system to appear, to answer or to go."""

_MOUNTS: Final = Path("/proc/self/mountinfo")
_TYPE: Final = "fuse.snaptree"


class RecorderFault(RuntimeError):
    """The recorder did not do what it has to: a fault of snaptree, never of a driver."""


def why_not() -> str:
    """Why nothing can be recorded on this host; empty if it can be."""
    if not os.path.exists("/dev/fuse"):
        return "this host has no /dev/fuse"
    if os.geteuid() != 0 and shutil.which("fusermount3") is None:
        return "mounting needs root or fusermount3 (apt-get install fuse3)"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse cannot be opened"
    if find_spec("mfusepy") is None:
        return "mfusepy is not installed (pip install 'snaptree[crash]')"
    return ""


def remove_stale() -> list[str]:
    """Unmount what an earlier run left whose processes are gone; the mount points."""
    removed = []
    for point in _our_mounts():
        try:
            os.lstat(point)
        except OSError as error:
            if error.errno in (errno.ENOTCONN, errno.ECONNABORTED) and _unmount(point):
                with suppress(OSError):
                    # The folder of a recorder holds this mount and the recorded files.
                    if point.parent.name.startswith(PREFIX):
                        shutil.rmtree(point.parent, ignore_errors=True)
                removed.append(os.fspath(point))
    return removed


def _our_mounts() -> Iterator[Path]:
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        about, _, kind = line.partition(" - ")
        if kind.split(" ", 1)[0] == _TYPE:
            # Blanks in a path are written as octal numbers.
            point = about.split(" ")[4].encode("utf-8", "surrogateescape")
            yield Path(os.fsdecode(point.decode("unicode_escape").encode("latin-1")))


def _unmount(point: Path) -> bool:
    for command in (["fusermount3", "-u", "-z", os.fspath(point)], ["umount", "-l", os.fspath(point)]):
        with suppress(OSError):
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return True
    return False


class Recorder:
    """A fresh folder that is recorded. Raises DriverUnavailable where nothing can be."""

    def __init__(self, work: Path | None = None) -> None:
        reason = why_not()
        if reason:
            raise DriverUnavailable(f"nothing can be recorded: {reason}")
        for point in remove_stale():
            print(f"removed a mount that an earlier run left: {point}", file=sys.stderr)
        try:
            self._folder = WorkFolder(work, PREFIX)
        except OSError as error:
            raise DriverUnavailable(f"nothing can be recorded: no folder to work in: {error}") from None
        self.store = self._folder.path / "store"
        self.mount = self._folder.path / "mount"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.store.mkdir()
            self.mount.mkdir()
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._pipe = Connection(ours.detach())
            self._errors = self._folder.path / "errors"
            with self._errors.open("wb") as errors:
                self._process = subprocess.Popen(
                    [
                        sys.executable, "-m", "snaptree.conformance.storage.passthrough",
                        os.fspath(self.store), os.fspath(self.mount), str(theirs.fileno()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    pass_fds=(theirs.fileno(),),
                    cwd="/",
                    # Ctrl-C is for the runner to answer.
                    start_new_session=True,
                )  # fmt: skip
        give_up = monotonic() + WITHIN
        while not os.path.ismount(self.mount):
            if self._process.poll() is not None or monotonic() > give_up:
                said = self._errors.read_text(encoding="utf-8", errors="replace").strip()[-500:]
                raise DriverUnavailable(f"nothing can be recorded: the mount did not appear: {said}")
            sleep(0.01)

    def begin(self, fault: Fault | None = None) -> None:
        """Record from here on; the fault, if there is one, strikes from here on. Raises as ``take``."""
        self._ask(("begin", fault))

    def take(self) -> tuple[list[Effect], int]:
        """The effects since ``begin`` in their order, and how often the fault struck.

        Raises DriverUnavailable where the disk below is full or fails.
        """
        return self._ask(("take", None))

    def _ask(self, message: tuple[str, Fault | None]) -> tuple[list[Effect], int]:
        try:
            self._pipe.send(message)
            if not self._pipe.poll(WITHIN):
                raise RecorderFault(f"the recorder did not answer within {WITHIN:g} seconds")
            effects, struck, gave_out = self._pipe.recv()
        except (OSError, EOFError) as error:
            said = self._errors.read_text(encoding="utf-8", errors="replace").strip()[-500:]
            raise RecorderFault(f"the recorder is gone: {error}: {said}") from None
        if gave_out:
            raise DriverUnavailable(f"the disk below the recorder ({self.store}) gave out: {gave_out}")
        return effects, struck

    def close(self) -> None:
        """Unmount, end the process and remove the folder; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                self._pipe.send(("end", None))
            with suppress(subprocess.TimeoutExpired):
                process.wait(WITHIN)
            self._pipe.close()
            if process.poll() is None:
                process.kill()
                process.wait()
        if os.path.ismount(self.mount) or self.mount in set(_our_mounts()):
            _unmount(self.mount)
        self._folder.remove()
