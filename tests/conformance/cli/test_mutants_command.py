"""``snaptree mutants``: what it prints, and what further seeds are for."""

from __future__ import annotations

import pytest

from snaptree.conformance.cli.command import run


def test_further_seeds_hunt_what_random_methods_caught(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mutants", "description-lost", "rename-forgets-description", "--seeds", "3"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 of 2 faulty hypervisors caught" in said
    assert "2 of 2 are caught by the rule that the catalogue names first" in said
    # An example catches the other one, whatever the seed.
    assert "2 of 2 further hunts were right, with the seeds 1 to 2" in said


def test_one_seed_hunts_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mutants", "description-lost"]) == 0
    said = capsys.readouterr().out
    assert "witness of description-lost" in said
    assert "further hunts" not in said
