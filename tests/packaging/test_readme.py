"""The README's ten-line driver is caught as the README shows it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.judging.record import RunRecord
from snaptree.conformance.judging.verdict import judge
from snaptree.conformance.methods.aspects import Aspects
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import Examples
from snaptree.conformance.methods.stories import Stories
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import rules

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_ten_line_driver_is_caught_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n# mine\.py\n(.*?)```", README, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    (tmp_path / "readme_driver.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert (
        run(["check", "readme_driver:MyDriver", "--snapshots", "2", "--sequences", "40", "--seed", "1"]) == 1
    )
    shown = capsys.readouterr().out
    assert "check mine:MyDriver --snapshots 2 --sequences 40 --seed 1" in README
    (identifier,) = re.findall(r"deviation 1 of 1  ([0-9a-f]{8})", README)
    assert f"deviation 1 of 1  {identifier}" in shown, "the id is stable over runs and seeds"
    for line in (" 1  create(a)", " 3  discard(a)", " allowed   refused as WouldDiscard"):
        assert line in README
        assert line in shown
    (verdict,) = re.findall(r"^mine:MyDriver (deviates in .*)$", README, re.MULTILINE)
    assert f"readme_driver:MyDriver {verdict}" in shown.splitlines()
    trace = tmp_path / "snaptree-report" / "traces" / f"{identifier}.jsonl"
    assert run(["replay", str(trace), "--driver", "readme_driver:MyDriver"]) == 1


def test_the_verdicts_shown_count_the_rules_that_there_are() -> None:
    profile = load_profile("rfc")
    nothing_seen = Counter(one.status for one in judge(RunRecord(), profile, rules()).rules)
    shown = re.sub(r"[│\n ]+", " ", README)
    verdicts = re.findall(r"\((\d+) of (\d+) rules passed, ([\w ,]+) not judged by steps[,)]", shown)
    assert len(verdicts) == 2
    for passed, of, rest in verdicts:
        numbers = [int(one) for one in re.findall(r"\d+", rest)]
        assert int(of) == len(rules()) == int(passed) + sum(numbers)
        assert numbers[-1] == nothing_seen["judged elsewhere"]
        assert f"{nothing_seen['not claimed']} not claimed" in rest
    for method in (Examples(), Aspects(), Stories()):
        (part,) = method.parts(profile, Bounds())
        assert re.search(rf"{method.name} +{re.escape(part.title)} +{part.total} of {part.total} ", README)


def test_every_command_of_the_table_exists(capsys: pytest.CaptureFixture[str]) -> None:
    commands = set(re.findall(r"`snaptree ([a-z]+)", README))
    assert commands >= {"check", "smoke", "drivers", "rules", "plan", "replay", "judge", "mutants"}
    for command in sorted(commands):
        assert run([command, "--help"]) == 0
    capsys.readouterr()
