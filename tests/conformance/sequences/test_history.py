"""Histories of several callers: written, read back, and refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.engine.answers import Declined, Failed, Returned
from snaptree.conformance.sequences.history import (
    Call,
    History,
    Observe,
    is_history,
    read_history,
    without,
    write_history,
)
from snaptree.conformance.sequences.json_lines import TraceError
from snaptree.conformance.sequences.traces import Header
from snaptree.spec import operations as ops
from snaptree.spec.profiles import shipped_profile

HEADER = Header.of("simulator", "1", shipped_profile("rfc"), disks=DEFAULT_DISKS)
CALLS = (
    Call("a", ops.Create("x"), 1, 4, Returned("id-1")),
    Call("b", ops.ListSnapshots(), 2, 3, Returned([])),
    Call("b", Observe(), 5, 8, Returned({"snapshots": [], "current": None})),
    Call("a", ops.Discard("id-1", forced=True), 6, 9, Declined("Busy", text="later")),
    Call("c", ops.Rename("id-1", "y"), 7, 10, Failed("broken")),
    Call("c", ops.Create("z"), 11, 12, None),
    Call("d", ops.Create("w"), 13),
)
LINE: dict[str, Any] = {"caller": "a", "operation": {"op": "count"}, "begin": 1, "end": 2}


def test_a_history_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    write_history(path, History(HEADER, CALLS))
    assert is_history(path)
    assert read_history(path) == History(HEADER, CALLS)


def test_the_lines_of_a_history_stand_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    write_history(path, History(HEADER, CALLS))
    first, *lines = path.read_text().splitlines()
    path.write_text("\n".join([first, *reversed(lines)]))
    assert read_history(path).calls == CALLS


def test_a_call_whose_process_ended_has_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    ended = Call("a", ops.Create("x"), 1, 2, Failed("it is gone", "ended"))
    assert not ended.is_answered
    assert not ended.precedes(CALLS[-1])
    write_history(path, History(HEADER, (ended,)))
    assert read_history(path).calls[0].answer is None


def test_calls_overlap_unless_one_was_answered_before_the_other_began() -> None:
    create, look, observe, *_, given_up, open_call = CALLS
    assert create.overlaps(look)
    assert create.precedes(observe)
    assert not observe.overlaps(create)
    assert given_up.overlaps(open_call)
    touching = Call("b", ops.Count(), 4, 5, Returned(1))
    assert create.overlaps(touching)
    assert [call.begin for call in History(HEADER, CALLS).overlapping()] == [1, 2, 5, 6, 7, 11, 13]
    assert History(HEADER, (create, observe)).overlapping() == ()


def test_calls_can_be_left_out() -> None:
    history = History(HEADER, CALLS)
    assert without(history, [CALLS[0], CALLS[2]]).calls == (CALLS[1], *CALLS[3:])
    assert history.callers == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"caller": ""}, "caller"),
        ({"caller": 3}, "caller"),
        ({"begin": "early"}, "begin"),
        ({"begin": 1.5}, "begin"),
        ({"begin": 10**30}, "begin"),
        ({"begin": True}, "begin"),
        ({"begin": 3}, "ends before it begins"),
        ({"end": None}, "end"),
        ({"outcome": {"accepted": 1}, "end": ...}, "has an outcome and no end"),
        ({"outcome": {"refused": {"kind": "Tired"}}}, "outcome"),
        ({"outcome": {}}, "outcome"),
        ({"operation": {"op": "list_all"}}, "unknown operation"),
        ({"operation": {"op": "discard"}}, "missing argument"),
        ({"operation": {"op": "observe", "snapshot": "s1"}}, "unknown argument"),
        ({"operation": []}, "operation"),
        ({"answer": 3}, "answer"),
    ],
)
def test_a_malformed_call_is_told_in_one_line(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    record = {key: one for key, one in {**LINE, **change}.items() if one is not ...}
    path = tmp_path / "bad.jsonl"
    path.write_text(_head() + "\n" + json.dumps(record) + "\n")
    with pytest.raises(TraceError, match=reason) as told:
        read_history(path)
    assert str(told.value).startswith(f"{path}:2: ")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a history: the file is empty"),
        ("\x00", "not JSON"),
        ("[" * 5000, "nested"),
        ("[]", "is not of type 'object'"),
        ("{}", "required"),
        ('{"history": 1, "history": 1}', "twice"),
        (
            '{"history": 9, "specification": "1", "driver": "d", "driver_version": "1", "profile": "rfc"}',
            "format 9",
        ),
    ],
)
def test_a_malformed_header_is_told_in_one_line(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(TraceError, match=reason) as told:
        read_history(path)
    assert "\n" not in str(told.value)


def _head() -> str:
    return json.dumps(
        {"history": 1, "specification": "1", "driver": "d", "driver_version": "1", "profile": "rfc"}
    )
