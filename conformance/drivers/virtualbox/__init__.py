"""A real VirtualBox, 7.1 or newer, through its web service: machines that are off.

It uses the VirtualBox of the host, or else one in a private Debian tree (``snaptree drivers --install
virtualbox``). Each driver has a VBoxSVC and a vboxwebsrv of its own, with a home of their own, and removes
them at the end.

All calls run behind the process boundary: a VBoxSVC that dies or hangs is a finding, and the next domain is
opened in a new one. A machine that is off needs no kernel module. Everything that needs a running guest
(memory, power, managed save) is neither claimed nor observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from snaptree.conformance.drivers.remote import RemoteDriver


class VirtualBoxDriver(RemoteDriver):
    """VirtualBox in a process of its own. Setting: ``deadline``, in seconds.

    Raises DriverUnavailable, with the command that installs it, if VirtualBox or zeep is missing.
    """

    name = "virtualbox"
    settings: ClassVar[Mapping[str, str]] = {
        "virtualbox-bin": "the folder of VirtualBox's programs",
        "crash": "clients-first: a crash ends the clients before the service",
    }
    serves = "snaptree.conformance.drivers.virtualbox.serving:ServedVirtualBox"
