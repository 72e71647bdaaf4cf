"""The folder of a report: it never mixes two runs, and a report that cannot be written changes no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run

DRIVER = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Mute(SimulatedDomain):
    def describe(self, snapshot, description):
        pass


class MuteDriver(SimulatorDriver):
    domain_class = Mute
"""

QUICK = ("--graph", "tree=1", "--sequences", "4", "--seed", "7")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that deviates, in the current folder."""
    (tmp_path / "mute.py").write_text(DRIVER)
    monkeypatch.chdir(tmp_path)


def test_traces_of_a_former_run_go_and_foreign_files_stay(tmp_path: Path) -> None:
    traces = tmp_path / "out" / "traces"
    traces.mkdir(parents=True)
    for name in ("0123abcd.jsonl", "mine.jsonl", "notes.txt"):
        (traces / name).write_text("{}")
    assert run(["check", "mute:MuteDriver", *QUICK, "--out", "out"]) == 1
    names = {path.name for path in traces.iterdir()}
    assert names >= {"mine.jsonl", "notes.txt"}
    assert "0123abcd.jsonl" not in names
    assert len(names) > 2
    assert run(["check", *QUICK, "--out", "out"]) == 0
    assert {path.name for path in traces.iterdir()} == {"mine.jsonl", "notes.txt"}


@pytest.mark.parametrize(("driver", "code"), [("mute:MuteDriver", 1), ("simulator", 3)])
def test_a_report_that_cannot_be_written_leaves_a_deviation_and_spoils_a_success(
    driver: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "junit.xml").mkdir(parents=True)
    assert run(["check", driver, *QUICK, "--out", "out"]) == code
    assert "the report could not be written" in capsys.readouterr().err
