"""qemu:///session and qemu:///system, libvirt's QEMU driver in a daemon that runs.

The daemon outlives the runner and shows its domains to everybody. So every domain
has a name that says which process made it, nothing else is touched, and a host
that holds what an earlier run left is refused: nobody can tell what belongs to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_images.tools import find_tools
from snaptree.conformance.drivers.kit.work_folder import DriverFolder
from snaptree.conformance.drivers.libvirt.calls.domain import LibvirtDomain
from snaptree.conformance.drivers.libvirt.hosts.address import Address
from snaptree.conformance.drivers.libvirt.hosts.machines import Machines, profile_for
from snaptree.spec.profiles import Profile

PREFIX: Final = "snaptree-"

_OURS: Final = re.compile(rf"{PREFIX}(\d+)-\d+", re.ASCII)

_SEARCHED: Final = 0o711
"""Of the work folder: the daemon's QEMU may be another user, who finds what it was told of."""

INSTALL: Final = (
    "apt-get install --no-install-recommends libvirt-daemon-system libvirt-daemon-driver-qemu "
    "qemu-system-x86 qemu-utils, and start the daemon"
)


class WithDaemon:
    """A connection to a daemon, and the domains that this process made there."""

    def __init__(self, libvirt: Any, address: Address, options: DriverOptions) -> None:
        tools = find_tools(options.settings)
        self._libvirt = libvirt
        try:
            # Nothing is asked for: an authentication that needs somebody to type is no use here.
            self._connection = libvirt.open(address.uri)
        except libvirt.libvirtError as error:
            raise DriverUnavailable(f"{address.plain} cannot be opened: {error}", install=INSTALL) from None
        self.profile = profile_for(address.kind, self._connection.getLibVersion())
        self._prefix = f"{PREFIX}{os.getpid()}-"
        try:
            self._refuse_leftovers(address.plain)
            self._work = DriverFolder(options, PREFIX)
        except BaseException:
            self._connection.close()
            raise
        self.kept_at = self._work.kept_at
        self._work.path.chmod(_SEARCHED)
        self._machines = Machines(
            libvirt, self._connection, self._work.path, tools,
            prefix=self._prefix, address=address, keep=self.kept_at is not None,
        )  # fmt: skip

    def open(self, profile: Profile, disks: Mapping[str, int]) -> LibvirtDomain:
        """A domain with an image for each disk."""
        return self._machines.open(profile, disks)

    def succession(self, profile: Profile) -> None:
        """Nothing opens a domain again: it lies in no folder of its own."""

    def close(self) -> None:
        """Remove the domains that this process made, and their images."""
        self._machines.close()
        libvirt = self._libvirt
        if self.kept_at is None:
            for handle in self._connection.listAllDomains(0):
                if handle.name().startswith(self._prefix):
                    if handle.isActive():
                        handle.destroy()
                    handle.undefineFlags(
                        libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
                        | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                    )
        self._connection.close()
        self._work.close()

    def _refuse_leftovers(self, host: str) -> None:
        """Raises DriverUnavailable where a domain bears our prefix, and no process that runs made it."""
        names = [handle.name() for handle in self._connection.listAllDomains(0)]
        left = sorted(name for name in names if name.startswith(PREFIX) and not _is_at_work(name))
        if left:
            raise DriverUnavailable(
                f"{host} holds {', '.join(left)}, which no run that is under way made: look at "
                f"what is in there, and remove it with: virsh -c {host} undefine "
                "--managed-save --snapshots-metadata NAME"
            )


def _is_at_work(name: str) -> bool:
    """Whether the process that the name speaks of runs, and is not this one, which made none yet."""
    found = _OURS.fullmatch(name)
    if found is None or int(found[1]) == os.getpid():
        return False
    return Path("/proc", found[1]).exists()
