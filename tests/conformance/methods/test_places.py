"""Every place of large trees: what is asked where, and that a fault of one place is found."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.places import KINDS, EveryPlace, Places, walks_over
from snaptree.conformance.methods.trees import BUILT
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import load_profile, shipped_profiles
from snaptree.spec.semantics import step
from snaptree.spec.state import blank_domain

RFC = load_profile("rfc")
FAST = Bounds(limits=True, pace="fast")


def met(shape: str, kind: str, size: int) -> set[tuple[str, int, int]]:
    """The accepted calls after the tree was built, each with depth and number among siblings."""
    found: set[tuple[str, int, int]] = set()
    for walk in walks_over(shape, kind, size, RFC):
        domain = blank_domain(DEFAULT_DISKS)
        for place, operation in enumerate(walk.operations):
            outcome = step(domain, operation, RFC)
            snapshot: Any = getattr(operation, "snapshot", None)
            if isinstance(outcome, Accepted):
                if place >= walk.built and snapshot in domain.snapshots:
                    parent = domain.snapshots[snapshot].parent
                    number = domain.children_of(parent).index(snapshot) + 1
                    found.add((operation.call, len([*_path(domain, snapshot)]), number))
                domain = outcome.domain
    return found


def _path(domain: Any, snapshot: str | None) -> Any:
    while snapshot is not None:
        yield snapshot
        snapshot = domain.snapshots[snapshot].parent


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "asked"])
def test_a_call_is_accepted_at_every_depth_of_a_chain(kind: str) -> None:
    first = 2 if kind == "discard" else 1  # the first one of a chain has no parent to go to, and is current
    depths = {depth for call, depth, _ in met("chain", kind, 9) if call == kind}
    assert depths == set(range(first, 10))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("asked", "merge_into_parent")])
def test_a_call_is_accepted_at_every_place_among_siblings(kind: str) -> None:
    numbers = {number for call, depth, number in met("fan", kind, 9) if (call, depth) == (kind, 2)}
    assert numbers == set(range(1, 9))


def test_the_calls_that_leave_the_tree_alone_are_made_on_each_snapshot() -> None:
    for shape in BUILT:
        (walk,) = walks_over(shape, "asked", 8, RFC)
        asked = walk.operations[walk.built :]
        for call in ("revert", "rename", "describe", "parent", "children", "lookup_by_id"):
            snapshots = [getattr(one, "snapshot", None) for one in asked if one.call == call]
            assert snapshots == [f"s{number}" for number in range(1, 9)]


def test_a_tree_keeps_its_size_where_another_one_can_be_created() -> None:
    (walk,) = walks_over("chain", "merge_into_children", 8, RFC)
    calls = [one.call for one in walk.operations[walk.built :]]
    assert [after for call, after in pairwise(calls) if call == "merge_into_children"] == ["write_disk"] * 8


@pytest.mark.parametrize("name", shipped_profiles())
def test_no_profile_is_asked_for_what_it_does_not_claim(name: str) -> None:
    profile = load_profile(name)
    for shape in BUILT if profile.claims("revert") else ("chain",):
        for kind in KINDS:
            for walk in walks_over(shape, kind, 4, profile):
                assert all(profile.claims(one.call) for one in walk.operations)


def test_only_a_fast_driver_goes_everywhere() -> None:
    assert EveryPlace().parts(RFC, Bounds(limits=True, pace="ordinary")) == ()
    assert EveryPlace().parts(RFC, Bounds(limits=False, pace="fast")) == ()
    (part,) = EveryPlace().parts(RFC, FAST)
    assert part.total == len([*EveryPlace().units(RFC, FAST)]) == 24
    named = EveryPlace().parts(RFC, Bounds(limits=True, pace="fast", calls=frozenset({"reclaim"})))
    assert sum(one.total for one in named) == 3


class AtThirtySeven(SimulatedDomain):
    """A merge of the snapshot at level 37 changes the description of the oldest one."""

    def merge_into_children(self, snapshot: str) -> None:
        depth = sum(1 for _ in self.nodes[snapshot].path()) if snapshot in self.nodes else 0
        super().merge_into_children(snapshot)
        if depth == 37:
            oldest = next(iter(self.nodes.values()))
            oldest.description = "spoiled"
            self.touched(oldest)


@pytest.mark.parametrize(("domain", "found"), [(AtThirtySeven, 1), (SimulatedDomain, 0)])
def test_a_fault_of_one_place_is_found(domain: type[SimulatedDomain], found: int) -> None:
    driver = SimulatorDriver()
    driver.domain_class = domain
    ledger = Ledger()
    runs = [*EveryPlace().perform(driver, Places("places", "chain", "merge_into_children", 40), ledger)]
    assert len(runs) == ledger.counts.deviated == found
    operations: list[Operation] = [one.operation for run in runs for one in run.steps[-1:]]
    assert [one.call for one in operations] == ["merge_into_children"] * found
