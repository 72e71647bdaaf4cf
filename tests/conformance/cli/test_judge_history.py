"""``snaptree judge`` on histories of several callers: its exit codes and what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.judging import histories
from snaptree.conformance.sequences.history import Call, History, write_history
from snaptree.conformance.sequences.traces import Header
from snaptree.spec import operations as ops
from snaptree.spec.profiles import shipped_profile

RFC = shipped_profile("rfc")
CREATE = Call("a", ops.Create("x"), 1, 4, Returned("id-1"))


def look(begin: int, end: int, *ids: str) -> Call:
    return Call("b", ops.ListSnapshots(), begin, end, Returned([*ids]))


def judged(tmp_path: Path, *calls: Call, profile: str | None = None) -> int:
    path = tmp_path / "history.jsonl"
    write_history(path, History(Header.of("mine", "1", RFC, disks=DEFAULT_DISKS), calls))
    return run(["judge", str(path), *([] if profile is None else ["--profile", profile])])


def test_a_history_that_an_order_explains_conforms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(tmp_path, CREATE, look(2, 3, "id-1")) == 0
    said = capsys.readouterr().out
    assert "2 calls of 2 callers, 2 overlap another caller's" in said
    assert "no deviation" in said


def test_a_stale_look_deviates_with_its_rule_call_and_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(tmp_path, CREATE, look(5, 6)) == 1
    said = capsys.readouterr().out
    assert "CONCUR-3" in said
    assert "b: list() from 5 to 6" in said
    assert "[x]" in said
    drawn = [line for line in said.splitlines() if "├" in line]
    assert [line[:3] for line in drawn] == ["  a", "✗ b"]
    assert drawn[0].index("┤") < drawn[1].index("├")


def test_of_a_long_history_the_calls_about_the_wrong_one_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = [look(10 + 2 * number, 11 + 2 * number, "id-1") for number in range(60)]
    assert judged(tmp_path, CREATE, *looks[:40], look(90, 91), *looks[41:]) == 1
    drawn = [line for line in capsys.readouterr().out.splitlines() if "├" in line]
    assert len(drawn) == 24
    assert drawn[-1].startswith("✗")


def test_an_undecided_history_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = histories.assess_history
    monkeypatch.setattr(
        "snaptree.conformance.cli.histories.assess_history",
        lambda history, profile: decided(history, profile, most_nodes=0),
    )
    assert judged(tmp_path, CREATE) == 6
    assert "undecided" in capsys.readouterr().out


def test_a_history_without_answers_tests_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(tmp_path, Call("a", ops.Create("x"), 1)) == 4
    assert "nothing was tested" in capsys.readouterr().err


def test_wrong_usage_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(tmp_path, CREATE, profile="nobody") == 2
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({"history": 1}))
    assert run(["judge", str(bad)]) == 2
    said = capsys.readouterr().err
    assert len(said.strip().splitlines()) == 2
    assert "Traceback" not in said


def test_what_callers_are_called_reaches_the_terminal_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = Call("[red]\x1b[31m\u202e", ops.ListSnapshots(), 5, 6, Returned([]))
    assert judged(tmp_path, CREATE, hostile) == 1
    said = capsys.readouterr().out
    assert "[red]" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_a_history_is_drawn_as_svg_and_hostile_names_are_text_in_it(tmp_path: Path) -> None:
    hostile = Call("<script>\x1b", ops.ListSnapshots(), 5, 6, Returned([]))
    path, svg = tmp_path / "history.jsonl", tmp_path / "lanes.svg"
    write_history(path, History(Header.of("mine", "1", RFC, disks=DEFAULT_DISKS), (CREATE, hostile)))
    assert run(["judge", str(path), "--svg", str(svg)]) == 1
    drawn = etree.parse(str(svg)).getroot()
    texts = [str(one.text) for one in drawn.iter("{*}text")]
    assert any(text.startswith("✗ list()") for text in texts)
    assert any("<script>" in text for text in texts)
    assert list(drawn.iter("{*}script")) == []
    assert run(["judge", str(path), "--svg", str(tmp_path / "none" / "lanes.svg")]) == 2


def test_the_states_that_were_possible_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(tmp_path, CREATE, look(5, 6)) == 1
    assert "possible  [x], current x, off" in capsys.readouterr().out
