"""Shards of one seed add up to the whole run, and one alone is incomplete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.methods.bounds import WHOLE, Shard
from snaptree.conformance.running.assess import Unwatched, assess
from snaptree.conformance.running.request import BadBound, Request, parse_shard

SMALL = ("--graph", "tree=2", "--seed", "5", "--sequences", "40", "--jobs", "1")


def record(shard: Shard = WHOLE, jobs: int = 1) -> RunRecord:
    """The record of a run of this shard on the simulator."""
    request = Request(seed=5, graphs=(("tree", 3),), sequences=400, shard=shard, jobs=jobs, history=0)
    return assess(request, lambda _text: None, Unwatched()).record


def done(one: RunRecord) -> dict[str, int]:
    """How much of each part was done."""
    return {key: part.done for key, part in one.methods.items()}


def test_shards_add_up_to_the_whole_run() -> None:
    whole, parts = record(), [record(Shard(number, 3)) for number in (1, 2, 3)]
    assert whole.complete
    assert {part.ending.why for part in parts} == {"shard"}
    assert done(whole) == {key: sum(done(part)[key] for part in parts) for key in done(whole)}
    assert whole.tally.steps < sum(part.tally.steps for part in parts) * 1.2
    assert all(part.tally.steps > whole.tally.steps / 10 for part in parts)


def test_a_shard_does_the_same_under_any_number_of_jobs() -> None:
    one, two = record(Shard(2, 5)), record(Shard(2, 5), jobs=2)
    assert (done(one), one.tally.steps) == (done(two), two.tally.steps)


def test_a_shard_is_incomplete_and_the_reports_say_which_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", *SMALL, "--shard", "1/4", "--out", str(tmp_path)]) == 6
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "the run is incomplete: shard 1/4 leaves out a part of examples" in shown
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["ended"] == {"why": "shard", "text": "1/4"}
    assert not report["complete"]


@pytest.mark.parametrize(
    "text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "1/1001", "١/٤", " 1/4", "1/4\n"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(BadBound, match="write I/N, with 1 <= I <= N <= 1000"):
        parse_shard(text)


def test_the_only_shard_is_the_whole_run() -> None:
    assert parse_shard("1/1") == WHOLE
