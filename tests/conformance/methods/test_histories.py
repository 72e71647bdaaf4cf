"""Tuples of calls: what a tour cannot see, because one call leaves something hidden for the next."""

from __future__ import annotations

from typing import Any

import pytest

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.exhaustive import Tour, chunks
from snaptree.conformance.methods.graph import graph_of
from snaptree.conformance.methods.histories import AllHistories, cover, tuples
from snaptree.conformance.methods.method import Counts, Ledger
from snaptree.conformance.sequences.running import Run
from snaptree.spec.outcomes import Busy
from snaptree.spec.profiles import load_profile

RFC = load_profile("rfc")
PAIRS = Bounds(history=1, history_scopes=(("tree", 2),))


def performed(driver: SimulatorDriver, bounds: Bounds = PAIRS) -> tuple[list[Run], Counts]:
    method, ledger = AllHistories(), Ledger()
    units = list(method.units(RFC, bounds))
    return [run for unit in units for run in method.perform(driver, unit, ledger)], ledger.counts


@pytest.mark.parametrize(("bound", "k", "total"), [(1, 0, 16), (2, 0, 108), (2, 1, 869), (3, 1, 6444)])
def test_there_is_a_tuple_for_every_k_plus_one_moves_from_every_state(bound: int, k: int, total: int) -> None:
    graph = graph_of(RFC, bound, "tree")
    every = tuples(RFC, bound, "tree", k)
    assert len(every) == len(set(every)) == total
    assert {state for state, _ in every} == set(graph.edges)
    for state, labels in every:
        for label in labels:
            assert label in graph.edges[state]
            state = graph.edges[state][label]


def test_the_cover_leads_to_every_state() -> None:
    graph = graph_of(RFC, 3, "tree")
    for state, way in cover(RFC, 3, "tree").items():
        here = graph.start
        for label in way:
            here = graph.edges[here][label]
        assert here == state


def test_the_simulator_passes_every_pair() -> None:
    runs, counts = performed(SimulatorDriver())
    assert runs == []
    assert (counts.covered, counts.missed, counts.deviated) == (869, 0, 0)


class RefusedTwice(SimulatedDomain):
    """A discard that was refused leaves a lock, and a merge right after it is Busy."""

    locked = False

    def __getattribute__(self, name: str) -> Any:
        if name in ("revert", "create", "write_disk", "write_blocks", "merge_into_parent"):
            object.__setattr__(self, "locked", False)
        return super().__getattribute__(name)

    def discard(self, snapshot: str) -> None:
        self.locked = len(self.children(snapshot)) == 1 and self.current() != snapshot
        super().discard(snapshot)

    def merge_into_children(self, snapshot: str) -> None:
        if self.locked:
            raise Busy("an earlier call holds the lock")
        super().merge_into_children(snapshot)


def test_what_one_call_leaves_for_the_next_is_found() -> None:
    driver = SimulatorDriver()
    driver.domain_class = RefusedTwice
    runs, counts = performed(driver)
    assert runs
    assert {run.steps[-1].operation.call for run in runs} == {"merge_into_children"}
    assert {run.steps[-2].operation.call for run in runs} == {"discard"}
    assert counts.covered + counts.missed + counts.deviated == 869
    # With k = 0, the tour of the same graph depends on its own order for it.
    none, _ = performed(driver, Bounds(history=0, history_scopes=(("tree", 2),)))
    assert none == []


def test_what_lies_behind_a_call_that_deviates_is_missed_and_said() -> None:
    class NoMerge(SimulatedDomain):
        def merge_into_children(self, snapshot: str) -> None:
            raise RuntimeError(f"block job of {snapshot} failed")

    driver = SimulatorDriver()
    driver.domain_class = NoMerge
    _, counts = performed(driver)
    assert counts.missed > 0
    assert counts.deviated > 0
    assert counts.covered + counts.missed + counts.deviated == 869
    toured, graph = Counts(), graph_of(RFC, 2, "tree")
    for unit in chunks(graph):
        list(Tour.over(driver, graph, unit).walk(toured, Tally(), expired=lambda: False))
    assert toured.deviated > 0
