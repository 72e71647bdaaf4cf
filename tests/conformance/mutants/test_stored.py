"""Hypervisors that keep domains in files: each faulty one is caught by its rule, no correct one is blamed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.crashes import Crashes
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.mutants.stored import STORED, StoredDriver
from snaptree.conformance.mutants.stored.catalogue import Stored
from snaptree.conformance.mutants.stored.driver import DRIVER, options_for
from snaptree.conformance.mutants.stored.hunting import hunt_stored
from snaptree.conformance.mutants.stored.killed import LeftAfterRecovery, StateInPlace
from snaptree.conformance.running.smoke import smoke
from snaptree.spec.rules import rule

from ..storage.fuse import need_fuse

FAULTY = [one for one in STORED if not one.correct]
CORRECT = [one for one in STORED if one.correct]


@pytest.mark.parametrize("stored", FAULTY, ids=lambda stored: stored.name)
def test_a_faulty_one_is_caught_by_the_rule_that_it_breaks(stored: Stored) -> None:
    need_fuse()
    found, _ = hunt_stored(stored)
    assert found is not None
    assert found.rule in stored.caught_by
    assert "did not show it" not in found.observed, "a live kill shows another thing than the replay"
    assert "/tmp/" not in found.observed


@pytest.mark.parametrize("stored", CORRECT, ids=lambda stored: stored.name)
def test_a_correct_one_is_not_blamed(stored: Stored) -> None:
    need_fuse()
    every = os.environ.get("SNAPTREE_STORED") == "all"
    found, ledger = hunt_stored(stored, {} if every else {"crashes": 4, "failures": 1})
    assert found is None, found.observed
    assert ledger.counts.covered >= (28 if every else 8)
    assert ledger.counts.missed == 0
    assert ledger.tally.moments > 20


def test_each_kind_of_finding_of_a_call_is_told() -> None:
    need_fuse()

    class Both(StateInPlace, LeftAfterRecovery):
        """The first fault leaves what cannot be opened, the other one leaves files."""

    driver = StoredDriver(options_for(next(one for one in STORED if one.domain is StateInPlace)))
    driver.stored = replace(driver.stored, domain=Both)
    try:
        method, bounds = Crashes(), Bounds(crash_scopes=(("tree", 1),))
        creating = list(method.units(driver.profile, bounds))[1]
        parts = [run.differences[0].part for run in method.perform(driver, creating, Ledger())]
    finally:
        driver.close()
    assert parts[:2] == ["recovery", "leftover"], "damage comes before what is only left over"


def test_the_catalogue_is_large_enough_and_its_rules_exist() -> None:
    assert len(FAULTY) >= 20
    assert len(CORRECT) >= 4
    assert all(rule(identifier) for one in FAULTY for identifier in one.caught_by)
    assert len({one.about for one in STORED}) == len(STORED) == len({one.name for one in STORED})


@pytest.mark.parametrize("stored", CORRECT, ids=lambda stored: stored.name)
def test_the_smoke_test_lets_the_correct_ones_through(stored: Stored) -> None:
    driver = StoredDriver(DriverOptions(settings={"stored": stored.name}))
    try:
        assert [probe for probe in smoke(driver) if probe.problem is not None] == []
    finally:
        driver.close()


def test_an_unknown_name_is_answered_with_all() -> None:
    with pytest.raises(DriverUnavailable, match="'nobody'; it has to be one of: commit-before-data"):
        StoredDriver(DriverOptions(settings={"stored": "nobody"}))


def test_check_shows_the_moment_the_effects_around_it_and_how_to_see_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In workers of their own, with a live kill; a trace of calls would show nothing, so none is written."""
    need_fuse()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    asked = [
        "check",
        DRIVER,
        "--setting",
        "stored=state-in-place",
        "--graph",
        "tree=1",
        "--rules",
        "durability",
    ]
    asked += [
        "--sequences",
        "0",
        "--crash",
        "tree=1",
        "--jobs",
        "2",
        "--budget",
        "10m",
        "--out",
        str(tmp_path / "r"),
    ]
    assert run(asked) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "DURABLE-3 (MUST)" in shown
    assert "not opened again: JSONDecodeError" in shown
    assert "truncate of domain/state to 0 bytes; missing: write of" in shown
    assert "a live kill -9 shows the same" in shown
    (trace,) = (tmp_path / "r/traces").iterdir()
    assert f"snaptree replay {trace} --driver {DRIVER} --setting stored=state-in-place" in shown
    again = [*asked[1:4], "--in-process"]
    assert run(["replay", str(trace), "--driver", *again]) == 1
    replayed = " ".join(capsys.readouterr().out.split())
    assert f"deviation {trace.stem}" in replayed
    assert "not opened again: JSONDecodeError" in replayed
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
