"""Traces that begin in the middle of a domain's life: judged from the given tree, replayed by building it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptree.conformance.cli.command import run as main
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.start import calls_to, start_of
from snaptree.conformance.sequences.traces import Header, write_trace
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.state import blank_domain

Step = tuple[dict[str, Any], Any, dict[str, Any] | None]
"""An operation, what it returned, and what was seen after it."""

A = {"id": "a", "name": "a"}

TREE = {
    "snapshots": [
        {"id": "snap-1", "name": "one", "parent": None},
        {"id": "snap-2", "name": "two", "parent": "snap-1"},
        {"id": "snap-3", "name": "three", "parent": "snap-1"},
    ],
    "current": "snap-2",
}


def trace(
    path: Path, start: dict[str, Any], *steps: tuple[dict[str, Any], Any, dict[str, Any] | None]
) -> str:
    header = {
        "trace": 1, "specification": "0.1", "driver": "virsh transcript", "driver_version": "9",
        "profile": "libvirt-test", "disks": {"vda": 1048576}, "start": start,
    }  # fmt: skip
    lines = [header]
    for number, (operation, accepted, seen) in enumerate(steps, start=1):
        lines.append(
            {"step": number, "operation": operation, "outcome": {"accepted": accepted}, "observation": seen}
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


PARENT = ({"op": "parent", "snapshot": "s3"}, "snap-1", None)
RIGHT = ({"op": "children", "snapshot": "s1"}, ["snap-2", "snap-3"], None)
WRONG = ({"op": "children", "snapshot": "s1"}, ["snap-2"], None)


def test_a_recording_is_judged_from_its_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", trace(tmp_path / "t.jsonl", TREE, PARENT, RIGHT)]) in (0, 4)
    assert "deviation" not in capsys.readouterr().out.replace("no deviation", "")
    assert main(["judge", trace(tmp_path / "t.jsonl", TREE, PARENT, WRONG)]) == 1
    assert "children(one)" in capsys.readouterr().out


def test_a_recording_is_replayed_on_the_tree_that_it_begins_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = trace(tmp_path / "t.jsonl", TREE, RIGHT, ({"op": "revert", "snapshot": "s3"}, None, None))
    assert main(["replay", path, "--profile", "rfc"]) == 0
    said = capsys.readouterr().out
    assert "create(three)" in said
    assert "revert(three)" in said


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({**TREE, "active": {"power": "running"}}, "it has memory, power"),
        ({**TREE, "managed_save": {"memory": 3, "power": "running"}}, "it has memory, power"),
        ({"snapshots": [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}]}, "roots"),
    ],
)
def test_a_start_that_calls_cannot_build_is_not_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], start: dict[str, Any], said: str
) -> None:
    path = trace(tmp_path / "t.jsonl", start, RIGHT)
    assert main(["replay", path, "--profile", "rfc"]) == 4
    told = capsys.readouterr().err
    assert "not played" in told
    assert said in told


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (
            {"snapshots": [{**A, "parent": "b"}, {"id": "b", "name": "b"}]},
            "order of creation",
        ),
        (
            {"snapshots": [A, {**A, "name": "b"}]},
            "two snapshots have the id 'a'",
        ),
        ({"current": "a"}, "its current snapshot 'a'"),
        ({"snapshots": [{**A, "parent": "a"}]}, "order of creation"),
        ({"snapshots": [{"name": "a"}]}, "$.start.snapshots[0]"),
        ({"snapshots": 7}, "$.start.snapshots"),
        ({"active": {"disks": {"vda": {"size": 512, "blocks": {"x": 1}}}}}, "$.start.active"),
    ],
)
def test_a_start_that_is_no_tree_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], start: dict[str, Any], said: str
) -> None:
    path = trace(tmp_path / "t.jsonl", start, RIGHT)
    for command in (["judge", path], ["replay", path]):
        assert main(command) == 2
        assert said in capsys.readouterr().err


CALLS = st.lists(
    st.one_of(
        st.builds(ops.WriteDisk, st.just("vda"), st.integers(0, 3), st.integers(0, 255)),
        st.builds(ops.Create, st.sampled_from("abcdefgh")),
        st.builds(ops.Revert, st.sampled_from(["s1", "s2", "s3"])),
        st.builds(ops.MergeIntoChildren, st.sampled_from(["s1", "s2", "s3"])),
    ),
    max_size=12,
)


@given(CALLS)
@settings(max_examples=60, deadline=None)
def test_what_is_seen_is_a_start_and_can_be_built_again(calls: list[Operation]) -> None:
    """Read back from its observation, a tree of creates, writes and reverts is what it was."""
    driver = SimulatorDriver()
    last = run_sequence(driver, [*calls, ops.Count()], finish=False).steps[-1]
    model = last.after
    start = start_of(last.observation or {}, DEFAULT_DISKS)
    shown = [(one.name, one.parent, one.point.seen) for one in start.domain.in_order()]
    renumbered = {one.id: f"s{number}" for number, one in enumerate(model.in_order(), start=1)}
    assert shown == [
        (one.name, None if one.parent is None else renumbered[one.parent], one.point.seen)
        for one in model.in_order()
    ]
    assert start.domain.active.seen == model.active.seen
    if len(start.domain.children_of(None)) > 1 or start.domain.base != blank_domain(DEFAULT_DISKS).base:
        return  # the first snapshot was merged: no call goes back to the base
    built = calls_to(start, DEFAULT_DISKS, driver.profile)
    run = run_sequence(driver, built)
    assert run.differences == ()
    after = run.steps[-1].after if run.steps else blank_domain(DEFAULT_DISKS)
    assert [(one.name, one.parent, one.point.seen) for one in after.in_order()] == shown


def test_a_start_survives_as_a_header(tmp_path: Path) -> None:
    header = Header("d", "1", "rfc", dict(DEFAULT_DISKS), start=TREE)  # type: ignore[arg-type]
    write_trace(tmp_path / "t.jsonl", header, [])
    assert json.loads((tmp_path / "t.jsonl").read_text())["start"] == TREE
