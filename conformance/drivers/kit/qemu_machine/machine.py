"""A running QEMU process in a folder: QMP, guest memory through qtest, and an end that leaves nothing.

Both connections are socket pairs that the process inherits, so there is no socket in the file system. The
process is under a guard, which kills it when its parent ends, by ``kill -9`` too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from weakref import finalize

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.qemu_machine.monitor import CommandError, ConnectionLost, Monitor
from snaptree.conformance.drivers.kit.qemu_machine.system import System
from snaptree.conformance.processes.guarded import Guarded

PATIENCE: Final = 60.0
"""Seconds that one call may take."""

LOG: Final = "qemu.log"
"""What QEMU prints, in the folder."""

FIRMWARE: Final = "halt.bin"
_FIRMWARE_SIZE: Final = 1 << 16
_HALT: Final = b"\xf4\xeb\xfd"
"""hlt, and a jump back to it: the guest runs, and leaves memory and disks alone."""
_RESET_VECTOR: Final = _FIRMWARE_SIZE - 16

_ENDING: Final = 10.0
"""Seconds for a process that was told to quit."""

_LAST_WORDS: Final = 2000


class MachineLost(Exception):
    """The process ended or did not answer; it is gone then. The text has the last lines that it printed."""


class Machine:
    """A QEMU that was started with its processors stopped (``-S``); ``arguments`` are added to its own.

    Its working folder is ``folder``: images are named relative to it. Raises MachineLost if it does not come
    up, and OSError. Whatever a call raises beside CommandError, the process has been killed. One that is
    dropped is killed as well.
    """

    def __init__(
        self, system: System, folder: Path, arguments: Sequence[str] = (), *, patience: float = PATIENCE
    ) -> None:
        self.folder = folder
        self._patience = patience
        self._monitors: list[Monitor] = []
        """The connection; none before it stands, and after the end."""
        firmware = folder / FIRMWARE
        if not firmware.exists():
            firmware.write_bytes((bytes(_RESET_VECTOR) + _HALT).ljust(_FIRMWARE_SIZE, b"\0"))
        with ExitStack() as theirs:
            qmp, qmp_theirs = socket.socketpair()
            self._qtest, qtest_theirs = socket.socketpair()
            self._qtest.settimeout(patience)
            for end in (qmp_theirs, qtest_theirs):
                theirs.callback(end.close)
            output = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            theirs.callback(os.close, output)
            fds = (qmp_theirs.fileno(), qtest_theirs.fileno())
            try:
                self._process = Guarded(
                    [*_command(system, *fds), *arguments], fds, folder=folder, output=output, cleaning=0
                )
            except BaseException:
                qmp.close()
                self._qtest.close()
                raise
        self._ending = finalize(self, _end, self._process, self._qtest, self._monitors)
        try:
            self._monitors.append(Monitor(qmp, patience))
        except ConnectionLost as lost:
            raise self._lost(str(lost)) from None
        except BaseException:
            self.kill()
            raise

    # --- QMP ------------------------------------------------------------------

    def call(self, command: str, arguments: Mapping[str, Json] | None = None) -> Json:
        """Execute a QMP command. Raises CommandError for an error reply, and MachineLost."""
        with self._speaking() as monitor:
            return monitor.call(command, arguments)

    def job(self, command: str, arguments: Mapping[str, Json]) -> None:
        """Run a job until it is over, as ``Monitor.job``. Raises CommandError if it fails and MachineLost."""
        with self._speaking() as monitor:
            monitor.job(command, arguments)

    def human(self, line: str) -> str:
        """What the human monitor answers to a line, which is often an error. Raises as ``call``."""
        return str(self.call("human-monitor-command", {"command-line": line}))

    @contextmanager
    def _speaking(self) -> Iterator[Monitor]:
        """Around a QMP call: the process is gone after whatever is no answer, an interrupt included."""
        if not self._monitors:
            raise MachineLost("QEMU was ended")
        try:
            yield self._monitors[0]
        except CommandError:
            raise
        except ConnectionLost as lost:
            raise self._lost(str(lost)) from None
        except BaseException:
            self.kill()
            raise

    # --- guest memory -----------------------------------------------------------

    def write_memory(self, address: int, value: int) -> None:
        """Set one byte of guest memory. Raises MachineLost."""
        self._ask_qtest(f"write {address:#x} 0x1 {value:#04x}")

    def read_memory(self, address: int) -> int:
        """One byte of guest memory. Raises MachineLost."""
        return int(self._ask_qtest(f"read {address:#x} 0x1"), 16)

    def _ask_qtest(self, line: str) -> str:
        answer = b""
        try:
            self._qtest.sendall(line.encode() + b"\n")
            while not answer.endswith(b"\n"):
                piece = self._qtest.recv(4096)
                if not piece:
                    raise self._lost(f"qtest was closed in {line}")
                answer += piece
        except OSError as error:
            raise self._lost(f"qtest did not answer {line}: {error}") from None
        verdict, _, value = answer.decode("ascii", "replace").strip().partition(" ")
        if verdict != "OK":
            raise self._lost(f"qtest answered {line} with {answer!r:.200}")
        return value

    # --- the end ------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.wait(0)

    def quit(self) -> None:
        """Let QEMU close its images and end. Raises MachineLost if it does not end in time."""
        # The answer may be lost in the end that it announces.
        with suppress(CommandError, ConnectionLost):
            for monitor in self._monitors:
                monitor.call("quit")
        if not self._process.wait(_ENDING):
            raise self._lost(f"it did not end within {_ENDING:g} s of quit")
        self.kill()

    def kill(self) -> None:
        """End the process at once, if it runs; a second call does nothing."""
        self._ending()

    def _lost(self, what: str) -> MachineLost:
        ending = f"QEMU {self._process.how_it_ended()}; " if self._process.wait(0.2) else ""
        self.kill()
        said = self._last_words()
        return MachineLost(f"{ending}{what}" + (f"\nit printed: {said}" if said else ""))

    def _last_words(self) -> str:
        try:
            with (self.folder / LOG).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_WORDS))
                return log.read().decode("utf-8", "replace").strip()
        except OSError:
            return ""


def _end(process: Guarded, qtest: socket.socket, monitors: list[Monitor]) -> None:
    process.kill()
    qtest.close()
    while monitors:
        monitors.pop().close()


def _command(system: System, qmp: int, qtest: int) -> list[str]:
    return [
        system.program,
        *("-machine", "microvm,pic=off,pit=off,rtc=off", "-accel", system.accelerator, "-m", "1"),
        *("-no-user-config", "-nodefaults", "-display", "none", "-bios", FIRMWARE, "-S"),
        *("-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control"),
        *("-chardev", f"socket,id=qtest,fd={qtest}"),
        *("-object", "qtest,id=qtest-server,chardev=qtest,log=/dev/null"),
    ]
