"""Memory in files: written by a migration out of a guest, read by a migration into another process.

migrate: "Migrates the current running guest to another Virtual Machine"; its page ``devel/migration`` names
``exec:`` as the transport for saving to a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from snaptree.conformance.drivers.kit.qemu_machine.machine import PATIENCE, Machine
from snaptree.conformance.drivers.kit.qemu_machine.system import System
from snaptree.conformance.drivers.qemu.live.guest import GuestError, device_arguments

ADDRESS: Final = 0x8000
"""Of the marker in guest memory, which the firmware leaves alone."""

_LOOK_AGAIN: Final = 0.002


def save(machine: Machine, file: str) -> None:
    """Write the memory of a guest into a file, named relative to the folder; the guest is paused then.

    QEMU lets go of its images as well, until it is resumed. Raises GuestError if the migration fails,
    CommandError and MachineLost.
    """
    machine.call("migrate", {"uri": f"exec:cat > {file}"})
    _wait(machine)


def restoring(file: str) -> list[str]:
    """The arguments for a process that continues the memory in a file."""
    return ["-incoming", f"exec:cat {file}"]


def wait_until_restored(machine: Machine) -> None:
    """Wait for the migration in. Raises GuestError if it fails, CommandError and MachineLost."""
    _wait(machine)


def read_marker(system: System, folder: Path, file: str, disks: int) -> int:
    """The marker in a file, as a process without these images reads it. Raises as ``save``."""
    arguments = list(device_arguments())
    for disk in range(disks):
        drive = {"driver": "null-co", "node-name": f"nothing{disk}", "read-zeroes": True}
        arguments += ["-blockdev", json.dumps(drive), *device_arguments(disk, f"nothing{disk}")]
    machine = Machine(system, folder, [*arguments, *restoring(file)])
    try:
        _wait(machine)
        return machine.read_memory(ADDRESS)
    finally:
        machine.kill()


def _wait(machine: Machine) -> None:
    give_up = monotonic() + PATIENCE
    while True:
        seen = machine.call("query-migrate")
        status = seen.get("status")
        if status == "completed":
            return
        if status in ("failed", "cancelled") or monotonic() > give_up:
            raise GuestError(f"the migration is {status}: {seen.get('error-desc', 'no reason given')}")
        sleep(_LOOK_AGAIN)
