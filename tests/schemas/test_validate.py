"""``snaptree validate``: the right verdict, words that help, exit codes that scripts can use."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

from snaptree.conformance.cli.problems import NOTHING_TESTED, WRONG_USAGE, Problem
from snaptree.conformance.cli.validate import validate

FOLDER = Path(__file__).parent / "documents"
GOOD, BAD, HOSTILE = (str(FOLDER / kind) for kind in ("good", "bad", "hostile"))


def run(*arguments: str) -> int:
    """The exit code of ``snaptree validate`` with these arguments."""
    app = typer.Typer()
    app.command()(validate)
    code = app(list(arguments), standalone_mode=False)
    assert isinstance(code, int)
    return code


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run("--json", *arguments)
    return code, json.loads(capsys.readouterr().out)


def test_a_folder_of_good_documents_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(GOOD) == 0
    out = capsys.readouterr().out
    assert "9 valid, 0 invalid" in out
    assert "both-empty.xml  libvirt, rfc" in out
    assert "checkpoint.xml  checkpoint" in out


@pytest.mark.parametrize("kind", ["bad", "hostile"])
def test_no_document_of_the_other_folders_is(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(FOLDER / kind)) == 1
    out = capsys.readouterr().out
    assert " 0 valid" in f" {out.splitlines()[-1]}"
    assert "\nvalid" not in out
    assert "XML-" in out


def test_one_bad_document_among_good_ones_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(GOOD, f"{BAD}/state.xml") == 1
    assert "9 valid, 1 invalid" in capsys.readouterr().out


def test_a_fault_is_told_with_file_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"{BAD}/state.xml") == 1
    assert f"{BAD}/state.xml:2:22: <state> is 'sleeping'; it can be running" in capsys.readouterr().out


def test_an_explanation_is_that_of_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--explain", f"{BAD}/memory-external-without-file.xml") == 1
    assert "domainsnapshot/memory: Where the memory of the domain is kept" in capsys.readouterr().out
    assert run(f"{BAD}/memory-external-without-file.xml") == 1
    assert "Where the memory" not in capsys.readouterr().out


def test_what_cannot_be_read_has_no_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--explain", f"{HOSTILE}/xinclude.xml") == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.rule("XML-18")
def test_the_json_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = report(capsys, BAD, GOOD)
    assert code == 1
    assert (found["valid"], found["invalid"], len(found["files"])) == (9, 24, 33)
    state = next(one for one in found["files"] if one["file"].endswith("state.xml"))
    assert (state["valid"], state["dialects"], state["nearest"]) == (False, [], "libvirt")
    assert {key: state["faults"][0][key] for key in ("line", "column", "element", "rule")} == {
        "line": 2, "column": 22, "element": "domainsnapshot/state", "rule": "XML-18",
    }  # fmt: skip


@pytest.mark.rule("XML-24")
def test_the_json_explains_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = report(capsys, "--explain", f"{BAD}/disk-twice.xml")
    explanation = found["files"][0]["faults"][0]["explanation"]
    assert explanation["element"] == "domainsnapshot/disks/disk/@name"
    assert explanation["rule"] == "XML-24"


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Stream:
        buffer = io.BytesIO(b"<domainsnapshot><name>a</name></domainsnapshot>")

    monkeypatch.setattr("sys.stdin", Stream)
    assert run("-") == 0
    assert "valid    standard input  libvirt, rfc" in capsys.readouterr().out


def test_one_dialect_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    document = f"{GOOD}/libvirt-record.xml"
    assert run("--dialect", "libvirt", document) == 0
    assert run("--dialect", "rfc", document) == 1
    assert "belongs to the dialect libvirt" in capsys.readouterr().out
    assert run("--dialect", "checkpoint", document) == 1
    assert "<domainsnapshot>" in capsys.readouterr().out


def test_a_device_that_never_ends_is_not_read() -> None:
    with pytest.raises(Problem, match="no regular file") as caught:
        run("/dev/zero")
    assert caught.value.exit_code == WRONG_USAGE


@pytest.mark.parametrize("arguments", [[], ["missing.xml"], ["--dialect", "vmware", GOOD], ["a\0b"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(Problem) as caught:
        run(*arguments)
    assert caught.value.exit_code == WRONG_USAGE


def test_a_folder_without_documents_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        run(str(tmp_path))
    assert caught.value.exit_code == NOTHING_TESTED


def test_a_name_cannot_play_tricks_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trick = tmp_path / "a\x1b[31m[bold].xml"
    shutil.copy(f"{GOOD}/both-empty.xml", trick)
    assert run(str(trick)) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[bold].xml" in out
