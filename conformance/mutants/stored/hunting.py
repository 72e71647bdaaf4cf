"""Hunting a stored hypervisor: kills at every moment, and errors, in the smallest trees."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from snaptree.conformance.judging.deviations import Deviation, deviation_of
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.crashes import Crashes
from snaptree.conformance.methods.failures import Failures
from snaptree.conformance.methods.method import Ledger, Method
from snaptree.conformance.methods.power import PowerLoss
from snaptree.conformance.mutants.stored.catalogue import Stored
from snaptree.conformance.mutants.stored.driver import StoredDriver, options_for

METHODS: Final[tuple[Method[Any], ...]] = (Crashes(), PowerLoss(), Failures())
_ALL: Final[Mapping[str, int]] = MappingProxyType({})
BOUNDS: Final = Bounds(crash_scopes=(("tree", 1),), failure_scopes=(("tree", 1),), torn=True)


def hunt_stored(stored: Stored, units: Mapping[str, int] = _ALL) -> tuple[Deviation | None, Ledger]:
    """The first deviation that names a rule which the hypervisor breaks, or any of a correct one.

    ``units`` is how many units of a method are done, all of one that it does not name.
    """
    driver: Any = StoredDriver(options_for(stored))
    ledger = Ledger()
    try:
        for method in [one for one in METHODS if one.name in stored.methods]:
            for unit in islice(method.units(driver.profile, BOUNDS), units.get(method.name)):
                for run in method.perform(driver, unit, ledger):
                    found = deviation_of(run, driver.profile, method.name, flaky=False)
                    if stored.correct or found.rule in stored.caught_by:
                        return found, ledger
    finally:
        driver.close()
    return None, ledger
