"""Traces: written, read again, judged; and what a malformed one gets."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.sequences.json_lines import TraceError
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.traces import Header, read_trace, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Limits, ProfileError, load_profile, record_of

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
    write_trace(path, _header(), run.steps)
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
        (HEADER.replace('"seed": 4', '"seed": ' + "9" * 5000), ":1: a number has 5,000 digits"),
        (HEADER + "\n" + STEP.replace("1", "9" * 200), ":2: a number has 200 digits"),
        (HEADER + "\n" + STEP.replace("1", "1e999"), ":2: 1e999 is larger"),
        (HEADER + "\n" + STEP.replace("1", "NaN"), ":2: not JSON: NaN is no number"),
        (
            HEADER + "\n" + STEP.replace('{"op"', '{"op": "list", "op"'),
            ":2: an object has the key 'op' twice",
        ),
        (
            HEADER + "\n" + STEP.replace("}}", '}, "observation": ' + '{"a":' * 150 + "1" + "}" * 151),
            ":2: lists and",
        ),
        (HEADER + "\n" + STEP.replace("count", "\x1b[31m\u202e"), ":2: "),
        (HEADER.replace('"rfc"', '{"title": "no name"}'), ":1: $.profile"),
        (HEADER.replace('"rfc"', "7"), ":1: $.profile"),
    ],
)
def test_malformed_trace_is_named_with_line_and_reason(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(TraceError) as raised:
        read_trace(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"op": "discard", "snapshot": ["s1"]}, "snapshot is text, not"),
        ({"op": "discard", "snapshot": {}}, "snapshot is text, not"),
        ({"op": "discard", "snapshot": None}, "snapshot is text, not None"),
        ({"op": "create", "name": 7}, "name is text, not 7"),
        ({"op": "create", "name": "a", "uuid": []}, "uuid is text or null, not []"),
        ({"op": "create", "name": "a", "memory": 1}, "memory is true or false, not 1"),
        ({"op": "revert", "snapshot": "s1", "resume_as": {}}, "resume_as is text or null"),
        ({"op": "write_disk", "disk": "vda", "block": "0", "value": 1}, "block is a whole number, not '0'"),
        ({"op": "write_disk", "disk": "vda", "block": True, "value": 1}, "block is a whole number, not True"),
        ({"op": "write_disk", "disk": "vda", "block": 1.5, "value": 1}, "block is a whole number, not 1.5"),
        ({"op": "attach_disk", "disk": {}, "size": 512}, "disk is text"),
        ({"op": "virDomainSnapshotDelete", "snapshot": "s1", "flags": "4"}, "flags is a whole number"),
        ({"op": "virDomainSnapshotCreateXML", "name": []}, "name is text"),
    ],
)  # fmt: skip
def test_an_argument_of_another_type_is_named(tmp_path: Path, arguments: dict[str, Any], said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{HEADER}\n{json.dumps({'step': 1, 'operation': arguments})}\n")
    with pytest.raises(TraceError) as raised:
        read_trace(path)
    # What no operation takes is refused by the schema, the rest by the operation.
    assert f":2: operation {arguments['op']}: {said}" in str(raised.value) or (
        f":2: $.operation.{said.split()[0]}: " in str(raised.value)
    )


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1d"])
def test_a_line_ends_with_a_line_feed_and_nothing_else(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "t.jsonl"
    step = {"step": 1, "operation": {"op": "lookup_by_name", "name": "a" + separator + "b"}}
    # JSON lets all but the control characters stand for themselves.
    text = json.dumps(step, ensure_ascii=ord(separator) < 32)
    path.write_text(f"{HEADER}\r\n{text}\r\n\r\n", encoding="utf-8", newline="")
    assert read_trace(path).operations == [ops.LookupByName("a" + separator + "b")]


def test_only_a_regular_file_of_some_size_is_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo, large = tmp_path / "fifo", tmp_path / "large"
    os.mkfifo(fifo)
    monkeypatch.setattr("snaptree.conformance.sequences.json_lines.MOST_OF_A_TRACE", 1000)
    large.write_bytes(b"x" * 1001)
    for path, said in (
        (fifo, "no regular file"),
        (Path("/dev/zero"), "no regular file"),
        (large, "1,000 bytes"),
    ):
        with pytest.raises(TraceError, match=said):
            read_trace(path)


def test_a_trace_carries_a_profile_that_is_not_shipped(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    shipped = load_profile("qemu")
    own = replace(shipped, limits=Limits(depth=7))
    for profile, written in ((shipped, "qemu"), (own, record_of(own))):
        header = Header.of("mine", "1", profile, disks=dict(DEFAULT_DISKS))
        assert header.to_json()["profile"] == written
        write_trace(path, header, [])
        assert read_trace(path).header == header
        assert read_trace(path).header.judged_by() == profile


@pytest.mark.parametrize(
    "profile", ["/dev/zero", "../claims/rfc.toml", "nosuch", {"name": "x", "inherits": "/dev/zero"}]
)
def test_a_trace_names_no_file(tmp_path: Path, profile: Any) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({**_header().to_json(), "profile": profile}) + f"\n{STEP}\n")
    with pytest.raises(ProfileError, match="no shipped profile"):
        read_trace(path).header.judged_by()


def test_trace_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="not UTF-8"):
        read_trace(path)
