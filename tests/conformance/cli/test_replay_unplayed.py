"""replay names the steps that it could not play: it was not the recorded story then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.cli.command import run

HEADER = {
    "trace": 1, "specification": "0.1", "driver": "simulator", "driver_version": "0.1.0",
    "profile": "rfc", "disks": {"vda": 1048576},
}  # fmt: skip
ATTACH = {"op": "attach_disk", "disk": "vdc", "size": 1048576}
LATER = {"op": "write_disk", "disk": "vdc", "block": 0, "value": 7}
CREATE = {"op": "create", "name": "a"}
REVERT = {"op": "revert", "snapshot": "s1"}


def replay(
    folder: Path, story: list[tuple[dict[str, Any], Any]], capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, str]:
    """The exit code and output of replay for a story that was accepted when it was recorded."""
    lines = [HEADER]
    for number, (operation, result) in enumerate(story, start=1):
        lines.append({"step": number, "operation": operation, "outcome": {"accepted": result}})
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code = run(["replay", str(path), *options])
    return code, " ".join(capsys.readouterr().out.split())


def test_steps_that_a_driver_does_not_have_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = [(ATTACH, None), (LATER, None), (CREATE, "1"), (REVERT, None)]
    code, told = replay(
        tmp_path, story, capsys, "--driver", "simulator", "--profile", "libvirt-qemu-external"
    )
    assert code == 0, "the driver did nothing wrong"
    assert "not played: 2 of 4 steps" in told
    assert "(step 1, 2): this is not the recorded story" in told


def test_a_story_that_was_played_has_no_such_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = [(ATTACH, None), (LATER, None), (CREATE, "1"), (REVERT, None)]
    code, told = replay(tmp_path, story, capsys, "--driver", "simulator")
    assert code == 0
    assert "not played" not in told
    assert "no deviation in" in told
