"""Any libvirt driver that has snapshots, by its URI, through libvirt's public API alone.

``libvirt:test:///default`` and ``libvirt:test:///FILE.xml`` are libvirt's own
driver in memory, with a state of its own for each domain.
``libvirt:qemu:///embed`` is the QEMU driver without a daemon, in a folder that
goes afterwards; ``?root=FOLDER`` names another place for it. ``?snapshots=external``
asks for external snapshots and ``?snapshots=mixed`` for either by turns.
``libvirt:qemu:///session`` and ``libvirt:qemu:///system`` are a daemon that runs.
``?tree=libvirt-trixie`` takes Debian 13's libvirt and QEMU, in a private tree, for
any URI that needs no daemon. ``?thin=yes`` makes each call of libvirt's unasked, without
what the driver does beside it to be safer.

All of it is carried out behind the process boundary: libvirt is a C library with
threads, and QEMU makes itself a daemon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.libvirt.hosts.address import read_address
from snaptree.conformance.drivers.libvirt.hosts.within import command_within
from snaptree.conformance.drivers.remote import RemoteDriver


class LibvirtDriver(RemoteDriver):
    """A libvirt driver in a process of its own. Setting: ``deadline``, in seconds.

    Raises DriverUnavailable, with what to install, where libvirt is missing, and
    for a URI that it cannot be brought up for.
    """

    name = "libvirt"
    settings: ClassVar[Mapping[str, str]] = {}
    serves = "snaptree.conformance.drivers.libvirt.serving:ServedLibvirt"

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The command that serves the driver; the URI crosses as the target."""
        tree = read_address(options.target).tree
        if tree is not None:
            return command_within(tree, self.serves, options)
        return super().command(options)
