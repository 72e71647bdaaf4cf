"""Where sequences come from: the graph and its tour, sampling, the chapters' examples."""

from __future__ import annotations

from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import example_sequences, transient_sequences
from snaptree.conformance.methods.exhaustive import Tour, chunks
from snaptree.conformance.methods.graph import UNUSED, Scope, carry_out, explore, moves
from snaptree.conformance.methods.method import Counts, Ledger
from snaptree.conformance.methods.sampled import Batch, Sampled
from snaptree.conformance.methods.sweep import LOOK_UPS
from snaptree.conformance.mutants.capturing import ConfigurationNotReverted
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import open_workers
from snaptree.conformance.sequences.running import Run
from snaptree.spec.operations import Configure, Operation, WriteDisk
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.shapes import Code, is_dirty, shape_of
from snaptree.spec.state import blank_domain

RFC = load_profile("rfc")


@pytest.mark.parametrize(
    ("scope", "bound", "states", "transitions"),
    [
        ("tree", 1, 4, 14),
        ("tree", 2, 12, 102),
        ("tree", 3, 34, 484),
        ("tree", 4, 94, 1902),
        ("ages", 2, 14, 126),
        ("ages", 3, 54, 834),
        ("storage", 2, 42, 588),
    ],
)
def test_size_of_the_bounded_graph(scope: Scope, bound: int, states: int, transitions: int) -> None:
    graph = explore(RFC, bound, scope)
    assert (len(graph.edges), graph.transitions) == (states, transitions)


@pytest.mark.parametrize(("profile", "scope"), [("esx", "configuration"), ("rfc", "configuration")])
def test_where_configuration_is_the_content_every_point_differs_in_it(profile: str, scope: Scope) -> None:
    graph = explore(load_profile(profile), 2, scope)
    assert graph.transitions > 90
    walked = example_walk(profile, scope)
    values = [operation.value for operation in walked if isinstance(operation, Configure)]
    assert len(values) >= 2
    assert not any(isinstance(operation, WriteDisk) for operation in walked)


def example_walk(profile: str, scope: Scope) -> list[Operation]:
    """What a domain is asked on the way to two snapshots."""
    loaded = load_profile(profile)
    domain, walked = blank_domain(DEFAULT_DISKS), []
    while len(domain.snapshots) < 2:
        here = moves(domain, shape_of(domain), loaded, 2, scope)
        move = next(one for one in here if one.label[0] == "create")
        walked += move.operations(domain, UNUSED)
        domain = carry_out(domain, move, loaded)
    return walked


def test_a_revert_that_leaves_the_configuration_is_found_by_its_graph_alone() -> None:
    class Driver(SimulatorDriver):
        domain_class = ConfigurationNotReverted

    graph = explore(load_profile("esx"), 2, "configuration")
    driver = Driver()
    driver.profile = graph.profile
    toured = Counts()
    tour = Tour.over(driver, graph, [one for unit in chunks(graph) for one in unit])
    runs = list(tour.walk(toured, Tally(), expired=lambda: False))
    assert {run.differences[0].part for run in runs} == {"configuration"}
    assert toured.covered + toured.missed + toured.deviated == graph.transitions


def test_a_profile_without_writable_disks_gets_the_trees_of_the_examples() -> None:
    sequences = example_sequences(load_profile("esx"))
    assert len(sequences) > 60
    made = [operation for sequence in sequences for operation in sequence[:-1]]
    assert "create" in {operation.call for operation in made}
    written = [sequence for sequence in sequences if any(one.call == "write_disk" for one in sequence[:-2])]
    assert written == []


@pytest.mark.parametrize(
    ("setting", "calls"),
    [
        ("limits.depth=4", ["create"] * 5),
        ("limits.count=3", ["create", "revert", "create", "revert", "create", "revert", "create"]),
    ],
)
def test_a_limit_that_is_near_is_walked_to(setting: str, calls: list[str]) -> None:
    profile = varied("rfc", [setting])
    last = example_sequences(profile)[-1]
    assert [operation.call for operation in last] == calls
    domain = blank_domain(DEFAULT_DISKS)
    for operation in last[:-1]:
        outcome = step(domain, operation, profile)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    refused = step(domain, last[-1], profile)
    assert isinstance(refused, Refused)
    assert refused.kinds == {"LimitExceeded"}
    assert example_sequences(varied("rfc", ["limits.depth=250"]))[-1] == example_sequences(RFC)[-1]


def test_tour_covers_every_transition_once_it_was_cut_into_units() -> None:
    graph = explore(RFC, 3, "tree")
    toured, tally = Counts(), Tally()
    for unit in chunks(graph):
        tour = Tour.over(SimulatorDriver(), graph, unit)
        assert list(tour.walk(toured, tally, expired=lambda: False)) == []
    assert (toured.covered, toured.missed, toured.deviated) == (graph.transitions, 0, 0)
    assert tally.steps < 5 * graph.transitions, "few driver calls: a tour, not one path a transition"


class NoSecondBranch(SimulatedDomain):
    """Fails to branch a tree of two: such a tree of three is reached through one of four."""

    def create(self, *given: Any, **by_name: Any) -> str:
        if len(self.nodes) == 2 and self.above(self.at):
            raise RuntimeError("no second branch")
        return super().create(*given, **by_name)


class NoCreate(SimulatedDomain):
    """Fails to create a second snapshot: nothing leads to trees of two."""

    def create(self, *given: Any, **by_name: Any) -> str:
        if self.nodes:
            raise RuntimeError("one is enough")
        return super().create(*given, **by_name)


def _toured(domain: type[SimulatedDomain], bound: int) -> tuple[Counts, list[Run]]:
    class Wrong(SimulatorDriver):
        domain_class = domain

    graph, toured = explore(RFC, bound, "tree"), Counts()
    tour = Tour.over(Wrong(), graph, [one for unit in chunks(graph) for one in unit])
    runs = list(tour.walk(toured, Tally(), expired=lambda: False))
    assert toured.covered + toured.missed + toured.deviated == graph.transitions
    return toured, runs


def test_what_a_deviation_closes_off_is_reached_through_a_larger_tree() -> None:
    toured, runs = _toured(NoSecondBranch, 3)
    assert (toured.missed, toured.deviated) == (0, len(runs))
    assert {run.steps[-1].operation.call for run in runs} == {"create"}
    assert all(len(run.steps[-1].before.snapshots) == 2 for run in runs)


def test_what_nothing_leads_around_stays_closed_off() -> None:
    toured, runs = _toured(NoCreate, 2)
    assert toured.missed == sum(
        label[0] != "write"
        for state, leaving in explore(RFC, 2, "tree").edges.items()
        for label in leaving
        if state in _of_two_snapshots()
    )
    assert toured.deviated == len(runs) > 0


def _of_two_snapshots() -> set[Code]:
    """The states with two snapshots, and those that only such a state leads to."""
    return explore(RFC, 2, "tree").edges.keys() - explore(RFC, 1, "tree").edges.keys()


def _sequences(seed: int) -> list[list[Operation]]:
    drawn: list[list[Operation]] = []

    class Recording(SimulatorDriver):
        def open(self, *_disks: object, **_options: object) -> object:  # type: ignore[override]
            drawn.append([])
            domain = super().open()
            return _Listening(domain, drawn[-1])

    batch = Batch("sampled", seed, 0, 15, 20)
    for _ in Sampled().perform(Recording(), batch, Ledger()):  # type: ignore[arg-type]
        pytest.fail("the simulator does not deviate")
    return drawn


class _Listening:
    def __init__(self, domain: object, heard: list[object]) -> None:
        self._domain = domain
        self._heard = heard

    def __getattr__(self, name: str) -> object:
        found = getattr(self._domain, name)
        if name in ("observe", "digests", "close"):
            return found

        def call(**arguments: object) -> object:
            self._heard.append((name, arguments))
            return found(**arguments)

        return call


def test_same_seed_gives_the_same_sequences() -> None:
    assert _sequences(11) == _sequences(11)
    assert _sequences(11) != _sequences(12)


def test_sampled_sequences_reach_deep_trees_and_are_mostly_meaningful() -> None:
    ledger = Ledger()
    assert list(Sampled().perform(SimulatorDriver(), Batch("sampled", 5, 0, 100, 50), ledger)) == []
    tally = ledger.tally
    # The sweep at the end asks for all that is gone.
    drawn = {key: times for key, times in tally.coverage.items() if key[0] not in LOOK_UPS}
    assert sum(times for key, times in drawn.items() if key[1] == "accepted") > sum(drawn.values()) / 2
    assert {call for call, *_ in tally.coverage} >= {
        "merge_into_parent_forced",
        "reclaim",
        "managed_save",
        "crash",
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_simulator_has_no_deviation_under_any_number_of_jobs(jobs: int) -> None:
    bounds = Bounds((("tree", 2),), seed=1, sequences=100, jobs=jobs)
    beats: list[RunRecord] = []
    outcome = run_methods(
        open_workers("simulator", DriverOptions(), jobs), RFC, bounds, lambda found, _: beats.append(found)
    )
    assert outcome.deviations == {}
    assert beats
    assert outcome.methods["tree-2"].covered == 102
    assert outcome.methods["examples"].covered == len(example_sequences(RFC)) + len(transient_sequences(RFC))
    assert outcome.methods["sampled"].sequences > 0


def test_budget_ends_a_run_and_says_that_it_is_incomplete() -> None:
    bounds = Bounds((("tree", 5),), seed=1, budget=1.5, endless=True)
    outcome = run_methods(open_workers("simulator", DriverOptions(), 1), RFC, bounds)
    assert not outcome.methods["tree-5"].complete
    assert outcome.deviations == {}


def test_tour_writes_before_it_creates_so_that_every_point_differs() -> None:
    graph, tally = explore(RFC, 2, "tree"), Tally()
    tour = Tour.over(SimulatorDriver(), graph, [one for unit in chunks(graph) for one in unit])
    assert list(tour.walk(Counts(), tally, expired=lambda: False)) == []
    calls = dict.fromkeys(("write_disk", "create"), 0)
    for (call, *_), times in tally.coverage.items():
        calls[call] = calls.get(call, 0) + times
    assert calls["write_disk"] > calls["create"] > 0


def test_state_that_was_written_to_is_another_state() -> None:
    domain = blank_domain(DEFAULT_DISKS)
    assert not is_dirty(domain)
    written = step(domain, WriteDisk("vda", 0, 1), RFC)
    assert isinstance(written, Accepted)
    assert is_dirty(written.domain)
    assert shape_of(written.domain).key != shape_of(domain).key
