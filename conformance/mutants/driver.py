"""The driver of the catalogue: which hypervisor it opens is a setting.

Workers are fresh processes that open drivers by name, so all of the catalogue
is one driver: ``snaptree.conformance.mutants:MutantDriver`` with ``mutant=NAME``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.conformance.mutants.mutant import Mutant

DRIVER: Final = "snaptree.conformance.mutants:MutantDriver"
"""The name by which ``open_driver`` finds it."""


class MutantDriver(SimulatorDriver):
    """Opens domains of the hypervisor that the setting ``mutant`` names."""

    settings: ClassVar[Mapping[str, str]] = {"mutant": "the name of the faulty or different hypervisor"}

    def __init__(self, options: DriverOptions | None = None) -> None:
        options = options or DriverOptions()
        self.mutant = _named(options.settings.get("mutant", ""))
        super().__init__(replace(options, profile=options.profile or self.mutant.profile))
        if options.profile is None:
            self.profile = self.mutant.claims
        self.name = f"mutant {self.mutant.name}"
        self.domain_class = self.mutant.domain


def options_for(mutant: Mutant) -> DriverOptions:
    """What makes the driver open this one."""
    return DriverOptions(settings={"mutant": mutant.name})


def _named(name: str) -> Mutant:
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    known = ", ".join(mutant.name for mutant in MUTANTS)
    raise DriverUnavailable(f"the setting 'mutant' is {name!r}; it has to be one of: {known}")
