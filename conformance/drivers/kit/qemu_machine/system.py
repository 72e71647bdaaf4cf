"""Where ``qemu-system-x86_64`` is, which version, and whether KVM works with it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.driver import DriverUnavailable

PROGRAM: Final = "qemu-system-x86_64"
INSTALL: Final = "apt-get install --no-install-recommends qemu-system-x86 qemu-utils"

ACCELERATORS: Final = ("kvm", "tcg")

KVM: Final = "/dev/kvm"
_CREATE_VM: Final = 0xAE01
"""``KVM_CREATE_VM`` of the kernel's "KVM API": a descriptor of a new machine, or an error."""


@dataclass(frozen=True)
class System:
    """The program by absolute path, and the accelerator that it is started with: ``kvm`` or ``tcg``.

    ``commands`` are the QMP commands that it states, empty before it was asked.
    """

    program: str
    accelerator: str
    commands: frozenset[str] = frozenset()


def find_system(settings: Mapping[str, str]) -> System:
    """The program from the setting ``qemu-bin``, else SNAPTREE_QEMU_BIN, else PATH.

    The setting ``accel`` chooses the accelerator; by default it is KVM where /dev/kvm makes a machine.
    Raises DriverUnavailable that names what is missing.
    """
    folder = settings.get("qemu-bin") or os.environ.get("SNAPTREE_QEMU_BIN")
    found = shutil.which(PROGRAM, path=folder or None)
    if found is None:
        raise DriverUnavailable(f"no {PROGRAM} {f'in {folder}' if folder else 'on PATH'}", install=INSTALL)
    asked = settings.get("accel")
    if asked is not None and asked not in ACCELERATORS:
        raise DriverUnavailable(f"accel is {asked!r:.40}; it is one of {', '.join(ACCELERATORS)}")
    return System(os.path.abspath(found), asked or ("kvm" if kvm_works() else "tcg"))


def kvm_works(device: str = KVM) -> bool:
    """Whether KVM makes a machine here; a guest of another hypervisor may have a device that does not."""
    try:
        opened = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.close(fcntl.ioctl(opened, _CREATE_VM, 0))
    except OSError:
        return False
    finally:
        os.close(opened)
    return True
