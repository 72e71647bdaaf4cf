"""Who can see a fault of the model: its laws, a run of the suite on the simulator, the tests."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from planting.faults import ROOT

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import InProcess
from snaptree.spec.laws import LAWS, few_domains, small_domains, variations
from snaptree.spec.profiles import Profile, load_profile, shipped_profiles
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import Domain, blank_domain

TESTS: Final = (
    "tests/spec/reading/test_reading.py", "tests/spec/test_refusal_orders.py", "tests/spec/test_plan.py",
    "tests/spec/test_chapters.py", "tests/spec/test_invariants.py", "tests/spec/test_rules.py",
    "tests/spec/test_bindings.py", "tests/spec/test_libvirt_calls.py", "tests/simulator/test_agreement.py",
)  # fmt: skip
"""The tests of the model, the quickest to see a fault first."""

Space = tuple[Profile, list[Domain]]
Judge = Callable[[], str]


def spaces() -> list[Space]:
    """Domains that the sound model reaches, with the profile to ask laws under: what shows most is first."""
    rfc = load_profile("rfc")
    found = [(rfc, _few(rfc))]
    reached = small_domains(blank_domain(DEFAULT_DISKS), rfc, 2, "tree", lambda domain: shape_of(domain).key)
    found.append((rfc, [one.domain for one in reached.values()]))
    found += [(profile, _few(profile)) for profile in map(load_profile, shipped_profiles()) if profile != rfc]
    # What is claimed, and in which power states, is asked of the shipped profiles.
    points = (one for one in variations(rfc) if (one.operations, one.power) == (rfc.operations, rfc.power))
    for number, profile in enumerate(points):
        few = _few(profile)
        found.append((profile, [few[0], few[number % len(few)]]))
    return found


def _few(profile: Profile) -> list[Domain]:
    return [one.domain for one in few_domains(DEFAULT_DISKS, profile)]


def by_laws(asked: Sequence[Space]) -> Judge:
    """The laws, up to the first contradiction."""

    def judge() -> str:
        for profile, domains in asked:
            for domain in domains:
                for law in LAWS:
                    text = law.counterexample(domain, profile)
                    if text is not None:
                        return f"{law.name} under {profile.name}: {text}"
        return ""

    return judge


def by_check() -> str:
    """A run on the simulator: the default graphs smaller, the power graph as well."""
    driver = SimulatorDriver()
    bounds = Bounds((("tree", 2), ("storage", 1), ("power", 1)), seed=1, sequences=200)
    outcome = run_methods(InProcess.on(driver), driver.profile, bounds)
    return next((f"{found.rules}: {found.operation}" for found in outcome.deviations.values()), "")


def by_tests() -> str:
    """The tests of the model, up to the first that fails."""
    os.chdir(ROOT)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        for path in TESTS:
            seen = _Seen()
            # What this process has imported already is not rewritten, and needs not be.
            quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *quiet, path], plugins=[seen])
            if seen.first:
                return seen.first
            if code != 0:
                print(f"{path} could not be run: {code!r}", file=sys.stderr)
    return ""


class _Seen:
    """A plugin that keeps the name of the first test that failed."""

    first = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest."""
        if report.failed and not self.first:
            self.first = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Called by pytest: a test may ask the model while it is collected."""
        if report.failed and not self.first:
            self.first = report.nodeid
