"""The processes of one VirtualBox: vboxwebsrv, and the VBoxSVC that it starts.

VBoxSVC turns itself into a daemon. The driver finds it by the socket id, which only its own processes have
in their environment, and ends it by its process id.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.virtualbox.programs import SERVICE, Programs

HYPERVISOR: Final = "VBoxSVC"

_COMING_UP: Final = 60.0
_ENDING: Final = 10.0
_TRIES: Final = 5
"""Another process may take the port between its choice and its use."""


class Service:
    """A running vboxwebsrv on ``port`` of 127.0.0.1, without authentication: only this host reaches it.

    ``folder`` holds its home and its machines; its output goes to ``log``.
    """

    def __init__(self, programs: Programs, folder: Path, log: Path) -> None:
        self._programs = programs
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = folder
        self.port = 0
        self.start()

    @property
    def running(self) -> bool:
        """Whether it was started, and not killed."""
        return self._process is not None

    @property
    def seen(self) -> Path:
        """Its folder, as its processes see it."""
        return self._programs.at or self.folder

    def move(self, folder: Path) -> None:
        """Serve another folder, after what served the last one was killed. Raises as ``start``."""
        self.kill()
        self.folder = folder
        self.start()

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, and wait until it answers. Raises DriverUnavailable with the end of its output."""
        (self.folder / "home").mkdir(exist_ok=True)
        for _ in range(_TRIES):
            self.port = _free_port()
            if self._started():
                return
        raise DriverUnavailable(f"{SERVICE} does not come up: {self._last_words()}")

    def processes(self) -> dict[int, str]:
        """The processes started here that still run: their names by id."""
        found = {}
        mark = f"VBOX_IPC_SOCKETID={self._programs.socket_id}".encode()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with suppress(OSError):
                    if mark in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                        found[int(entry)] = Path("/proc", entry, "comm").read_text(errors="replace").strip()
        return found

    def kill(self, *, clients_first: bool = False) -> None:
        """Kill all processes without warning, VBoxSVC first, and wait for their end.

        With ``clients_first``, VBoxSVC gets a moment to notice that its client is gone.
        """
        give_up = time.monotonic() + _ENDING
        if not clients_first:
            for process, name in self.processes().items():
                if name == HYPERVISOR:
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
        if self._process is not None:
            # Until it has become the program, it has no such environment.
            self._process.kill()
        while (running := self.processes()) and time.monotonic() < give_up:
            for process in running:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.005)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _started(self) -> bool:
        environment = {
            "VBOX_USER_HOME": os.fspath(self.seen / "home"),
            "VBOX_IPC_SOCKETID": self._programs.socket_id,
        }
        command = self._programs.command(
            [SERVICE, "-H", "127.0.0.1", "-p", str(self.port), "-A", "null", "-t", "0"],
            self.folder,
            environment,
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        give_up = time.monotonic() + _COMING_UP
        while time.monotonic() < give_up and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
            time.sleep(0.01)
        self.kill()
        return False

    def _last_words(self) -> str:
        with suppress(OSError):
            return self._log.read_text(errors="replace").strip()[-600:]
        return "nothing"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
