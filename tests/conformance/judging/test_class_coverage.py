"""The classes that a run met: what stayed empty is named, on the terminal and in the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.judging.class_coverage import class_coverage, text_of_cell, text_of_pair
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.domains.search import (
    DISKS,
    Cell,
    Menus,
    after_step,
    feasible_cells,
    feasible_pairs,
)
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.table import DIMENSIONS
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.profiles import load_profile
from snaptree.spec.state import blank_domain

QEMU, RFC = load_profile("qemu"), load_profile("rfc")


def played(*operations: ops.Operation) -> Tally:
    tally, driver = Tally(), SimulatorDriver()
    driver.profile = QEMU
    run_sequence(driver, operations, tally=tally)
    return tally


def test_nothing_is_met_by_nothing() -> None:
    coverage = class_coverage(Tally(), QEMU, pairs=True)
    assert (coverage.met, coverage.feasible) == (0, len(feasible_cells(QEMU)))
    assert set(coverage.empty) == set(feasible_cells(QEMU))
    assert coverage.pairs is not None
    assert (coverage.pairs.met, coverage.pairs.feasible) == (0, len(feasible_pairs(QEMU)))


def test_a_step_meets_the_classes_of_its_arguments_and_their_pairs() -> None:
    coverage = class_coverage(played(ops.Create("a"), ops.Create("a")), QEMU, pairs=True)
    assert coverage.steps[Cell("create", "name", "plain", "accepted")] == 1
    assert coverage.steps[Cell("create", "name", "borne by another", "refused")] == 1
    assert Cell("create", "name", "empty", "refused") in coverage.empty
    assert coverage.pairs is not None
    met = feasible_pairs(QEMU).keys() - coverage.pairs.empty.keys()
    assert "create tree 'empty' with name 'plain'" in {text_of_pair(pair) for pair in met}
    # Seven dimensions of create make 21 pairs; the second create differs in two of them.
    assert 21 < coverage.pairs.met <= 42


def test_a_step_that_deviates_meets_nothing() -> None:
    class Refusing(SimulatedDomain):
        def create(self, *given: Any, **named: Any) -> str:  # noqa: ARG002
            raise InvalidArgument("never")

    driver, tally = SimulatorDriver(), Tally()
    driver.profile, driver.domain_class = QEMU, Refusing
    run_sequence(driver, [ops.Create("a")], tally=tally)
    assert class_coverage(tally, QEMU, pairs=False).met == 0


@pytest.mark.parametrize("option", [[], ["--coverage"]])
def test_what_stayed_empty_is_named(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = ["--profile", "qemu", "--graph", "tree=1", "--sequences", "0", "--seed", "1", "--jobs", "1"]
    assert run(["check", *bounds, *option, "--out", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    total = len(feasible_cells(QEMU))
    assert f"classes of arguments: {total} of {total}, accepted and refused apart" in shown
    classes = json.loads((tmp_path / "report.json").read_text())["classes"]
    assert (classes["feasible"], classes["met"], classes["empty"]) == (total, total, [])
    row = {"call": "create", "argument": "name", "class": "empty", "refused": 1}
    assert any(
        row.items() <= {**one, "refused": min(1, one.get("refused", 0))}.items() for one in classes["steps"]
    )
    if option:
        pairs = classes["pairs"]
        assert pairs["feasible"] == len(feasible_pairs(QEMU))
        assert len(pairs["empty"]) == pairs["feasible"] - pairs["met"] > 0
        assert f"pairs that no step met: {len(pairs['empty']):,}" in shown
        assert pairs["empty"][0] in shown
        assert [*pairs["ways"]] == pairs["empty"]
        assert " ".join(f"{pairs['empty'][0]}: {pairs['ways'][pairs['empty'][0]]}".split()) in shown
    else:
        assert "pairs" not in classes, "a run with bounds does not compute them"


def test_cells_and_pairs_in_words() -> None:
    assert text_of_cell(Cell("create", "name", "empty", "refused")) == "create name 'empty' refused"
    assert text_of_cell(Cell("start", "", "", "accepted")) == "start accepted"


def test_each_pair_can_be_chosen_where_its_way_leads() -> None:
    for pair, way in [*feasible_pairs(RFC).items()][::400]:
        persistent = "transient" not in (pair.name if pair.argument == "power" else "")
        situation = Situation(blank_domain(DISKS, persistent=persistent), RFC)
        for operation in way:
            after = after_step(situation, operation)
            assert after is not None
            situation = after
        menus = Menus(situation)
        for argument, name in ((pair.argument, pair.name), (pair.other, pair.other_name)):
            one = next(one for one in DIMENSIONS[pair.call] if one.name == argument)
            assert name in menus.whole(pair.call, one), (pair, way)
