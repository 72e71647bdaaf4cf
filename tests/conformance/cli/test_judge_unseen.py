"""judge says what it did not look at, and tests nothing where it looked at nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run

HEADER = {
    "trace": 1, "specification": "0.1", "driver": "pasted", "driver_version": "1",
    "profile": "libvirt-test", "disks": {"vda": 1048576},
}  # fmt: skip
TREE_ONLY = """
name = "pasted"
inherits = "libvirt-test"
[observes]
description = "never"
captured = "never"
configuration = "never"
power = "never"
"""


def entry(name: str, parent: str | None, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "parent": parent, **more}


def seen(*entries: dict[str, Any], current: str | None) -> dict[str, Any]:
    return {"snapshots": [*entries], "current": current}


STORY: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
    ({"op": "create", "name": "mon"}, "mon", seen(entry("mon", None), current="mon")),
    ({"op": "create", "name": "tue"}, "tue", seen(entry("mon", None), entry("tue", "mon"), current="tue")),
    ({"op": "revert", "snapshot": "s1"}, None, seen(entry("mon", None), entry("tue", "mon"), current="mon")),
]


def judge(
    folder: Path, shown: list[Any], capsys: pytest.CaptureFixture[str], *, keys: bool = True
) -> tuple[int, str]:
    """The exit code and output of judge for the story with these observations."""
    lines: list[dict[str, Any]] = [HEADER]
    for number, ((operation, result, _), one) in enumerate(zip(STORY, shown, strict=True), start=1):
        step = {"step": number, "operation": operation, "outcome": {"accepted": result}, **one}
        lines.append(step)
    (folder / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "tree.toml").write_text(TREE_ONLY)
    profile = ["--profile", str(folder / "tree.toml")] if keys else []
    code = run(["judge", str(folder / "t.jsonl"), *profile])
    return code, " ".join(capsys.readouterr().out.split())


def test_names_parents_and_current_alone_can_be_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = judge(tmp_path, [{"observation": one} for *_, one in STORY], capsys)
    assert (code, "no deviation in 3 steps" in said) == (0, True), said
    assert "not observed" not in said


def test_a_wrong_tree_is_found_in_a_partial_observation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = seen(entry("tue", None), current=None)
    code, said = judge(
        tmp_path, [*({"observation": one} for *_, one in STORY[:2]), {"observation": lost}], capsys
    )
    assert code == 1
    assert "wrong" in said


def test_a_claimed_key_that_is_absent_is_a_deviation_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = judge(tmp_path, [{"observation": one} for *_, one in STORY], capsys, keys=False)
    assert code == 1
    assert "the profile says" in said
    assert "left out" in said
    assert "Error" not in said


@pytest.mark.parametrize("nothing", [{}, {"observation": None}, {"observation": None, "observed": False}])
def test_nothing_observed_is_nothing_tested(
    nothing: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = judge(tmp_path, [nothing] * 3, capsys)
    assert code == 4
    assert "nothing was tested" in said


def test_what_was_not_observed_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = judge(tmp_path, [{}, {"observation": STORY[1][2]}, {}], capsys)
    assert code == 0
    assert "state not observed in 2 of 3 steps" in said


@pytest.mark.parametrize("shown", [None, [], 0, "x", {"snapshots": {}}, {"power": "off"}])
def test_a_recorded_value_that_is_no_observation_is_a_deviation(
    shown: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = judge(tmp_path, [{"observation": shown, "observed": True}, {}, {}], capsys)
    assert code == 1
    assert "PROFILE-4" in said
