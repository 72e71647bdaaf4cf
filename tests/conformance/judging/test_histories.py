"""Histories that break each rule of the chapter on concurrency, and the nearest that do not."""

from __future__ import annotations

from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned
from snaptree.conformance.judging.histories import Opinion, assess_history
from snaptree.conformance.sequences.history import Call, History
from snaptree.conformance.sequences.traces import Header
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation

from .drawn_histories import PROFILE

BUSY = Declined("Busy")
FAILED = Failed("RuntimeError: it broke")
DONE = Returned(None)


def call(caller: str, operation: Operation, begin: int, end: int | None, answer: Answer | None) -> Call:
    return Call(caller, operation, begin, end, answer)


def lists(begin: int, end: int, *ids: str, caller: str = "b") -> Call:
    return Call(caller, ops.ListSnapshots(), begin, end, Returned([*ids]))


def judged(*calls: Call) -> Opinion:
    return assess_history(History(Header.of("drawn", "1", PROFILE, disks=DEFAULT_DISKS), calls), PROFILE)


def broken(*calls: Call) -> str | None:
    opinion = judged(*calls)
    assert (opinion.contradiction is None) == (opinion.result == "explained")
    return None if opinion.contradiction is None else opinion.contradiction.rule


X = call("a", ops.Create("x"), 1, 4, Returned("x"))
NO_ANSWER: dict[str, Any] = {"end": 4, "answer": None}


@pytest.mark.rule("CONCUR-1")
def test_a_lost_update_is_blamed_at_the_call_that_nothing_explains() -> None:
    first = call("a", ops.Rename("x", "y"), 5, 8, DONE)
    second = call("b", ops.Describe("x", "z"), 6, 9, DONE)
    named = call("a", ops.LookupByName("y"), 10, 11, Returned("x"))
    lost = call("a", ops.LookupByName("x"), 10, 11, Returned("x"))
    assert broken(X, first, second, named) is None
    assert broken(X, first, second, lost) == "CONCUR-3"
    gone = call("a", ops.DiscardForced("x"), 10, 11, Declined("NoSuchSnapshot"))
    assert broken(X, first, second, gone) == "CONCUR-1"


@pytest.mark.rule("CONCUR-1")
def test_an_id_that_is_issued_twice_is_blamed_under_its_own_rule() -> None:
    assert broken(X, call("b", ops.Create("y"), 2, 5, Returned("x"))) == "NAME-1"
    assert broken(X, call("b", ops.Create("y"), 2, 5, Returned("y"))) is None


@pytest.mark.rule("CONCUR-2")
def test_a_caller_who_is_alone_is_never_told_that_the_domain_is_busy() -> None:
    busy = call("b", ops.Create("y"), 5, 6, BUSY)
    assert broken(X, busy) == "CONCUR-2"
    assert broken(X, call("a", ops.ListSnapshots(), 5, 8, Returned(["x"])), busy) == "CONCUR-2"
    assert broken(X, call("b", ops.Create("y"), 3, 6, BUSY)) is None
    assert broken(call("a", ops.Create("x"), 1, 4, None), busy) is None


@pytest.mark.rule("CONCUR-3")
def test_a_look_shows_the_tree_before_a_call_or_the_tree_after_it() -> None:
    assert broken(X, lists(2, 3, "x")) is None
    assert broken(X, lists(2, 3)) is None
    assert broken(X, lists(5, 6)) == "CONCUR-3"
    assert broken(lists(1, 2, "x"), call("a", ops.Create("x"), 3, 4, Returned("x"))) == "CONCUR-3"
    seen_then_gone = (lists(2, 3, "x"), lists(5, 6))
    assert broken(call("a", ops.Create("x"), 1, 8, Returned("x")), *seen_then_gone) == "CONCUR-3"


@pytest.mark.rule("CONCUR-4")
def test_of_calls_that_overlap_one_is_not_busy() -> None:
    one, other = call("a", ops.Create("x"), 1, 4, BUSY), call("b", ops.Create("y"), 2, 5, BUSY)
    third = call("c", ops.Create("z"), 3, 6, Returned("z"))
    assert broken(one, other) == "CONCUR-4"
    assert broken(one, other, third) is None
    assert broken(one, other, call("c", ops.Create("z"), 3, None, None)) is None


@pytest.mark.rule("CONCUR-5")
def test_a_call_without_an_answer_happens_once_at_any_time_or_never() -> None:
    gave_up = call("a", ops.Create("x"), 1, 2, None)
    assert broken(gave_up, lists(5, 6)) is None
    assert broken(gave_up, lists(5, 6), lists(7, 8, "x")) is None
    assert broken(gave_up, lists(3, 4, "x"), lists(5, 6)) == "CONCUR-5"
    assert broken(gave_up, lists(3, 4, "x", "w")) == "CONCUR-5"
    never = call("b", ops.DiscardForced("x"), 5, 6, Declined("NoSuchSnapshot"))
    assert broken(gave_up, lists(3, 4, "x"), never) == "CONCUR-5"


@pytest.mark.rule("CONCUR-6")
def test_a_call_that_failed_has_no_effect_and_was_never_seen() -> None:
    failed = call("a", ops.Create("x"), 1, 4, FAILED)
    assert broken(failed, lists(2, 3)) is None
    assert broken(failed, lists(2, 3, "x")) == "CONCUR-6"
    assert broken(failed, lists(3, 6), lists(7, 8, "x")) == "CONCUR-6"
    assert broken(X, call("b", ops.Create("y"), 5, 6, FAILED)) == "REFUSE-2"


@pytest.mark.rule("CONCUR-7")
def test_an_interrupted_call_has_its_effect_before_the_recovery_ends() -> None:
    gave_up = call("a", ops.Create("x"), 1, 2, None)
    started = call("b", ops.Start(), 0, 1, DONE)
    crash = call("b", ops.Crash(), 3, 6, DONE)
    assert broken(started, gave_up, crash, lists(7, 8, "x")) is None
    assert broken(started, gave_up, crash, lists(7, 8), lists(9, 10)) is None
    assert broken(started, gave_up, crash, lists(7, 8), lists(9, 10, "x")) == "CONCUR-7"


@pytest.mark.rule("CONCUR-8")
def test_a_job_takes_effect_between_its_submission_and_a_look_at_its_end() -> None:
    job = call("a", ops.Create("x"), 1, 9, Returned("x"))
    assert broken(job, lists(3, 4), lists(5, 6, "x"), lists(10, 11, "x")) is None
    assert broken(job, lists(10, 11)) == "CONCUR-3"


@pytest.mark.rule("CONCUR-9")
def test_a_cancelled_job_has_no_effect_and_a_finished_one_all_of_it() -> None:
    cancelled = call("a", ops.Create("x"), 1, 9, Failed("cancelled"))
    won = call("a", ops.Create("x"), 1, 9, Returned("x"))
    look = lists(10, 11, "x")
    assert broken(cancelled, lists(3, 4), lists(10, 11)) is None
    assert broken(cancelled, lists(3, 4), look) == "CONCUR-6"
    assert broken(won, lists(3, 4), look) is None


@pytest.mark.rule("REFUSE-1")
def test_a_refused_call_has_no_effect_that_another_caller_sees() -> None:
    refused = call("a", ops.Create("x"), 1, 4, BUSY)
    other = call("b", ops.Create("y"), 2, 5, Returned("y"))
    assert broken(refused, other, lists(6, 7, "y")) is None
    assert broken(refused, other, lists(6, 7, "y", "z")) == "REFUSE-1"
    later = call("c", ops.Parent("y"), 8, 9, Returned("z"))
    assert broken(refused, other, lists(6, 7, "z", "y"), later) == "REFUSE-1"


def test_a_contradiction_says_what_was_expected_and_seen() -> None:
    contradiction = judged(X, lists(5, 6)).contradiction
    assert contradiction is not None
    assert (contradiction.expected, contradiction.observed) == ("[x]", "[]")
