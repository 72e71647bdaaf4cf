"""``--json``: facts alone on stdout, what people read on stderr, and the same exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.cli.drivers import SHIPPED
from snaptree.conformance.running.prepare import Preparation

TRACES = Path(__file__).parents[2] / "traces"
HISTORY = (
    '{"history": 1, "specification": "0.1", "driver": "a", "driver_version": "1", "profile": "rfc"}\n'
    '{"caller": "a", "operation": {"op": "count"}, "begin": 1, "end": 2, "outcome": {"accepted": %d}}\n'
)


def facts(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> Any:
    """What a command prints on stdout as JSON; people read something too."""
    assert run([*arguments, "--json"]) == code
    shown = capsys.readouterr()
    assert shown.err
    return json.loads(shown.out)


def test_smoke(capsys: pytest.CaptureFixture[str]) -> None:
    found = facts(capsys, 0, "smoke", "simulator")
    assert found["can_be_judged"] is True
    assert len(found["calls"]) == 10
    assert all(one["problem"] is None for one in found["calls"])


def test_judge_and_replay(capsys: pytest.CaptureFixture[str]) -> None:
    trace = next(path for path in sorted(TRACES.glob("*.jsonl")) if run(["judge", str(path)]) == 1)
    capsys.readouterr()
    found = facts(capsys, 1, "judge", str(trace))
    assert found["deviation"]["rules"]
    assert len(found["steps"]) == len(found["deviation"]["sequence"])
    again = facts(capsys, 0, "replay", str(trace), "--in-process")
    assert again["deviation"] is None
    assert all(one["observed"] for one in again["steps"])


def test_judge_of_a_history(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text(HISTORY % 0)
    assert facts(capsys, 0, "judge", str(history)) == {"result": "explained", "calls": 1, "unexplained": None}
    history.write_text(HISTORY % 5)
    found = facts(capsys, 1, "judge", str(history))
    assert found["unexplained"] == {"caller": "a", "operation": {"op": "count"}, "begin": 1, "end": 2}


def test_laws(capsys: pytest.CaptureFixture[str]) -> None:
    found = facts(capsys, 0, "laws", "--snapshots", "1", "--scope", "storage")
    assert found["profile"] == "rfc"
    assert len(found["laws"]) > 30
    assert all(one["contradiction"] is None for one in found["laws"])


def test_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = facts(capsys, 0, "mutants", "busy-after-start")
    assert found["right"] is True
    assert found["deviation"]["rules"]


def test_compare(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_suite(_console: object, prepared: Preparation) -> list[object]:
        assert prepared.workers.close(early=False) == []
        return []

    monkeypatch.setattr("snaptree.conformance.cli.compare._deviating", no_suite)
    found = facts(capsys, 0, "compare", "simulator", "simulator")
    assert found["differences"] == []
    assert len(found["drivers"]) == 2


def test_drivers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: SHIPPED[name] for name in ("simulator", "qemu")}
    monkeypatch.setattr("snaptree.conformance.cli.drivers.SHIPPED", few)
    found = facts(capsys, 0, "drivers")
    assert [one["name"] for one in found] == [*few]
    assert found[0]["usable"] is True
