"""A running QEMU, changed from outside in place of its guest: nothing is booted.

Memory is reached through QEMU's qtest socket, which the domain's document requests, and disks through the
monitor, which libvirt forwards. Writes are flushed, so the images hold them.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from snaptree.conformance.drivers.libvirt.library import LibvirtError
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

ADDRESS: Final = 0x200000
"""Of the marker: seen to be left alone by what QEMU runs before any system, in 4 MiB of memory."""

PATIENCE: Final = 10.0
"""Seconds for QEMU to answer on the socket."""

_HMP: Final = 1
"""VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP."""


def qtest_element(path: Path) -> str:
    """What a domain's document says to have the socket at ``path``."""
    arguments = ("-qtest", f"unix:{path},server=on,wait=off", "-qtest-log", "none")
    rows = "".join(f"<qemu:arg value={quoteattr(one)}/>" for one in arguments)
    return (
        f"<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>{rows}</qemu:commandline>"
    )


class Guest:
    """The memory and the disks of a domain that is on."""

    def __init__(self, handle: Any, path: Path) -> None:
        self._handle = handle
        self._path = path

    def memory(self) -> int:
        """The marker in memory."""
        return int(self._ask(f"read {ADDRESS:#x} 1").removeprefix("OK "), 16)

    def write_memory(self, value: int) -> None:
        """Set the marker."""
        self._ask(f"write {ADDRESS:#x} 1 {value:#04x}")

    def write_disk(self, alias: str, block: int, value: int) -> None:
        """Set one block of the disk that libvirt gave an alias, such as ``scsi0-0-0-0``."""
        self._console(alias, f"write -f -P {value} {block * BLOCK_STRIDE} {BLOCK_SIZE}")

    def flush(self, aliases: Iterable[str]) -> None:
        """Write all cached data of QEMU to the images."""
        for alias in aliases:
            self._console(alias, "flush")

    def _console(self, alias: str, command: str) -> None:
        monitor = importlib.import_module("libvirt_qemu")
        # What qemu-io prints goes to QEMU's own log; what comes back is an error.
        said = monitor.qemuMonitorCommand(self._handle, f'qemu-io -d {alias} "{command}"', _HMP).strip()
        if said:
            raise LibvirtError(f"qemu-io, through the monitor: {command}: {said}")

    def _ask(self, line: str) -> str:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(PATIENCE)
            channel.connect(str(self._path))
            channel.sendall(f"{line}\n".encode())
            answer = b""
            while not answer.endswith(b"\n"):
                piece = channel.recv(4096)
                if not piece:
                    break
                answer += piece
        said = answer.decode("ascii", "replace").strip()
        if not said.startswith("OK"):
            raise LibvirtError(f"qtest: {line}: {said or 'no answer'}")
        return said
