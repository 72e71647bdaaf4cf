"""Text of drivers, traces, files and users is text everywhere: no command acts on it, breaks or floods."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run
from snaptree.spec.text import LONGEST_TEXT

from .hostile import DRIVER, HOSTILE

EXPECTED = {0, 1, 2, 3, 4, 6}
"""Every documented exit code but that of a fault of ours and that of an interruption."""

MOST_PRINTED = 400_000
"""Characters of a whole report on a terminal; one text of the corpus has two million."""

FEW = ("--methods", "examples,stories,exhaustive,sampled")
"""What a driver says reaches the report in the same way from every method."""

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Say:
    """Runs a command; what it prints is printable, and its exit code is a documented one."""

    def told(*arguments: str) -> tuple[int, str]:
        code = run(list(arguments))
        printed = capfd.readouterr()
        said = printed.out + printed.err
        wrong = sorted({char for char in said if not char.isprintable() and char != "\n"})
        assert not wrong, (arguments, wrong)
        assert code in EXPECTED, (arguments, code, said[-2000:])
        assert "Traceback" not in said
        assert len(said) < MOST_PRINTED
        return code, said

    return told


@pytest.fixture(params=HOSTILE)
def text(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


@pytest.fixture
def driver(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "hostile_text.py").write_text(f"TEXT = {text!a}\n")
    (tmp_path / "hostile_driver.py").write_text(DRIVER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for module in ("hostile_text", "hostile_driver"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return "hostile_driver"


def test_what_a_driver_says_is_text_in_every_report(driver: str, say: Say, tmp_path: Path) -> None:
    out = tmp_path / "out"
    bounds = ("--graph", "tree=1", "--sequences", "8", "--seed", "1", "--jobs", "1", *FEW)
    code, _ = say("check", f"{driver}:Driver", *bounds, "--out", str(out))
    if code == 1:
        report = json.loads((out / "report.json").read_bytes())
        assert report["deviations"]
        assert (out / "report.json").stat().st_size < 3_000_000
        ElementTree.fromstring((out / "junit.xml").read_bytes())
        commands = (out / "annotations.txt").read_text("utf-8").splitlines()
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in commands)
        assert len((out / "summary.md").read_text("utf-8")) < 1024 * 1024
        assert json.loads((out / "badge.json").read_text("utf-8"))["message"].endswith("s")
        page = (out / "report.html").read_text("utf-8")
        assert len(page) < 3_000_000
        assert page.count("<script>") == 1
        assert not [char for char in page if not char.isprintable() and char != "\n"]
        traces = sorted((out / "traces").iterdir())
        for trace in traces[:6]:
            assert all(line == "" or json.loads(line) for line in trace.read_text("ascii").split("\n"))
            say("judge", str(trace))
        say("replay", str(traces[0]), "--driver", f"{driver}:Driver")
    else:
        assert code == 3  # the smoke calls refuse it


@pytest.mark.parametrize("name", ["Missing", "Ends"])
def test_a_driver_that_is_missing_or_ends_badly_is_told_in_text(driver: str, say: Say, name: str) -> None:
    say("smoke", f"{driver}:{name}")
    say(
        "check",
        f"{driver}:{name}",
        "--graph",
        "tree=1",
        "--sequences",
        "0",
        "--seed",
        "1",
        "--jobs",
        "1",
        *FEW,
    )


def test_what_a_driver_says_crosses_a_process_as_text(driver: str, say: Say) -> None:
    say("smoke", f"remote:{driver}:Missing")
    say("smoke", f"remote:{driver}:Driver")


def test_what_a_user_writes_is_text(
    text: str, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    short = text[:5000]
    for arguments in (
        ["check", short], ["check", "simulator", "--rules", short], ["check", "--budget", short],
        ["check", "--graph", short], ["check", "--profile", short], ["check", "--setting", short + "=1"],
        ["check", "--deviations", short], ["check", f"--{short}"], ["smoke", f"exec:{short}"], [short],
        ["smoke", f"{short}:Driver"], ["rules", short], ["plan", short], ["plan", "count()", "--tree", short],
        ["plan", "count()", "--tree", f"create {short}; create b"], ["profiles", short],
        ["profiles", "diff", short, "rfc"], ["explore", "--profile", short], ["replay", short],
        ["judge", short], ["validate", short], ["mutants", short], ["laws", "--profile", short],
        ["compare", short, "simulator"], ["drivers", "--install", short],
    ):  # fmt: skip
        code, _ = say(*arguments)
        assert code != 6


def test_names_in_a_plan_are_text(text: str, say: Say) -> None:
    name = json.dumps(text[:3000])
    say("plan", f"create({name})")
    code, said = say("plan", f"create({name})", "--json")
    if code == 0:
        json.loads(said)


def test_names_in_the_shell_are_text(text: str, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    quoted = json.dumps(text[:3000])
    lines = (f"create {quoted}", f"create {text[:300]}", "tree", "list", f"revert {quoted}", f"help {quoted}")
    script = "\n".join(lines) + "\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(script))
    say("shell")


def test_files_are_text(text: str, say: Say, tmp_path: Path) -> None:
    data = text.encode("utf-8", "surrogatepass")
    paths = {}
    for name, content in {
        "raw": data,
        "profile.toml": b'name = "' + data + b'"\n',
        "known.toml": b'[[deviation]]\nrule = "' + data + b'"\noperation = "x"\nreason = "y"\n',
        "document.xml": b"<domainsnapshot><name>" + data + b"</name></domainsnapshot>",
    }.items():
        paths[name] = tmp_path / name
        paths[name].write_bytes(content)
    header = {"trace": 1, "specification": "0.1", "driver": text, "driver_version": text, "profile": "rfc"}
    for number, step in enumerate(
        (
            {"op": "create", "name": text},
            {"op": text},
            {"op": "revert", "snapshot": text},
            {"op": "create", "name": "a", text: text},
        )
    ):
        for outcome in ({"error": text}, {"accepted": text}, {"refused": {"kind": "Busy", "text": text}}):
            path = paths[f"trace{number}"] = tmp_path / f"trace{number}.jsonl"
            lines = [header, {"step": 1, "operation": step, "outcome": outcome, "observation": {text: text}}]
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
            say("judge", str(path))
    say("judge", str(paths["raw"]))
    say("judge", str(paths["trace0"]), "--profile", str(paths["profile.toml"]))
    say("validate", str(paths["document.xml"]), str(paths["raw"]))
    _, said = say("validate", "--json", str(paths["document.xml"]))
    json.loads(said)
    say("check", "--deviations", str(paths["known.toml"]), "--graph", "tree=1", "--sequences", "0", *FEW)
    say("explore", "--profile", str(paths["profile.toml"]))


@pytest.mark.parametrize("kind", ["fifo", "device", "folder"])
def test_what_is_no_regular_file_is_refused(kind: str, say: Say, tmp_path: Path) -> None:
    path = {"fifo": tmp_path / "fifo", "device": Path("/dev/zero"), "folder": tmp_path}[kind]
    if kind == "fifo":
        os.mkfifo(path)
    for arguments in (
        ["judge"], ["replay"], ["check", "--profile"], ["check", "--deviations"], ["explore", "--profile"],
        ["laws", "--profile"], ["plan", "count()", "--profile"], ["profiles", "diff", "rfc"],
        ["shell", "--profile"],
    ):  # fmt: skip
        code, _ = say(*arguments, str(path))
        assert code == 2, arguments
    if kind != "folder":
        say("validate", str(path))


def test_a_report_is_not_flooded() -> None:
    assert len(HOSTILE["huge"]) > 100 * LONGEST_TEXT
