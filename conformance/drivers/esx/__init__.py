"""ESX and vCenter by the vSphere API, through pyvmomi: ``esx:https://HOST[:PORT]``.

``esx:vcsim`` and ``esx:vcsim-vcenter`` bring up an ESX host and a vCenter that
govmomi's simulator plays on loopback, and end it afterwards. Both are asked the
same things as a real host is.

A host is likely to be in use. So this driver changes nothing but the virtual
machines that it made, or was lent for the purpose, says beforehand which and where
(``announcement``), and gives every snapshot that it removes by its managed object
reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.esx.settings import KNOWN, SIMULATED, read_address, read_settings
from snaptree.conformance.drivers.remote import RemoteDriver
from snaptree.spec.profiles import ProfileError


class EsxDriver(RemoteDriver):
    """A vSphere host in a process of its own. ``settings.py`` lists its settings.

    Raises DriverUnavailable, with the remedy, if pyvmomi or vcsim is missing, the host cannot be reached,
    its certificate is not trusted, or it refuses the login.
    """

    name = "esx"
    settings: ClassVar[Mapping[str, str]] = KNOWN
    serves = "snaptree.conformance.drivers.esx.serving:ServedEsx"

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The command that serves the driver; the target crosses with the other options.

        Raises UnknownDriver for what is no address, ProfileError for what is no setting.
        """
        if options.keep:
            raise ProfileError("nothing is kept on a host: a run makes a machine for every sequence")
        read_settings(options.settings)
        if options.target not in SIMULATED:
            read_address(options.target)
        return super().command(options)
