"""What a run claims: k, looks, orders, and the assumptions that it did not put to the test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.judging.record import MethodResult, RunRecord
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.reports.claim import ASSUMPTIONS, NEEDED, OUTSIDE, claim_of
from snaptree.spec.rules import chapters


def part(method: str, total: int, covered: int, *, deviated: int = 0) -> MethodResult:
    return MethodResult(method, "item", method, total, covered=covered, deviated=deviated, states=4)


WHOLE = {
    "values": part("values", 70, 70),
    "tree-4": part("exhaustive", 1902, 1902),
    "ages-3": part("exhaustive", 834, 834),
    "histories-tree-3": part("histories", 6444, 6444),
    "looks-none-tree-3": part("looks", 6444, 6444),
    "looks-two-tree-3": part("looks", 484, 484),
}


def lines(methods: dict[str, MethodResult], k: int = 1) -> str:
    record = RunRecord(methods=methods)
    return "\n".join(claim_of(record, Bounds(history=k)).sentences())


def test_a_whole_run_claims_its_graphs_k_looks_and_orders() -> None:
    said = lines(WHOLE)
    assert "tree=4 (4 states, 1,902 transitions), ages=3 (4 states, 834 transitions)" in said
    assert "k = 1: every 2 calls in a row in each state of tree=3" in said
    assert "looks: once after each call; none between calls in tree=3; two after each call in tree=3" in said
    assert "every order in trees of up to 3 snapshots" in said
    assert said.splitlines()[-1].startswith("not put to the test: H5 ")
    assert not any(one in said for one in ("H1", "H2", "H3", "H4"))


@pytest.mark.parametrize(
    ("key", "claimed", "untested"),
    [
        ("histories-tree-3", "k = 1", "H1 it is deterministic (histories was not completed)"),
        ("looks-two-tree-3", "two after each call", "H4"),
        ("ages-3", "every order", ""),
        ("tree-4", "tree=4", ""),
    ],
)
def test_of_a_part_that_was_not_completed_nothing_is_claimed(key: str, claimed: str, untested: str) -> None:
    said = lines(WHOLE | {key: part(WHOLE[key].method, 500, 499)})
    assert claimed in lines(WHOLE)
    assert claimed not in said
    assert untested in said


def test_what_deviated_is_not_claimed_to_hold() -> None:
    said = lines(WHOLE | {"tree-4": part("exhaustive", 1902, 1900, deviated=2)})
    assert "tree=4 (4 states, 1,902 transitions, of which 1,900 held)" in said


def test_a_run_that_killed_calls_says_what_is_left_of_the_last_assumption() -> None:
    said = lines(WHOLE | {"crashes-tree-1": part("crashes", 14, 14)})
    assert "(tested with crashes; not with losses of power, faults of storage and several callers)" in said


def test_a_run_that_let_storage_fail_says_so() -> None:
    failed = WHOLE | {"failures-tree-1": part("failures", 14, 14)}
    assert "(tested with faults of storage; not with crashes, losses of power and several callers)" in lines(
        failed
    )
    both = lines(failed | {"crashes-tree-1": part("crashes", 14, 14)})
    assert "(tested with crashes and faults of storage; not with losses of power and several callers)" in both


def test_a_run_without_graphs_claims_nothing_for_all_states() -> None:
    said = lines({}, k=0)
    assert "no graph was toured" in said
    assert all(f"{one} {text}" in said for one, text in ASSUMPTIONS.items())


def test_each_assumption_is_put_to_the_test_by_a_method_that_there_is() -> None:
    assert set(NEEDED.values()) <= {method.name for method in METHODS}
    assert {*NEEDED, *OUTSIDE} == set(ASSUMPTIONS)


def test_the_chapter_has_the_same_assumptions() -> None:
    (text,) = (one.text for one in chapters() if one.name == "claims")
    rows = [line for line in text.splitlines() if line.startswith("| H")]
    assert [row.split("|")[1].strip() for row in rows] == list(ASSUMPTIONS)


def test_verdict_report_and_junit_have_the_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--graph", "tree=1", "--history", "1", "--looks", "two", "--sequences", "0", "--in-process"]
    assert run(["check", *asked, "--out", str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "k = 1: every 2 calls in a row in each state of tree=1" in printed
    assert "H6 one caller, no fault, no crash (by no method of this run)" in printed
    claim: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())["claim"]
    assert claim["k"] == 1
    assert [graph["scope"] for graph in claim["graphs"]] == ["tree"]
    assert claim["looks"]["none"] == []
    assert claim["looks"]["two"][0]["complete"] is True
    tested = {one["id"]: one["tested"] for one in claim["assumptions"]}
    assert tested == {"H1": True, "H2": True, "H3": True, "H4": False, "H5": False, "H6": False}
    assert "looks: none was not asked for" in [one["why_not"] for one in claim["assumptions"]]
    values = [one.get("value") for one in ElementTree.parse(tmp_path / "junit.xml").iter("property")]
    assert any(value is not None and value.startswith("k = 1: ") for value in values)
