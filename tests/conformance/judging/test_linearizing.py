"""The checker agrees with brute force on small histories, and ends at its bound on large ones."""

from __future__ import annotations

import pytest

from snaptree.conformance.judging.histories import assess_history, first_moment
from snaptree.conformance.judging.linearizing import linearize
from snaptree.conformance.sequences.history import History

from .brute_force import is_explained
from .drawn_histories import PROFILE, Mix, draw_history, spoil


def drawn(seed: int) -> History:
    """A history of at most seven calls; of three, one is true, one was changed once, one twice."""
    mix = Mix(calls=4 + seed % 4, given_up=0.25 * (seed % 2), busy=0.1)
    history = draw_history(seed, mix)
    for change in range(seed % 3):
        history = spoil(history, seed + change)
    return history


def test_the_checker_agrees_with_brute_force_on_2000_histories() -> None:
    explained = 0
    for seed in range(2000):
        history = drawn(seed)
        wanted = is_explained(history, PROFILE)
        explained += wanted
        found = linearize(history.calls, first_moment(history, PROFILE))
        assert (found.result == "explained") == wanted, (seed, history.calls)
    assert 800 < explained < 1600


@pytest.mark.rule("CONCUR-1")
def test_an_order_that_explains_a_history_agrees_with_begin_and_end() -> None:
    for seed in range(0, 300, 3):
        history = draw_history(seed, Mix(calls=12))
        opinion = assess_history(history, PROFILE)
        assert opinion.result == "explained"
        assert {id(call) for call in opinion.order} == {id(call) for call in history.calls}
        late = [
            (one, other)
            for number, one in enumerate(opinion.order)
            for other in opinion.order[number:]
            if other.precedes(one)
        ]
        assert late == []


def test_the_first_unexplained_call_is_unexplained_without_all_that_ended_after_it() -> None:
    convicted = 0
    for seed in range(200):
        history = drawn(seed)
        opinion = assess_history(history, PROFILE)
        if opinion.contradiction is None or opinion.nodes == 0:
            continue
        convicted += 1
        end = opinion.contradiction.call.end
        assert end is not None
        first = first_moment(history, PROFILE)
        assert linearize(history.calls, first, until=end).result == "unexplained"
        assert linearize(history.calls, first, until=end - 1).result == "explained"
    assert convicted > 60


def test_a_search_that_reaches_its_bound_is_undecided() -> None:
    history = draw_history(3, Mix(callers=8, calls=60, looks=0.0, removals=0.0))
    assert assess_history(history, PROFILE).result == "explained"
    assert assess_history(history, PROFILE, most_nodes=5).result == "undecided"
