"""exec:COMMAND, a driver in any language: a program that answers JSON-RPC over stdio.

The command is split as a shell would, without running a shell. ``snaptree.conformance.drivers.remote``
documents the requests and answers.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import UnknownDriver
from snaptree.conformance.drivers.remote import RemoteDriver


class ExecDriver(RemoteDriver):
    """A driver that is a program. Setting: ``deadline``, the seconds for one call."""

    name = "exec"

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The target, split. Raises UnknownDriver for an empty target, DriverUnavailable if the program is
        missing.
        """
        try:
            command = shlex.split(options.target)
        except ValueError as error:
            raise UnknownDriver(f"exec:{options.target} cannot be split: {error}") from None
        if not command:
            raise UnknownDriver(
                "write exec:COMMAND, where COMMAND is the program of the driver; none was given"
            )
        if shutil.which(command[0]) is None:
            raise DriverUnavailable(f"there is no program {command[0]!r} here")
        return command
