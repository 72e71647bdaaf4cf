"""A baseline: what a former run found does not fail the next one, and what it showed is told if lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run

DRIVER = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty


class Hastier(Hasty):
    def merge_into_children(self, snapshot):
        self.discard_forced(snapshot, None)


class HastierDriver(SimulatorDriver):
    domain_class = Hastier


class RightDriver(SimulatorDriver):
    pass
"""

QUICK = ("--graph", "tree=1", "--methods", "exhaustive", "--seed", "7", "--in-process")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers that deviate, in the current folder."""
    (tmp_path / "hasty_b.py").write_text(DRIVER)
    monkeypatch.chdir(tmp_path)


def report(folder: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(Path(folder, "report.json").read_text())
    return record


def test_only_what_the_baseline_does_not_have_fails_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "hasty_b:HastyDriver", *QUICK, "--out", "first"]) == 1
    old = {found["id"] for found in report("first")["deviations"]}
    assert old
    assert run(["check", "hasty_b:HastyDriver", *QUICK, "--baseline", "first", "--out", "again"]) == 0
    assert {found["id"] for found in report("again")["deviations"] if found["known"]} == old
    worse = ["check", "hasty_b:HastierDriver", *QUICK, "--baseline", "first/report.json", "--out", "worse"]
    assert run(worse) == 1
    new = {found["id"] for found in report("worse")["deviations"] if not found["known"]}
    assert new
    assert not new & old
    capsys.readouterr()
    assert run(["check", "hasty_b:RightDriver", *QUICK, "--baseline", "first", "--out", "mended"]) == 0
    assert set(report("mended")["baseline"]["gone"]) == old
    shown = " ".join(capsys.readouterr().out.split())
    assert all(f"no longer seen: deviation {one} " in shown for one in old)


def test_a_rule_that_passed_in_the_baseline_and_is_not_observed_now_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["check", "--graph", "tree=1", "--methods", "values", "--in-process", "--out", "first"]) == 0
    assert run(["check", *QUICK, "--baseline", "first", "--out", "less"]) == 0
    lost = report("less")["baseline"]["lost"]
    assert {"id": "LIST-2", "status": "not observed"} in lost
    shown = " ".join(capsys.readouterr().out.split())
    assert "passed in the baseline, and not observed now: " in shown


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        ("{", "no report of snaptree check: not JSON"),
        ("[" * 100_000, "no report of snaptree check: not JSON"),
        ("{}", "no report of snaptree check: the document"),
    ],
)
def test_what_is_no_report_is_wrong_usage(
    content: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        Path("base.json").write_text(content)
    assert run(["check", *QUICK, "--baseline", "base.json"]) == 2
    assert told in capsys.readouterr().err


def test_the_baseline_of_another_driver_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", *QUICK, "--out", "first"]) == 0
    record = report("first")
    record["driver"]["name"] = "other"
    Path("other.json").write_text(json.dumps(record))
    assert run(["check", *QUICK, "--baseline", "other.json"]) == 2
    assert "the baseline is of other under profile rfc" in capsys.readouterr().err
