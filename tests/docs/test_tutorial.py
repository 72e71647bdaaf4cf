"""The tutorial: its commands run as they stand, and end as it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "content" / "tutorial.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def _commands(title: str) -> list[str]:
    return re.findall(r"^\$ (.*)$", _section(title), re.MULTILINE)


def _run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        shlex.split(command),
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PATH": path},
    )  # fmt: skip


def _follow(folder: Path, commands: list[str]) -> Path:
    """Run commands that succeed; returns the folder that they end in."""
    for command in commands:
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
            continue
        done = _run(folder, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return folder


def test_the_driver_in_python_conforms_and_the_broken_one_deviates(tmp_path: Path) -> None:
    folder = _follow(tmp_path, _commands("A driver in Python"))
    driver = folder / "mine_driver.py"
    (broken,) = re.findall(r"```python\n(.*?)```", _section("Break it"), re.DOTALL)
    head, _, rest = driver.read_text(encoding="utf-8").partition("    def write(self, layer")
    driver.write_text(head + broken + "\n" + rest[rest.index("    def close") :], encoding="utf-8")
    (scenario,) = re.findall(r"```text\n(.*?)```", _section("Break it"), re.DOTALL)
    (folder / "last.snap").write_text(scenario, encoding="utf-8")
    assert _run(folder, "snaptree smoke mine_driver:Driver").returncode == 0
    for command in _commands("Break it"):
        done = _run(folder, command)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "smallest sequence" in done.stdout
        assert " replay  snaptree replay" in done.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_driver_in_another_language_conforms(tmp_path: Path) -> None:
    (scenario,) = re.findall(r"```text\n(.*?)```", _section("Break it"), re.DOTALL)
    *before, last = _commands("A driver in another language")
    folder = _follow(tmp_path, before)
    (folder / "last.snap").write_text(scenario, encoding="utf-8")
    _follow(folder, [last])
