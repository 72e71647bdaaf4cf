"""Stands between the runner and a driver's process, and leaves no orphan of either.

The guard is the driver's parent and reaps for it. A process that the driver starts and loses (QEMU turns
itself into a daemon) becomes a child of the guard. The guard waits for it, and kills the remaining ones
when the driver's process has ended. Only the runner holds the other end of the lifeline pipe. When the
runner ends, by ``kill -9`` too, the pipe closes: the driver, whose stdin closed as well, gets a moment to
clean up.

This file is run by path, as ``guard.py LIFELINE SECONDS COMMAND…``, so it imports nothing of snaptree. The
seconds are those that the driver gets for cleaning up.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Final

_SET_PDEATHSIG: Final = 1
_SET_CHILD_SUBREAPER: Final = 36

CLEANING: Final = 10.0
"""Seconds that a driver gets for removing what it made, once nobody listens any more."""

REAPER: Final = b"reaper.py"
"""The script of the process that removes a work folder when its driver has ended."""

CANNOT_START: Final = 127
"""The exit code for a command that could not be started, as in a shell."""


def _prctl(option: int, value: int) -> None:
    # Linux only; elsewhere the pipe does what it can.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _start(command: list[str], guard: int) -> int:
    """Start the driver with the guard's own stdin, stdout and stderr; returns its id."""
    process = os.fork()
    if process:
        return process
    try:
        _prctl(_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(CANNOT_START)
        for changed in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(changed, signal.SIG_DFL)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
    os._exit(CANNOT_START)


def _reaped() -> dict[int, int]:
    """Wait for every child that has ended; returns their exit codes by id."""
    ended = {}
    with suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            code = os.waitstatus_to_exitcode(status)
            ended[process] = 128 - code if code < 0 else code
    return ended


def children() -> list[int]:
    """The processes whose parent is this one."""
    found = []
    mine = str(os.getpid())
    with suppress(OSError):
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with suppress(OSError, IndexError), open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                    # The name of a process may hold anything; the last parenthesis ends it.
                    if stat.read().rpartition(")")[2].split()[1] == mine:
                        found.append(int(entry))
    return found


def _removes(process: int) -> bool:
    """Whether this is the child process that removes a driver's work folder."""
    with suppress(OSError), open(f"/proc/{process}/cmdline", "rb") as command:
        return any(os.path.basename(word) == REAPER for word in command.read().split(b"\0"))
    return False


def _kill_all(driver: int) -> None:
    """Kill the driver and every process that it left behind, and wait for them."""
    with suppress(ProcessLookupError):
        os.kill(driver, signal.SIGKILL)
    give_up = time.monotonic() + CLEANING
    while time.monotonic() < give_up:
        _reaped()
        left = children()
        if not left:
            return
        for process in left:
            # One that removes a work folder ends by itself, now that its driver has ended.
            if not _removes(process):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        time.sleep(0.01)
    for process in children():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def guard(lifeline: int, cleaning: float, command: list[str]) -> int:
    """Start the command and wait for its end; returns its exit code, 128 plus the number for a signal.

    When the runner has ended, the command gets ``cleaning`` seconds before it is killed.
    """
    told: list[int] = []
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    _prctl(_SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(lifeline, False)
    driver = _start(command, os.getpid())
    # Whoever reads the driver's stdout must see its end, and the driver that of its stdin.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    until: float | None = None
    code = 128 + signal.SIGKILL
    while not told and (until is None or time.monotonic() < until):
        ended = _reaped()
        if driver in ended:
            code = ended[driver]
            break
        waiting = [woken] if until is not None else [woken, lifeline]
        left = None if until is None else max(0.0, until - time.monotonic())
        ready, _, _ = select.select(waiting, [], [], left)
        if lifeline in ready:
            until = time.monotonic() + cleaning
        with suppress(BlockingIOError):
            os.read(woken, 4096)
    _kill_all(driver)
    return code


if __name__ == "__main__":
    sys.exit(guard(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
