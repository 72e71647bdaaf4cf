"""A run that is asked about some rules makes what these need, and finds what a whole run finds about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.needs import calls_of, needs_of, speak_of_faults
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.graph import graph_of
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.sampled import BYTES, Decoder, draw, needed
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import rule, rules

RFC = load_profile("rfc")
SMALL = Bounds(
    (("tree", 2),), 5, sequences=6, longest=30, limits=True, history=1,
    history_scopes=(("tree", 1),), looks=("none", "two"), pace="fast",
)  # fmt: skip


class Forgets(SimulatedDomain):
    """Forgets content that is merged into a parent."""

    def merge_into_parent(self, snapshot: str) -> None:
        super().merge_into_parent(snapshot)
        self.write_disk("vda", 0, 1)


class ForgetsDriver(SimulatorDriver):
    domain_class = Forgets


def performed(calls: Calls) -> dict[str, Ledger]:
    """The ledger of each method on the simulator."""
    driver = SimulatorDriver()
    bounds = replace(SMALL, calls=calls)
    ledgers: dict[str, Ledger] = {}
    for method in METHODS:
        ledger = ledgers[method.name] = Ledger()
        total = sum(part.total for part in method.parts(driver.profile, bounds))
        for unit in method.units(driver.profile, bounds):
            assert list(method.perform(driver, unit, ledger)) == []
        counts = ledger.counts
        assert counts.covered + counts.missed + counts.deviated == total, method.name
    return ledgers


def test_calls_are_those_that_the_rules_speak_of() -> None:
    assert calls_of([rule("MERGE-3")]) == {"merge_into_children"}
    assert calls_of([rule("CONCUR-1")]) == calls_of([rule("DURABLE-1")]) == frozenset()
    assert calls_of(rules()) is None
    assert [speak_of_faults([rule(one)]) for one in ("MERGE-3", "DURABLE-1")] == [False, True]


def test_every_need_of_a_rule_is_of_its_calls() -> None:
    for one in rules():
        calls = calls_of([one])
        for need in needs_of(one, RFC):
            assert calls is None or not need.of_step or need.call in calls, one.id


def test_each_method_does_less_and_all_of_the_call() -> None:
    whole, chosen = performed(None), performed(frozenset({"merge_into_parent"}))
    steps = {name: ledger.tally.steps for name, ledger in chosen.items()}
    every = sum(ledger.tally.steps for ledger in whole.values())
    assert 0 < sum(steps.values()) < every / 2
    for name in ("examples", "stories", "sampled", "exhaustive", "histories"):
        assert 0 < steps[name] < whole[name].tally.steps, name
    graph = graph_of(RFC, 2, "tree")
    merges = sum(label[0] == "merge_into_parent" for leaving in graph.edges.values() for label in leaving)
    assert chosen["exhaustive"].counts.covered >= merges > 0

    def seen(ledgers: dict[str, Ledger]) -> set[object]:
        keys = (key for ledger in ledgers.values() for key in ledger.tally.coverage)
        return {(outcome, held) for call, outcome, _, held in keys if call == "merge_into_parent"}

    bounded = [name for name in whole if name not in ("sampled", "pairs")]
    assert seen({name: chosen[name] for name in bounded}) >= seen({name: whole[name] for name in bounded})


def test_no_call_is_no_work() -> None:
    assert sum(ledger.tally.steps for ledger in performed(frozenset()).values()) == 0


def test_writes_before_a_create_are_work_of_a_rule_about_writes() -> None:
    assert performed(frozenset({"write_disk"}))["exhaustive"].counts.covered > 0


@pytest.mark.parametrize("call", ["discard", "create", "undefine"])
def test_a_drawn_sequence_ends_with_the_last_step_of_the_call(call: str) -> None:
    decoder = Decoder(RFC)
    for number in range(20):
        drawn = draw(3, number, 40)
        short = needed(drawn, decoder, frozenset({call}))
        assert drawn.startswith(short)
        assert not short or decoder.may_make(short[-BYTES], frozenset({call}))
        assert not any(decoder.may_make(one, frozenset({call})) for one in drawn[len(short) :: BYTES])
        assert needed(drawn, decoder, None) == drawn


def test_a_run_of_one_rule_says_what_it_holds_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    bounds = ("--graph", "tree=2", "--sequences", "4", "--seed", "1", "--jobs", "1", "--out", str(out))
    assert run(["check", "simulator", "--rules", "MERGE-3", *bounds]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["claim"]["calls"] == ["merge_into_children"]
    assert [one["status"] for one in report["rules"]] == ["pass"]
    assert "call that the chosen rules speak of (merge_into_children)" in " ".join(
        capsys.readouterr().out.split()
    )
    assert run(["check", "simulator", "--rules", "MERGE-3", "--methods", "examples", *bounds]) in (0, 4)
    report = json.loads((out / "report.json").read_text())
    assert {one["method"] for one in report["methods"]} == {"examples"}
    assert "by examples alone" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_a_fault_of_a_call_is_found_by_the_rules_that_speak_of_it(tmp_path: Path) -> None:
    bounds = ("--graph", "tree=2", "--sequences", "0", "--seed", "1", "--jobs", "1", "--deviations", "none")
    found = {}
    for only in ((), ("--rules", "merge-into-parent")):
        out = tmp_path / str(len(only))
        run(["check", f"{__name__}:ForgetsDriver", *only, *bounds, "--out", str(out)])
        report = json.loads((out / "report.json").read_text())
        broken = {one["id"]: set(one["rules"]) for one in report["deviations"]}
        merging = {one.id for one in rules() if one.chapter == "merge-into-parent"}
        found[only] = {identifier for identifier, its in broken.items() if its & merging}
    assert len({frozenset(ids) for ids in found.values()}) == 1
    assert all(found.values())


def test_a_method_that_does_not_exist_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--methods", "exhaustiv"]) == 2
    assert "did you mean exhaustive?" in capsys.readouterr().err
    assert run(["check", "--methods", ","]) == 2


def test_each_method_of_faults_can_be_chosen_alone(tmp_path: Path) -> None:
    for method in ("crashes", "failures"):
        out = tmp_path / method
        bounds = ("--crash", "tree=1", "--failure", "tree=1", "--jobs", "1", "--seed", "1", "--out", str(out))
        assert run(["check", "simulator", "--rules", "DURABLE-*", "--methods", method, *bounds]) in (0, 4)
        report = json.loads((out / "report.json").read_text())
        assert [(one["method"], one["complete"]) for one in report["methods"]] == [(method, True)]
        assert report["methods"][0]["covered"] > 0
