"""Merged shards give the report of one run: the same rules, deviations, witnesses and counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.running.known_list import KnownList
from snaptree.conformance.running.stored import NotStorable, _known, restored, stored
from snaptree.conformance.sequences.history import Call

DRIVER = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)

    def describe(self, snapshot, description):
        super().describe(snapshot, description.upper())


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""

CHOSEN = ("--graph", "tree=2", "--sequences", "150", "--seed", "5")
WORK = ("--methods", "examples,exhaustive,sampled", "--jobs", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The report of a run in ``whole``, and of its three shards in ``1`` to ``3``."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "hasty_of_shards.py").write_text(DRIVER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        command = ["check", "hasty_of_shards:HastyDriver", *CHOSEN, *WORK]
        assert run([*command, "--out", "whole"]) == 1
        for number in (1, 2, 3):
            assert run([*command, "--shard", f"{number}/3", "--out", str(number)]) in (1, 6)
    return folder


def told(report: Path) -> dict[str, Any]:
    """A report without what depends on time and place."""
    text = report.read_text().replace(f"{report.parent.name}/traces", "traces")
    record: dict[str, Any] = json.loads(text)
    del record["seconds"], record["jobs"], record["counts"]["driver_seconds"]
    return record


def test_three_shards_add_up_to_the_report_of_one_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert run(["merge", "1", "3/report.json", "2/shard.json", "--out", "merged"]) == 1
    whole, together = told(folder / "whole" / "report.json"), told(folder / "merged" / "report.json")
    assert len(whole["deviations"]) > 1
    for key, value in whole.items():
        assert together[key] == value, key
    assert together.keys() == whole.keys()
    for trace in (folder / "whole" / "traces").iterdir():
        assert (folder / "merged" / "traces" / trace.name).read_bytes() == trace.read_bytes()
    assert not (folder / "merged" / "shard.json").exists()


def test_where_a_shard_is_missing_the_run_is_incomplete_and_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert run(["merge", "1", "3", "--out", "two"]) == 1
    assert told(folder / "two" / "report.json")["ended"] == {"why": "shard", "text": "2/3"}
    assert "shard 2/3 leaves out a part of" in " ".join(capsys.readouterr().out.split())


def altered(folder: Path, name: str, **changes: Any) -> str:
    """A copy of the second shard with a changed head."""
    record = json.loads((folder / "2" / "shard.json").read_text())
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "shard.json").write_text(json.dumps({**record, **changes}))
    return name


def test_what_is_no_part_of_the_run_is_refused_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    quick = ["check", "--graph", "tree=1", "--methods", "exhaustive", "--jobs", "1", "--shard", "2/3"]
    run([*quick, "--seed", "5", "--out", "other"])
    (folder / "odd").mkdir()
    (folder / "odd" / "shard.json").write_text("[" * 100_000)
    capsys.readouterr()
    for second, message in (
        ("1", r"shard 1/3 a second time, after 1/shard\.json"),
        ("other", "another driver"),
        ("whole", "No such file.*; 'snaptree check --shard I/N --out DIR' writes it"),
        ("odd", "no shard: not JSON"),
        (altered(folder, "edited", content="{}"), "its content is not what was written"),
        (altered(folder, "format", shard=2), "no shard of format 1"),
        (altered(folder, "old", snaptree="0.0.1"), "written by snaptree 0.0.1 .*: merge with the same"),
    ):
        assert run(["merge", "1", second]) == 2
        shown = capsys.readouterr()
        assert re.fullmatch(f"snaptree: .*{message}.*\n", shown.err), shown.err
        assert shown.out == ""


def test_values_are_restored_as_they_were() -> None:
    value = {
        (1, "a"): [None, True, frozenset({"x"})],
        "n": Counter({("c",): 2}),
        "p": Path("a"),
        "d": date.max,
    }
    again = restored(json.loads(json.dumps(stored(value))))
    assert again == value
    assert type(again["n"]) is Counter


def of_own(annotation: Any) -> Iterator[type]:
    """The dataclasses and named tuples in an annotation, and in those of their fields."""
    waiting, seen = [annotation], set[type]()
    while waiting:
        here = waiting.pop()
        waiting.extend(get_args(here))
        if not isinstance(here, type) or here in seen:
            continue
        seen.add(here)
        if here.__module__.startswith("snaptree") and (is_dataclass(here) or hasattr(here, "_fields")):
            yield here
            if here.__module__ != "snaptree.spec.state":  # maps of rpds cannot be subscripted at run time
                # A run names the calls of a history, whose module imports that of the run.
                waiting.extend(get_type_hints(here, localns={"Call": Call}).values())


@pytest.mark.parametrize("kind", [Heading, Bounds, KnownList, RunRecord])
def test_whatever_a_shard_holds_can_be_stored(kind: type) -> None:
    found = {one.__name__ for one in of_own(kind)}
    assert len(found) > 1 or kind is Bounds
    assert found <= _known().keys()


def test_a_new_part_of_a_record_has_to_be_added_up_too() -> None:
    assert {one.name for one in fields(RunRecord)} == {
        "tally", "methods", "deviations", "places", "seconds", "ending", "uncrashed", "unheld",
    }  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [
        {"Popen": {"args": ["true"]}},
        {"Shard": {"number": 1}},
        {"tuple": 5},
        {"dict": [1]},
        {"a": 1, "b": 2},
        {},
    ],
)
def test_no_other_type_is_made(record: Any) -> None:
    with pytest.raises(NotStorable):
        restored(record)
    with pytest.raises(NotStorable, match="a object cannot be stored"):
        stored(object())
