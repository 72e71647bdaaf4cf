"""The list of commands: complete, in order, and each loaded only when it is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.cli.on_demand import COMMANDS, LoadedOnDemand

LOADED = """
import json, sys
from snaptree.conformance.cli.command import run
code = run(sys.argv[1:])
sys.stderr.write(json.dumps([code, sorted(sys.modules)]))
"""
HEAVY = {"hypothesis", "jsonschema", "prompt_toolkit", "pytest", "xmlschema"}
ROOMS_OF_A_RUN = {"drivers", "engine", "judging", "methods", "mutants", "running", "shell", "suite"}


@pytest.mark.parametrize(
    "arguments",
    [["rules", "MERGE-3"], ["rules"], ["plan", "merge_into_children(b)", "--tree", "chain"], ["profiles"]],
)
def test_a_look_up_loads_neither_what_is_heavy_nor_what_runs_a_suite(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert done.stdout
    assert HEAVY & set(modules) == set()
    rooms = {name.split(".")[2] for name in modules if name.startswith("snaptree.conformance.")}
    assert rooms & ROOMS_OF_A_RUN == set()


def test_help_lists_every_command_in_order_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    lines = [line.strip("│ ") for line in capsys.readouterr().out.splitlines()]
    listed = [words for line in lines if (words := line.split(maxsplit=1)) and words[0] in COMMANDS]
    assert [name for name, _ in listed] == list(COMMANDS)
    assert all(about[0].isupper() for _, about in listed)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_where_the_list_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"Usage: snaptree {name}" in capsys.readouterr().out


def test_a_name_nearly_right_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chek"]) == 2
    assert "'check'" in capsys.readouterr().err


def test_which_commands_there_are_is_known_without_loading_one() -> None:
    commands = LoadedOnDemand()
    assert "rules" in commands
    assert "no such command" not in commands
    assert list(commands) == list(COMMANDS)
    assert len(commands) == len(COMMANDS)
    assert commands.loaded == ()
    assert commands["rules"] is commands["rules"]


@pytest.mark.parametrize(
    ("words", "place", "completed"), [("re", 1, "replay"), ("check --ba", 2, "--baseline")]
)
def test_a_shell_completes_commands_and_options(words: str, place: int, completed: str) -> None:
    asked = {
        "_SNAPTREE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"snaptree {words}",
        "COMP_CWORD": str(place),
    }
    done = subprocess.run(
        [sys.executable, "-m", "snaptree.conformance.cli"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert completed in done.stdout.split()
