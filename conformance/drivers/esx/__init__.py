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

from collections.abc import Sequence

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.esx.settings import SIMULATED, read_address, read_settings
from snaptree.conformance.remote import RemoteDriver, client
from snaptree.spec.profiles import ProfileError


class EsxDriver(RemoteDriver):
    """A vSphere host in a process of its own. Its settings are those of ``settings.py``.

    Raises DriverUnavailable, with what to do, where pyvmomi or vcsim is missing, and
    for a host that cannot be reached, does not show a certificate that is trusted, or
    does not let anybody in.
    """

    name = "esx"

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The command that serves the driver; the target crosses with the other options.

        Raises UnknownDriver for what is no address, ProfileError for what is no setting.
        """
        if options.keep:
            raise ProfileError("nothing is kept on a host: a run makes a machine for every sequence")
        read_settings(options.settings)
        if options.target not in SIMULATED:
            read_address(options.target)
        return client.serving("snaptree.conformance.drivers.esx.serving:ServedEsx")
