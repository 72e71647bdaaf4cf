"""Where two graphs answer otherwise: two profiles, or a profile and the file of another version."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.comparing import graph_record
from snaptree.conformance.comparing.graph_diff import changes, compare_graphs
from snaptree.conformance.comparing.graph_record import record_graph
from snaptree.conformance.methods.graph import SCOPES, explore
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

RFC = load_profile("rfc")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_record_has_every_state_and_transition(scope: Any) -> None:
    profile = load_profile("libvirt-test") if scope == "libvirt" else RFC
    record, graph = record_graph(profile, 1, scope), explore(profile, 1, scope)
    assert len(record["states"]) == len(graph.edges)
    calls = [
        label
        for leaving in graph.edges.values()
        for label in leaving
        if label[0] not in ("write", "write_memory")
    ]
    assert sum(len(state["moves"]) for state in record["states"]) == len(calls)
    assert compare_graphs(record, json.loads(json.dumps(record))).equal


def test_a_limit_refuses_what_was_accepted() -> None:
    other = record_graph(varied("rfc", ("limits.depth=2",)), 3, "tree")
    found = compare_graphs(record_graph(RFC, 3, "tree"), other)
    assert {call for call, _ in found.by_call} == {"create"}
    assert {kind for _, kind in found.by_call} == {"is accepted, and refused"}
    (case,) = (one for _, one in found.smallest())
    assert len(case.state["tree"]["snapshots"]) == 2
    assert case.other["refused"] == ["LimitExceeded"]
    assert len(found.only_one) > len(found.only_other) == 0


def earlier(effect: Callable[[Domain, Any, Domain], Domain]) -> Callable[..., Outcome]:
    """A version of the specification in which a merge into the children had another effect."""

    def version(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        outcome = step(domain, operation, profile)
        if isinstance(operation, ops.MergeIntoChildren) and isinstance(outcome, Accepted):
            return Accepted(None, effect(domain, operation, outcome.domain))
        return outcome

    return version


def test_another_effect_is_said_by_places(monkeypatch: pytest.MonkeyPatch) -> None:
    now = record_graph(RFC, 2, "tree")
    version = earlier(lambda before, call, after: replace(after, base=before.snapshots[call.snapshot].point))
    monkeypatch.setattr(graph_record, "step", version)
    found = compare_graphs(record_graph(RFC, 2, "tree"), now)
    assert set(found.by_call) == {("merge_into_children", "has another effect")}
    (case,) = (one for _, one in found.smallest())
    assert len(case.state["tree"]["snapshots"]) == 1
    assert changes(case.one, case.other) == ["base: #0, and base"]


def test_what_is_only_named_otherwise_is_no_difference() -> None:
    renamed = replace(RFC, name="another", title="in other words")
    assert compare_graphs(record_graph(RFC, 3, "tree"), record_graph(renamed, 3, "tree")).equal


def test_a_file_of_another_version_is_compared_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "before.json"
    assert run(["graph", "export", "rfc", "--snapshots", "2", "--out", str(file)]) == 0
    assert run(["graph", "diff", str(file), "rfc"]) == 0
    assert "0 answer otherwise" in capsys.readouterr().out
    record = json.loads(file.read_text())
    changed = next(
        move for state in record["states"] for move in state["moves"] if move["move"][0] == "revert"
    )
    changed["answer"] = {"refused": ["Busy"], "casualties": None}
    record["specification"] = "0.0"
    file.write_text(json.dumps(record))
    assert run(["graph", "diff", str(file), "rfc"]) == 1
    printed = capsys.readouterr().out
    assert "1 answer otherwise" in printed
    assert "rfc (specification 0.0): refused as Busy" in printed
    assert "└── n1" in printed


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "write 'snaptree graph export PROFILE"),
        (["diff", "rfc"], "write 'snaptree graph export PROFILE"),
        (["diff", "rfc@0.0", "rfc"], "this release has one version of the specification"),
        (["diff", "rfc", "no-such"], "no profile 'no-such'"),
        (["diff", "missing.json", "rfc"], "missing.json: No such file"),
        (["diff", "bad.json", "rfc"], "bad.json: not an exported graph"),
        (["diff", "text.json", "rfc"], "text.json: not an exported graph"),
        (["diff", "rfc", "qemu", "--scope", "trees"], "--scope is one of"),
        (["diff", "rfc", "qemu", "--out", "x"], "--out is of"),
    ],
)
def test_wrong_usage_is_one_message(
    words: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text('{"graph": 1}')
    (tmp_path / "text.json").write_bytes(b"\xff\xfe")
    assert run(["graph", *words]) == 2
    printed = capsys.readouterr().err
    assert reason in printed
    assert "Traceback" not in printed


def test_graphs_of_other_bounds_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for bound in ("1", "2"):
        assert (
            run(["graph", "export", "rfc", "--snapshots", bound, "--out", str(tmp_path / f"{bound}.json")])
            == 0
        )
    assert run(["graph", "diff", str(tmp_path / "1.json"), str(tmp_path / "2.json")]) == 2
    assert "different graphs: tree=1 and tree=2" in capsys.readouterr().err
