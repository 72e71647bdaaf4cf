"""The suite against hypervisors whose one fault is known: each is caught, and nobody else is blamed."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import iter_modules

import pytest

from snaptree.conformance import mutants as package
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.mutants import DRIVER, MUTANTS, Mutant, MutantDriver, hunt, options_for
from snaptree.conformance.mutants.mutant import mutants_of
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.smoke import smoke
from snaptree.conformance.running.workers import open_workers
from snaptree.spec.rules import rules

FAULTY = [mutant for mutant in MUTANTS if not mutant.correct]
CORRECT = [mutant for mutant in MUTANTS if mutant.correct]


def _named(name: str) -> Mutant:
    return next(mutant for mutant in MUTANTS if mutant.name == name)


def test_the_hypervisors_of_every_module_are_in_the_catalogue() -> None:
    names = [f"{package.__name__}.{one.name}" for one in iter_modules(package.__path__)]
    assert {one.name for name in names for one in mutants_of(import_module(name))} == {
        mutant.name for mutant in MUTANTS
    }


@pytest.mark.parametrize("mutant", FAULTY, ids=lambda mutant: mutant.name)
def test_a_faulty_hypervisor_is_caught_by_the_rule_that_it_breaks(mutant: Mutant) -> None:
    caught = hunt(mutant)
    assert caught.deviation is not None, f"not caught in {caught.steps} steps"
    assert caught.right
    assert set(caught.deviation.rules[:2]) & set(mutant.caught_by)
    assert not caught.deviation.flaky
    # The witness is made small: a fault of one call does not need a long story.
    assert 1 <= len(caught.deviation.sequence) <= (24 if mutant.found_by == "long" else 12)


@pytest.mark.parametrize("mutant", CORRECT, ids=lambda mutant: mutant.name)
def test_a_hypervisor_that_is_only_different_is_not_blamed(mutant: Mutant) -> None:
    # Every example and every transition takes 6,200 steps at most; the rest is sampled.
    caught = hunt(mutant, steps=7000)
    blamed = caught.deviation
    assert blamed is None, f"{blamed.rules}: {blamed.differences}"
    assert caught.right
    assert caught.steps >= 7000, "too little was done to say anything"


def test_the_catalogue_is_large_enough_and_names_are_unique() -> None:
    assert len(FAULTY) >= 16
    assert len(CORRECT) >= 5
    repeated = [name for name, times in Counter(mutant.name for mutant in MUTANTS).items() if times > 1]
    assert repeated == []


def test_every_rule_of_the_catalogue_exists() -> None:
    known = {rule.id for rule in rules()}
    assert [mutant.name for mutant in MUTANTS if not known.issuperset(mutant.caught_by)] == []


def test_a_method_that_should_find_one_exists() -> None:
    known = {method.name for method in METHODS}
    assert {mutant.found_by for mutant in MUTANTS if mutant.found_by} <= known


def test_exactly_the_faulty_ones_break_rules() -> None:
    assert [mutant.name for mutant in FAULTY if not mutant.caught_by] == []
    assert [mutant.name for mutant in CORRECT if mutant.caught_by] == []


def test_each_is_described_in_one_sentence_of_its_own() -> None:
    told = [mutant.about for mutant in MUTANTS]
    assert len(set(told)) == len(told)
    assert [about for about in told if not about.endswith(".") or ". " in about or len(about) > 120] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_its_driver_is_opened_by_name(mutant: Mutant) -> None:
    driver = open_driver(DRIVER, options_for(mutant))
    assert isinstance(driver, MutantDriver)
    assert driver.profile == mutant.claims
    assert type(driver.open()) is mutant.domain
    driver.close()


def test_a_hypervisor_that_is_not_in_the_catalogue_is_unavailable() -> None:
    with pytest.raises(DriverUnavailable, match="delta-dropped"):
        open_driver(DRIVER, DriverOptions(settings={"mutant": "nobody"}))


@pytest.mark.parametrize("mutant", CORRECT, ids=lambda mutant: mutant.name)
def test_the_smoke_test_lets_the_different_ones_through(mutant: Mutant) -> None:
    probes = list(smoke(MutantDriver(options_for(mutant))))
    assert [probe for probe in probes if probe.problem is not None] == []
    assert len(probes) == 10


def test_workers_in_other_processes_catch_it_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Elsewhere than in the project: a worker finds the catalogue by its name alone.
    monkeypatch.chdir(tmp_path)
    mutant = _named("current-not-moved")
    bounds = Bounds(scopes=(("tree", 2),), sequences=0, jobs=2)
    workers = open_workers(DRIVER, options_for(mutant), 2)
    outcome = run_methods(workers, mutant.claims, bounds)
    assert outcome.deviations
    assert {found.rules[0] for found in outcome.deviations.values()} == {"MERGE-4"}


def test_a_hunt_gives_up_when_its_time_is_over() -> None:
    caught = hunt(_named("full-copies"), limit=0.0)
    assert caught.deviation is None
    assert caught.seconds < 5


def test_no_clock_decides_whether_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = count(step=3600)
    module = import_module("snaptree.conformance.mutants.hunt")
    monkeypatch.setattr(module, "monotonic", lambda: float(next(hours)))
    assert hunt(_named("revert-boots")).right
    assert hunt(_named("full-copies"), steps=50).steps >= 50


def test_what_a_graph_seldom_meets_is_caught_by_a_bounded_method() -> None:
    for name in ("revert-boots", "ends-by-reverting", "leaves-transient-off", "saves-transient"):
        found = hunt(_named(name)).deviation
        assert found is not None
        assert found.method in ("examples", "aspects", "exhaustive")


def test_the_same_seed_finds_the_same_deviation() -> None:
    first, second = (hunt(_named("description-lost"), seed=7) for _ in range(2))
    assert first.deviation is not None
    assert second.deviation is not None
    assert (first.deviation.id, first.steps) == (second.deviation.id, second.steps)
    assert first.deviation.sequence == second.deviation.sequence
