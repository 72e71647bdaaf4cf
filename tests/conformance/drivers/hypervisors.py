"""What every test of a real driver needs: skip or fail without the hypervisor, known deviations, tours."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

import pytest

from snaptree.conformance.driver import Driver, DriverUnavailable
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.known import Known, read_known
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.exhaustive import Exhaustive
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.method import Method
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import InProcess
from snaptree.spec.profiles import Profile

KNOWN: Final = Path(str(files("snaptree.conformance.judging"))) / "known_deviations"
"""The lists of known deviations that snaptree ships."""

PAGES: Final = Path(__file__).resolve().parents[3] / "docs" / "findings"
"""The pages that show each of them without snaptree."""


class Judged(Protocol):
    """What these functions use of a driver."""

    profile: Profile
    version: str


def is_required(system: str) -> bool:
    """Whether SNAPTREE_REQUIRE names the system, so that its absence is a failure."""
    return system in os.environ.get("SNAPTREE_REQUIRE", "").replace(",", " ").split()


def skip_without(system: str, reason: DriverUnavailable | str) -> NoReturn:
    """Skip the test, or fail it where SNAPTREE_REQUIRE names the system."""
    if is_required(system):
        pytest.fail(f"SNAPTREE_REQUIRE names {system}, but {reason}")
    pytest.skip(f"{reason}; {reason.install}" if isinstance(reason, DriverUnavailable) else reason)


def known_of(profile: str, version: str) -> list[Known]:
    """What the list for a profile says of a version of the hypervisor."""
    return read_known(KNOWN / f"{profile}.toml", version)


def unknown(driver: Judged, deviations: Iterable[Deviation]) -> list[object]:
    """The deviations that the shipped list for the driver's profile does not hold."""
    known = known_of(driver.profile.name, driver.version)
    return [
        (one.rules, one.operation, one.observed)
        for one in deviations
        if not any(entry.matches(one) for entry in known)
    ]


def perform(driver: Driver, method: Method[Any], bounds: Bounds) -> tuple[int, list[Deviation]]:
    """How much a method found as it should be, and what was not."""
    record = run_methods(InProcess.on(driver), driver.profile, bounds, methods=[method])
    assert record.ending.why == "done", record.ending
    return sum(result.covered for result in record.methods.values()), list(record.deviations.values())


def tour(driver: Driver, scope: Scope, bound: int) -> tuple[int, list[Deviation]]:
    """How many transitions of a bounded graph were as they should be, and what was not."""
    return perform(driver, Exhaustive(), Bounds(((scope, bound),)))
