"""A real VirtualBox, 7.1 or newer, through its web service: machines that are off.

The VirtualBox of the host is used where it has one, else one in a private Debian tree
(``snaptree drivers --install virtualbox``). Each driver has a VBoxSVC and a vboxwebsrv of its own, with
a home of their own, and all of it goes afterwards.

All of it is carried out behind the process boundary: a VBoxSVC that dies or hangs is a finding, and the
next domain is opened in a new one. The machine needs no kernel module while it is off. What needs a
running guest (memory, power, managed save) is not claimed and not observed.
"""

from __future__ import annotations

from collections.abc import Sequence

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.remote import RemoteDriver, client


class VirtualBoxDriver(RemoteDriver):
    """VirtualBox in a process of its own. Setting: ``deadline``, in seconds.

    Raises DriverUnavailable, with what to install, where there is no VirtualBox or no zeep.
    """

    name = "virtualbox"

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The command that serves the driver."""
        del options
        return client.serving("snaptree.conformance.drivers.virtualbox.serving:ServedVirtualBox")
