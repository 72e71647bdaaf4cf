"""The bounded methods have a step for each call and power state of a profile, and graphs keep their sizes.

Model and simulator share ``Profile.allows_power``: a fault in it makes both refuse, the graph shrinks, and no
comparison fails. So the table here is written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast
from unittest.mock import patch

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods import graph as graphs
from snaptree.conformance.methods.examples import example_sequences
from snaptree.conformance.methods.graph import Scope, explore
from snaptree.conformance.methods.values import name_sequences
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile, load_profile, shipped_profiles
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, Power, blank_domain

from .power_cells import CLAIMED, POWERS, SIZES, UNREACHED, expected

DEFAULT: tuple[str, ...] = ("tree=3", "storage=2", "power=1")
"""The graphs that a run on a fast driver tours by default, or larger ones of the same scopes."""

Cell = tuple[str, str]


class Steps:
    """The model, which keeps the cells in which it accepted, or refused for the power state."""

    def __init__(self) -> None:
        self.accepted: set[Cell] = set()
        self.barred: set[Cell] = set()

    def __call__(self, domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        outcome = step(domain, operation, profile)
        if domain.defined:
            cell = (operation.call, domain.active.power)
            if isinstance(outcome, Accepted):
                self.accepted.add(cell)
            elif "InvalidPowerState" in outcome.kinds:
                self.barred.add(cell)
        return outcome


def explored(profile: Profile, named: str) -> tuple[int, int]:
    """States and transitions of a graph, given as on the command line."""
    scope, _, bound = named.partition("=")
    graph = explore(profile, int(bound), cast("Scope", scope))
    return len(graph.edges), graph.transitions


def steps_of(profile: Profile) -> Steps:
    """What the graphs, the examples and the names ask the model."""
    steps = Steps()
    with patch.object(graphs, "step", steps):
        for named in DEFAULT:
            if named in SIZES[profile.name]:
                explored(profile, named)
    for sequence in (*example_sequences(profile), *name_sequences(profile)):
        domain = blank_domain(DEFAULT_DISKS)
        for operation in sequence:
            outcome = steps(domain, operation, profile)
            domain = outcome.domain if isinstance(outcome, Accepted) else domain
    return steps


def wrong_cells(profile: Profile) -> Iterator[str]:
    """The cells in which the steps of the bounded methods are not what the table says."""
    steps = steps_of(profile)
    for call in sorted(CLAIMED[profile.name] | set(profile.operations)):
        for power in POWERS:
            cell, wanted = (call, power), expected(profile.name, call, power)
            held = "+" if cell in steps.accepted else "-" if cell in steps.barred else "?"
            if call not in CLAIMED[profile.name] or held != wanted:
                yield f"{call} when {power}: {held} for {wanted}"


def wrong_sizes(profile: Profile) -> Iterator[str]:
    """The graphs that are larger or smaller than they were."""
    for named, size in SIZES[profile.name].items():
        if (found := explored(profile, named)) != size:
            yield f"{named}: {found} for {size}"


def test_the_table_has_every_shipped_profile() -> None:
    assert sorted(CLAIMED) == sorted(SIZES) == shipped_profiles()
    assert set(CALLS) >= set().union(*CLAIMED.values())


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_call_is_seen_in_every_power_state(name: str) -> None:
    assert list(wrong_cells(load_profile(name))) == []


@pytest.mark.parametrize("name", shipped_profiles())
def test_the_graphs_of_a_shipped_profile_have_these_sizes(name: str) -> None:
    assert list(wrong_sizes(load_profile(name))) == []


@pytest.mark.parametrize("name", UNREACHED)
def test_a_state_that_is_listed_as_unreached_is_in_no_step(name: str) -> None:
    steps = steps_of(load_profile(name))
    seen = {power for _, power in steps.accepted | steps.barred}
    assert seen == set(POWERS) - set(UNREACHED[name])


# --- a fault in what both sides share shows here ------------------------------------


def never_when_paused(self: Profile, call: str, power: Power) -> bool:
    return power in self.power.get(call, ("off", "running"))


def always(self: Profile, call: str, power: Power) -> bool:  # noqa: ARG001 - it forgets the table [power]
    return True


def first_state_only(self: Profile, call: str, power: Power) -> bool:
    return power in self.power.get(call, POWERS)[:1] or call not in self.power


def barred_instead(self: Profile, call: str, power: Power) -> bool:
    return power not in self.power[call] if call in self.power else True


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("rfc", never_when_paused), ("libvirt", never_when_paused), ("libvirt-qemu-external", always),
        ("libvirt-qemu-mixed", first_state_only), ("virtualbox", barred_instead),
    ],
)  # fmt: skip
def test_a_fault_in_what_the_power_table_means_is_seen(
    name: str, fault: Callable[[Any, str, Power], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Profile, "allows_power", fault)
    profile = load_profile(name)
    # Both caches are filled with what the sound profile says.
    example_sequences.cache_clear()
    assert list(wrong_cells(profile)) != []
    example_sequences.cache_clear()


def test_a_call_that_is_read_as_not_claimed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Profile, "claims", lambda self, call: call in self.operations and call != "resume")
    example_sequences.cache_clear()
    name_sequences.cache_clear()
    assert list(wrong_cells(load_profile("rfc"))) != []
    example_sequences.cache_clear()
    name_sequences.cache_clear()


def test_a_graph_that_shrinks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault that was once met: 1,576 of 1,576 transitions, where the sound graph has 3,566."""
    monkeypatch.setattr(Profile, "allows_power", never_when_paused)
    assert "power=1: (98, 1576) for (216, 3566)" in list(wrong_sizes(load_profile("rfc")))
