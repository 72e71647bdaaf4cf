"""Certificates: the same for any number of processes, checked again, and each kind of forgery seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run
from snaptree.schemas import check_against

ASKED = ("--graph", "tree=2", "--history", "0", "--sequences", "5", "--seed", "7", "--crash", "none")
QUICK = (*ASKED, "--methods", "examples,exhaustive,sampled")

MINE = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class HastyDomain(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = HastyDomain
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "certificate.json"
    assert run(["check", *QUICK, "--jobs", "1", "--certificate", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def statement(made: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(made.read_text())
    return read


def verify(path: Path, *more: str) -> int:
    return run(["certificate", "verify", str(path), *more])


def test_a_certificate_is_the_same_under_any_number_of_processes(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "two.json"
    assert run(["check", *QUICK, "--jobs", "2", "--certificate", str(other)]) == 0
    assert other.read_bytes() == made.read_bytes()


def test_it_is_a_statement_with_a_test_result(statement: dict[str, Any]) -> None:
    check_against("certificate", statement)
    predicate = statement["predicate"]
    assert predicate["result"] == "PASSED"
    assert "DISCARD-5" in predicate["passedTests"]
    assert not {*predicate["snaptree"]["not_observed"]} & {*predicate["passedTests"]}
    assert "simulator/machine.py" in {one["name"] for one in statement["subject"]}


def test_it_holds_and_a_sample_is_made_again(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(made, "--replay", "5", "--seed", "3") == 0
    said = capsys.readouterr().out
    assert "graph tree=2: 12 states, 102 transitions" in said
    assert "this checks our arithmetic only" in said
    assert "replayed 5 of 102 transitions on simulator" in said


Edit = Callable[[dict[str, Any]], object]


def _part(statement: dict[str, Any], method: str) -> dict[str, Any]:
    parts = statement["predicate"]["snaptree"]["report"]["methods"]
    found: dict[str, Any] = next(one for one in parts if one["method"] == method)
    return found


def _ours(statement: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = statement["predicate"]["snaptree"]
    return body


FORGERIES: dict[str, tuple[Edit, str]] = {
    "a larger graph": (lambda one: _ours(one)["bounds"].update(graphs=["tree=3"]), "graph tree=3"),
    "another count": (lambda one: _ours(one)["graphs"][0].update(transitions=9), "graph tree=2"),
    "a digest of a graph": (lambda one: _ours(one)["graphs"][0].update(sha256="0" * 64), "graph tree=2"),
    "a part left undone": (lambda one: _part(one, "exhaustive").update(covered=101), "101 of 102"),
    "a part removed": (
        lambda one: _ours(one)["report"]["methods"].remove(_part(one, "sampled")),
        "it is missing",
    ),
    "a part invented": (
        lambda one: _ours(one)["report"]["methods"].append({**_part(one, "sampled"), "title": "more"}),
        "no such part",
    ),
    "k": (lambda one: _ours(one)["data"].update(k=2), "the claim as data"),
    "a tested assumption": (
        lambda one: _ours(one)["data"]["assumptions"][0].update(tested=True),
        "the claim as data",
    ),
    "a word": (lambda one: _ours(one)["claim"].append("it is secure"), "the words say"),
    "another result": (lambda one: one["predicate"].update(result="WARNED"), "the result follows"),
    "a passed rule": (
        lambda one: one["predicate"]["passedTests"].append(_ours(one)["not_observed"][0]),
        "passed, warned and failed tests",
    ),
    "an unknown rule": (
        lambda one: _ours(one)["report"]["rules"][0].update(id="NONE-1"),
        "each rule is one of the specification",
    ),
    "a profile": (lambda one: _ours(one)["profile"]["record"].update(memory="never"), "the profile has"),
    "a verdict": (lambda one: _ours(one)["report"].update(verdict="deviates"), "the verdict follows"),
    "unseen rules": (lambda one: _ours(one).update(not_observed=[]), "were not observed are named"),
    "classes": (lambda one: _ours(one)["report"]["classes"].update(feasible=3), "classes of arguments"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_was_edited_is_seen(
    name: str, statement: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, said = FORGERIES[name]
    edited = deepcopy(statement)
    edit(edited)
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(edited))
    assert verify(path) == 1
    shown = capsys.readouterr().out
    assert any(line.startswith("wrong") and said in line for line in shown.splitlines()), shown
    assert "NOT VERIFIED" in shown


def test_one_of_another_specification_is_not_computed_again(
    statement: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = deepcopy(statement)
    _ours(other)["versions"]["specification_sha256"] = "1" * 64
    path = tmp_path / "other.json"
    path.write_text(json.dumps(other))
    assert verify(path) == 4
    assert "check it with the snaptree that made it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"{}", 1, "no certificate"),
        (b"\xff", 1, "not UTF-8"),
        (b"[" * 5000, 1, "no certificate"),
        (None, 2, "No such file"),
    ],
)
def test_what_is_no_certificate_is_one_message(
    content: bytes | None, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.json"
    if content is not None:
        path.write_bytes(content)
    assert verify(path) == code
    assert said in capsys.readouterr().err


def test_a_graph_too_large_to_be_computed_is_refused(
    statement: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = deepcopy(statement)
    _ours(large)["bounds"]["graphs"] = ["power=99"]
    path = tmp_path / "large.json"
    path.write_text(json.dumps(large))
    assert verify(path) == 1
    assert "'power=99' is no graph" in capsys.readouterr().err


def test_a_deviating_run_fails_names_its_driver_and_its_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made: Path
) -> None:
    (tmp_path / "hasty_of_certificates.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    path, out = tmp_path / "r" / "certificate.json", tmp_path / "r"
    out.mkdir()
    asked = ["check", "hasty_of_certificates:HastyDriver", *QUICK, "--jobs", "1", "--out", str(out)]
    assert run([*asked, "--certificate", str(path)]) == 1
    failed = json.loads(path.read_text())
    assert failed["predicate"]["result"] == "FAILED"
    assert "DISCARD-5" in failed["predicate"]["failedTests"]
    assert "hasty_of_certificates.py" in {one["name"] for one in failed["subject"]}
    capsys.readouterr()
    assert verify(path, "--replay", "102") == 0
    assert "0 another one" in capsys.readouterr().out
    (trace,) = failed["predicate"]["snaptree"]["traces"]
    (out / "traces" / trace["name"]).write_text("{}")
    assert verify(path) == 1
    assert f"wrong  trace {trace['name']}" in capsys.readouterr().out
    # What the deviation cost, beside the same run of the simulator.
    assert run(["certificate", "diff", str(made), str(path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "lost     result PASSED -> FAILED" in said
    assert "lost     rule DISCARD-5: pass -> deviation" in said
    assert run(["certificate", "diff", str(made), str(made)]) == 0


def test_a_replay_on_another_system_says_so(
    statement: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = deepcopy(statement)
    other["subject"][0]["digest"]["sha256"] = "2" * 64
    path = tmp_path / "other.json"
    path.write_text(json.dumps(other))
    assert verify(path, "--replay", "1", "--seed", "1") == 1
    assert "another system: these files differ: simulator/__init__.py" in capsys.readouterr().out


def test_an_incomplete_run_gives_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.json"
    assert run(["check", *QUICK, "--shard", "1/2", "--certificate", str(path)]) == 6
    assert "no certificate: the run is incomplete" in capsys.readouterr().out
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["certificate"], "write 'snaptree certificate verify FILE'"),
        (["certificate", "verify"], "write 'snaptree certificate verify FILE'"),
        (["certificate", "diff", "a", "b", "--replay", "2"], "are of 'snaptree certificate verify'"),
        (["check", "--certificate", "/no/such/folder/c.json"], "its folder is not there"),
        (["check", "--certificate", "/tmp"], "/tmp is a folder"),
        (["check", "--certificate", "c.json", "--scenario", "x"], "--scenario takes their place"),
    ],
)
def test_wrong_usage_is_one_message(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert said in " ".join(capsys.readouterr().err.split())
