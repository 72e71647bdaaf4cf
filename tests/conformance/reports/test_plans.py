"""A printed plan: what is destroyed and detached is said, and nothing is drawn of what is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["plan", *arguments]) == 0
    return capsys.readouterr().out


def test_nothing_is_drawn_after_the_removal_of_a_domain(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "undefine_forced()", "--tree", "chain")
    assert "afterwards" not in shown
    assert "active      removed" in shown


def test_the_active_state_of_an_image_stands_under_destroys(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "undefine()", "--tree", "saved")
    (line,) = (line for line in shown.splitlines() if line.startswith("destroys"))
    assert line == "destroys    a, b, what the active state holds"


def test_a_replaced_leaf_stands_under_destroys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    profile = tmp_path / "rep.toml"
    profile.write_text('name = "rep"\ninherits = "rfc"\n[names]\npolicy = "replace"\n')
    shown = printed(capsys, "create(d)", "--tree", "fork", "--profile", str(profile))
    assert "destroys    d\n" in shown


def test_a_plan_without_such_losses_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "merge_into_children(b)", "--tree", "fork")
    assert "destroys    nothing\n" in shown
    assert "detaches" not in shown
