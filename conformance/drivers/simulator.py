"""The driver of the embedded simulator, and the easiest one to inherit from.

A hypervisor that differs in one call is a subclass of ``SimulatedDomain`` with
that call, and a subclass of ``SimulatorDriver`` that names it as ``domain_class``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions
from snaptree.simulator import Machine
from snaptree.spec.profiles import load_profile


class SimulatedDomain(Machine):
    """A simulated domain as the suite sees it."""


class SimulatorDriver:
    """Opens simulated domains under any profile; ``rfc`` unless another is asked for.

    ``fast`` tells the suite that a call costs microseconds, so that it does more by default.
    """

    name = "simulator"
    fast = True
    domain_class: type[SimulatedDomain] = SimulatedDomain

    def __init__(self, options: DriverOptions | None = None) -> None:
        asked = options.profile if options is not None else None
        self.profile = load_profile(asked or "rfc")
        try:
            self.version = version("snaptree")
        except PackageNotFoundError:
            self.version = "not installed"

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> SimulatedDomain:
        """A fresh simulated domain."""
        return self.domain_class(self.profile, disks, persistent=persistent)

    def close(self) -> None:
        """Nothing to end."""
