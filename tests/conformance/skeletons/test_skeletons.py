"""``snaptree new``: a folder that runs at once in each language, or one line and nothing left."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.skeletons import making
from snaptree.conformance.skeletons.languages import LANGUAGES
from snaptree.conformance.skeletons.making import commands, contents

NEEDS = {"node": "node", "c": "gcc", "rust": "cargo", "go": "go"}
"""The program that a language needs, beside Python."""

ITS_TESTS = tuple(LANGUAGES) if os.environ.get("SNAPTREE_SKELETONS") == "all" else ("python", "node")
"""The languages whose own tests are run: each is a run of the suite."""


def _require(language: str) -> None:
    program = NEEDS.get(language)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def _shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        shlex.split(command),
        cwd=folder, capture_output=True, text=True, timeout=500, check=False, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_smoke_is_green_before_a_line_is_written(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require(language)
    monkeypatch.chdir(tmp_path)
    assert run(["new", "my-driver", "--language", language]) == 0
    folder, said = tmp_path / "my-driver", commands("my-driver", LANGUAGES[language])
    if "prepare" in said:
        prepared = _shell(folder, said["prepare"])
        assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    done = _shell(folder, said["smoke"])
    assert done.returncode == 0, done.stdout + done.stderr
    # The last line of smoke is the command that follows, as it has to be typed.
    follows = done.stdout.splitlines()[-1].partition(": ")[2]
    assert said["check"].startswith(follows)
    assert [one.name for one in tmp_path.iterdir()] == ["my-driver"]
    if language in ITS_TESTS:
        tested = _shell(folder, said["test"])
        assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_is_filled_in_and_named_in_the_readme(language: str) -> None:
    made = dict(contents("my-driver", LANGUAGES[language]))
    assert [path for path, text in made.items() if "@NAME@" in text or "@MODULE@" in text] == []
    assert [path for path in made if f"`{path}`" not in made["README.md"]] in (
        [".gitignore", "README.md"],
        ["README.md", ".gitignore"],
    )
    assert tomllib.loads(made["my-driver.toml"])["name"] == "my-driver"
    assert tomllib.loads(made["known_deviations.toml"]) == {}
    for ci in (".github/workflows/snaptree.yml", ".gitlab-ci.yml"):
        assert LANGUAGES[language].test in made[ci]
        assert "snaptree check" in made[ci]


@pytest.mark.parametrize(
    "name", ["", "../out", "Mine", "1st", "a_b", "a--b", "-x", "a/b", "mine.py", "x" * 41, "é", "a\nb"]
)
def test_a_bad_name_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["new", "--", name]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_language_that_is_not_there_names_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["new", "mine", "--language", "pyton"]) == 2
    assert "did you mean python?" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_what_is_there_stays(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "mine"
    if kind == "folder":
        there.mkdir()
    elif kind == "file":
        there.write_text("mine", encoding="utf-8")
    else:
        there.symlink_to("nowhere")
    assert run(["new", "mine"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [there]


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_where_it_cannot_be_written(
    fault: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    written: list[Path] = []
    write = Path.write_text

    def full(path: Path, text: str, **given: str) -> int:
        written.append(path)
        if len(written) == 3:
            raise fault
        return write(path, text, **given)

    monkeypatch.setattr(making.Path, "write_text", full)
    assert run(["new", "mine"]) == (2 if isinstance(fault, OSError) else 130)
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
