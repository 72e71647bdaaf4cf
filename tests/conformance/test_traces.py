"""Traces: written, read again, judged; and what a malformed one gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.sequences import run_sequence
from snaptree.conformance.traces import Header, TraceError, read_trace, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation

SEQUENCE: list[Operation] = [
    ops.WriteDisk("vda", 1, 5),
    ops.Create("name"),
    ops.Create("../../etc/x"),
    ops.Discard("s1"),
    ops.Revert("s1"),
    ops.Discard("s2"),
    ops.Create("n\ud800ame"),
]


def _header() -> Header:
    return Header("simulator", "1", "rfc", dict(DEFAULT_DISKS), seed=4, note="a note")


def _written(path: Path) -> Path:
    run = run_sequence(SimulatorDriver(), SEQUENCE)
    write_trace(path, _header(), run.steps, run.driver_ids)
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    trace = read_trace(_written(tmp_path / "t.jsonl"))
    assert trace.operations == SEQUENCE
    assert trace.header == _header()
    assert all(step.observation is not None for step in trace.steps)
    assert [type(step.answer).__name__ for step in trace.steps] == [
        "Returned", "Returned", "Returned", "Declined", "Returned", "Returned", "Declined",
    ]  # fmt: skip


HEADER = json.dumps(_header().to_json())
STEP = '{"step": 1, "operation": {"op": "count"}}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\x00\x01", ":1: not JSON"),
        ("[]", ":1:"),
        ("{}", ":1:"),
        (HEADER.replace('"trace": 1', '"trace": 99'), "trace format 99"),
        (HEADER + "\n{", ":2: not JSON"),
        (HEADER + "\n" + STEP.replace("count", "burn"), ":2:"),
        (HEADER + "\n" + '{"step": 1, "operation": {"op": "discard"}}', ":2:"),
        (HEADER + "\n" + STEP.replace("}}", '}, "outcome": {"maybe": 1}}'), ":2:"),
        ("[" * 100_000, ":1:"),
    ],
)
def test_malformed_trace_is_named_with_line_and_reason(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(TraceError) as raised:
        read_trace(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_trace_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="not UTF-8"):
        read_trace(path)
