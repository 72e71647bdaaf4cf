"""smoke: what is wrong with an adapter is told in words, before a hypervisor is blamed for it."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable, NotObserved
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.running.smoke import smoke
from snaptree.spec.profiles import Profile, load_profile


def told(kind: type[SimulatedDomain], profile: Profile | None = None) -> str | None:
    """What smoke says of a driver whose domains are of this class."""

    class Mine(SimulatorDriver):
        domain_class = kind

    driver = Mine()
    driver.profile = profile or driver.profile
    return [*smoke(driver)][-1].problem


def showing(change: Any) -> type[SimulatedDomain]:
    """Domains whose observations are changed."""

    class Changed(SimulatedDomain):
        def observe(self) -> Any:
            seen: Any = copy.deepcopy(super().observe())
            changed = change(seen)
            return seen if changed is None else changed

    return Changed


def without(*keys: str) -> type[SimulatedDomain]:
    """Domains whose snapshots are shown without some keys."""

    def change(seen: Any) -> None:
        for entry in seen["snapshots"]:
            for key in keys:
                del entry[key]

    return showing(change)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (without("point"), "the profile says disks = always, observe() left out 'point' of 'smoke'"),
        (without("uuid"), "the profile says uuid = always, observe() left out 'uuid' of 'smoke'"),
        (without("name", "parent"), "the profile says tree = always, observe() left out 'name' of"),
        (
            showing(lambda seen: seen["active"].update(power="shutoff")),
            "active.power is one of off, running, paused, not 'shutoff'",
        ),
        (showing(lambda seen: seen.update(foo=1)), "unknown key 'foo' in observe(); known are"),
        (
            showing(lambda seen: seen.update(curent=seen.pop("current"))),
            "unknown key 'curent' in observe(); did",
        ),
        (
            showing(lambda seen: seen.pop("managed_save") and None),
            "the profile says power = always and managed",
        ),
        (showing(lambda seen: seen.update(snapshots={})), "snapshots is a list, not an object"),
        (
            showing(lambda seen: seen["active"]["disks"].update(vda=[0, 1])),
            "active.disks.vda is an object, not",
        ),
        (showing(lambda seen: [seen]), "observe() is an object, not a list"),
        (showing(lambda _seen: 0), "observe() is an object, not 0"),
    ],
)
def test_a_wrong_observation_is_told_in_words(kind: type[SimulatedDomain], problem: str) -> None:
    said = told(kind)
    assert said is not None
    assert said.startswith(problem)


def test_null_is_no_observation() -> None:
    class Null(SimulatedDomain):
        def observe(self) -> Any:
            return None

    assert told(Null) == "observe() is an object, not null"


def test_what_the_profile_does_not_claim_may_be_left_out() -> None:
    profile = load_profile("rfc")
    observes = {**profile.observes, "uuid": "never", "description": "never"}
    assert told(without("uuid", "description"), replace(profile, observes=observes)) is None


def test_a_moment_at_which_nothing_can_be_seen_is_no_fault() -> None:
    class Dark(SimulatedDomain):
        looks = 0

        def observe(self) -> Any:
            self.looks += 1
            if self.looks % 2:
                raise NotObserved
            return super().observe()

    class Blind(SimulatedDomain):
        def observe(self) -> Any:
            raise NotObserved("never")

    assert told(Dark) is None
    assert told(Blind) == "NotObserved: never"


def test_a_claimed_call_that_is_absent_is_named() -> None:
    class Without(SimulatedDomain):
        discard = None  # type: ignore[assignment]

    assert told(Without) == "claimed by the profile and absent from the domain: discard"


def test_a_profile_without_create_cannot_be_judged() -> None:
    problem = told(SimulatedDomain, Profile("thin"))
    assert problem is not None
    assert problem.startswith("the profile thin does not claim create")


def test_a_call_without_a_result_returns_null() -> None:
    class Task(SimulatedDomain):
        def revert(self, snapshot: str, resume_as: str | None = None) -> Any:
            super().revert(snapshot, resume_as)
            return "task-7"

    assert told(Task) == "revert() has no result: it returns null, not 'task-7'"


def test_an_exception_without_a_readable_text_is_told() -> None:
    class Untold(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    class Fails(SimulatedDomain):
        def create(self, *_given: Any, **_named: Any) -> str:
            raise Untold

    assert told(Fails) == "Untold: its text cannot be read: ValueError"


def test_a_domain_is_no_driver() -> None:
    with pytest.raises(DriverUnavailable, match="SimulatedDomain is a domain: name the driver"):
        open_driver("snaptree.conformance.drivers.simulator:SimulatedDomain", DriverOptions())
