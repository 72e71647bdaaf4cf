"""Scenarios: the words of the shell as operations, and ``check --scenario``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.shell.scenario import ScenarioError, read_scenario
from snaptree.spec import operations as ops
from snaptree.spec.profiles import load_profile

RFC = load_profile("rfc")

HASTY = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""


def test_a_snapshot_is_named_by_the_name_that_it_has_at_that_moment() -> None:
    text = "write 7; create mon\n# a comment\nrename mon tue; create mon; revert tue; discard(mon)"
    assert read_scenario(text, RFC) == (
        ops.WriteDisk("vda", 0, 7),
        ops.Create("mon"),
        ops.Rename("s1", "tue"),
        ops.Create("mon"),
        ops.Revert("s1"),
        ops.Discard("s2"),
    )


def test_what_the_model_refuses_is_a_call_of_the_scenario_and_makes_no_snapshot() -> None:
    read = read_scenario("create a; create a; create b; revert b", RFC)
    assert read[-1] == ops.Revert("s2")


def test_a_scenario_goes_on_after_operations() -> None:
    assert read_scenario("revert a", RFC, before=[ops.Create("a")]) == (ops.Revert("s1"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("creat a", "the scenario: no command 'creat'; did you mean create"),
        ("create a\nrevert", "the scenario:2: snapshot is missing"),
        ("undo", "no command 'undo'"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        read_scenario(text, RFC)
    assert told in str(raised.value)


def test_check_runs_the_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("retention.snap").write_text("write; create mon\nwrite; create tue\ndiscard mon\n", encoding="utf-8")
    assert run(["check", "--scenario", "retention.snap"]) == 0
    assert "no deviation in 1 of 1 scenario, 5 steps" in capsys.readouterr().out
    assert [one.name for one in tmp_path.iterdir()] == ["retention.snap"], "nothing is left unasked"
    Path("hasty_scenario.py").write_text(HASTY, encoding="utf-8")
    command = ["check", "hasty_scenario:HastyDriver", "--scenario", "retention.snap", "--out", "out"]
    assert run(command) == 1
    shown = capsys.readouterr().out
    assert "DISCARD-5" in shown
    assert "deviates in 1 way" in shown
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert [one["method"] for one in report["methods"]] == ["scenarios"]
    (trace,) = Path("out/traces").iterdir()
    assert run(["replay", str(trace), "--driver", "hasty_scenario:HastyDriver"]) == 1


@pytest.mark.parametrize("content", [b"# nothing", b"\xff\xfe", b"creat a", None])
def test_a_file_that_is_no_scenario_is_one_line(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.snap"
    if content is not None:
        path.write_bytes(content)
    assert run(["check", "--scenario", str(path)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "x.snap" in told
