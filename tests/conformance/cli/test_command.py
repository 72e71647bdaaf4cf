"""The command: verdicts, exit codes, files, and one clear message for everything that goes wrong."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run
from snaptree.schemas import check_against

TEN_LINES = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class LosingDomain(SimulatedDomain):
    def rename(self, snapshot, name):
        super().rename(snapshot, name)
        self.write_disk("vda", 7, 77)


class LosingDriver(SimulatorDriver):
    domain_class = LosingDomain
"""

QUICK = ("--graph", "tree=2", "--sequences", "20", "--seed", "7")


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def losing_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A driver of ten lines in the current folder, that breaks one call."""
    module = f"losing_{request.node.name.replace('[', '_').replace(']', '')[:40]}"
    (tmp_path / f"{module}.py").write_text(TEN_LINES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, module, raising=False)  # names are cut: another test may have had it
    return f"{module}:LosingDriver"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["check", "nothing"], 2, "no driver 'nothing'"),
        (["check", "no.such.module:Driver"], 2, "no module 'no.such.module'"),
        (["check", "json:Driver"], 2, "has no class 'Driver'"),
        (["check", "--rules", "NONE-*"], 4, "matches no rule"),
        (["check", "--level", "may"], 2, "--level is must or should"),
        (["check", "--budget", "soon"], 2, "'soon' is no time"),
        (["check", "--budget", "0"], 2, "'0' is no time"),
        (["check", "--graph", "bush=3"], 2, "'bush=3' is no graph"),
        (["explore", "--scope", "bush"], 2, "--scope is one of"),
        (["check", "--snapshots", "0"], 2, "--snapshots"),
        (["check", "--seed", "-1"], 2, "--seed"),
        (["check", "--work", "/no/such/folder"], 2, "is not a folder"),
        (["check", "--out", "/proc/nowhere"], 2, "--out /proc/nowhere"),
        (["check", "--update-deviations"], 2, "needs --deviations"),
        (["check", "--deviations", "/no/such.toml"], 2, "No such file"),
        (["check", "--profile", "none"], 2, "no profile 'none'"),
        (["check", "qemu", "--qemu-bin", "/no/such/folder"], 3, "apt-get install"),
        (["check", "--setting", "password"], 2, "a setting is written NAME=VALUE"),
        (["check", "esx:https://root:hush@host"], 2, "a user or password does not belong into an address"),
        (
            ["check", "esx:vcsim", "--setting", "folder=x", "--setting", "machine=y"],
            2,
            "says nothing beside it",
        ),
        (["check", "esx:vcsim", "--keep"], 2, "nothing is kept on a host"),
        (["replay", "/no/such/trace"], 2, "No such file"),
        (["judge", "/no/such/trace"], 2, "No such file"),
        (["rules", "MERGE-999"], 2, "no rule 'MERGE-999'"),
        (["plan", "burn(a)"], 2, "unknown operation 'burn'"),
        (["plan", "discard(a", "--tree", "fork"], 2, "not an operation"),
        (["plan", "discard(a)", "--tree", "copse"], 2, "no example tree 'copse'"),
        (["plan", "discard(a)", "--tree", "create a; revert b"], 2, "cannot read 'revert b'"),
        (["mutants", "nobody"], 4, "no mutant is named nobody"),
        (["mutants", "full-copies", "nobody"], 4, "no mutant is named nobody"),
        (["frobnicate"], 2, "frobnicate"),
        (["check", "--frobnicate"], 2, "--frobnicate"),
    ],
)
def test_bad_input_gets_one_clear_message(
    arguments: list[str], exit_code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == exit_code
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_a_dry_run_of_a_driver_that_is_alone_tests_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--dry-run"]) == 4
    shown = capsys.readouterr().out
    assert "nothing that anybody else would see" in shown
    assert re.search(r"^  examples: what the chapters show: \d+ examples$", shown, re.MULTILINE)
    assert "nothing was made and nothing was tested" in shown


def test_malformed_profile_is_named_with_its_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\nsurprise = 1\n')
    assert run(["check", "--profile", str(profile)]) == 2
    assert "surprise" in capsys.readouterr().err


def test_simulator_conforms_and_says_what_was_not_observed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--profile", "qemu", "--graph", "tree=1", "--sequences", "20", "--seed", "7"]) == 0
    shown = capsys.readouterr().out.replace("\n", " ")
    assert "seed 7" in shown
    assert "not observed" in shown
    assert "not claimed" in shown


def test_same_seed_gives_the_same_report(tmp_path: Path, losing_driver: str) -> None:
    reports = []
    counted = ("--graph", "tree=2", "--sequences", "40", "--seed", "7")
    for folder in ("one", "two"):
        run(["check", losing_driver, "--rules", "NAME-*,POINT-*", *counted, "--out", str(tmp_path / folder)])
        report = json.loads((tmp_path / folder / "report.json").read_text())
        # Where it was written and how long it took is another each time.
        for found in report["deviations"]:
            assert folder in found.pop("replay")
        del report["seconds"], report["counts"]["driver_seconds"]
        reports.append(report)
    assert reports[0]["deviations"]
    assert reports[0] == reports[1]


def test_ten_line_driver_is_caught_with_a_trace_that_replays(
    tmp_path: Path, losing_driver: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    assert run(["check", losing_driver, *QUICK, "--out", str(out)]) == 1
    report = json.loads((out / "report.json").read_text())
    check_against("report", report)
    assert report["verdict"] == "deviates"
    first = report["deviations"][0]
    assert first["operation"] == "rename"
    assert len(first["sequence"]) == 2, "a create and the rename are enough to show it"
    trace = out / "traces" / f"{first['id']}.jsonl"
    assert str(trace) in first["replay"]
    shown = capsys.readouterr().out
    assert "smallest sequence" in shown
    assert first["replay"] in shown
    assert run(["replay", str(trace), "--driver", losing_driver]) == 1
    assert run(["judge", str(trace)]) == 1
    assert run(["replay", str(trace)]) == 0, "the simulator does it right"


def test_junit_counts_what_was_not_seen_as_skipped(tmp_path: Path, losing_driver: str) -> None:
    run(["check", losing_driver, *QUICK, "--out", str(tmp_path / "report")])
    root = ElementTree.parse(tmp_path / "report" / "junit.xml").getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    for result in report["rules"]:
        children = {child.tag for child in cases[result["id"]]}
        wanted = {"pass": set(), "deviation": {"failure"}}.get(result["status"], {"skipped"})
        assert children == wanted, result["id"]


def test_known_deviation_counts_only_with_a_reason(
    tmp_path: Path, losing_driver: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.toml"
    assert run(["check", losing_driver, *QUICK, "--deviations", str(known), "--update-deviations"]) == 1
    assert run(["check", losing_driver, *QUICK, "--deviations", str(known)]) == 2
    assert "reason must be filled in" in capsys.readouterr().err
    known.write_text(known.read_text().replace("FILL IN: why this deviation is accepted", "it always did"))
    assert run(["check", losing_driver, *QUICK, "--deviations", str(known)]) == 0
    capsys.readouterr()
    assert run(["check", *QUICK, "--deviations", str(known)]) == 0
    assert "no longer seen" in capsys.readouterr().out.replace("\n", " ")


def test_driver_that_cannot_be_judged_is_told_from_one_that_deviates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unfit.py").write_text(
        TEN_LINES.replace("def rename(self, snapshot, name):", "def create(self, **wanted):")
        .replace("super().rename(snapshot, name)", "super().create(**wanted)")
        .replace("LosingDriver", "UnfitDriver")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run(["check", "unfit:UnfitDriver"]) == 3
    assert "create() returns" in capsys.readouterr().err
    assert run(["smoke", "unfit:UnfitDriver"]) == 1


@pytest.mark.parametrize(
    ("change", "exit_code", "said"),
    [
        (
            ("super().rename(snapshot, name)", "raise SystemExit(0)"),
            1,
            "raised SystemExit, which ends a process",
        ),
        (
            ("domain_class = LosingDomain", "__init__ = lambda self, options: exit(0)"),
            3,
            "brought up: SystemExit",
        ),
        (
            ("LosingDriver(SimulatorDriver):", "LosingDriver:\n    __init__ = lambda self, options: None"),
            3,
            "lacks name",
        ),
    ],
)
def test_a_driver_that_ends_the_program_or_is_none_is_no_success(
    change: tuple[str, str], exit_code: int, said: str, losing_driver: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = Path(losing_driver.partition(":")[0] + ".py")
    module.write_text(module.read_text().replace(*change))
    assert run(["check", losing_driver, "--rules", "NAME-*,TREE-*", *QUICK]) == exit_code
    shown = capsys.readouterr()
    assert said in (shown.out + shown.err).replace("\n", " ")


def test_smoke_passes_on_the_simulator(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["smoke"]) == 0
    assert capsys.readouterr().out.count("ok  ") == 10


def test_interrupted_run_gives_a_partial_report(tmp_path: Path) -> None:
    out = tmp_path / "report"
    command = [
        sys.executable,
        "-m",
        "snaptree.conformance.cli",
        "check",
        "--snapshots",
        "5",
        "--out",
        str(out),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs this in the background of a shell ignores Ctrl-C, and so would the child.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    heading = process.stdout.readline()  # printed when everything has been brought up
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate(timeout=60)
    assert "driver simulator" in heading
    assert process.returncode == 130, errors
    assert "interrupted" in shown
    assert json.loads((out / "report.json").read_text())["verdict"] == "interrupted"
    assert "Traceback" not in errors


def test_without_an_argument_the_help_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    shown = capsys.readouterr()
    assert "Usage: snaptree" in shown.out
    assert shown.err == ""


def test_plan_shows_what_would_be_destroyed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "discard_forced(a)", "--tree", "fork", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["casualties"] == ["b", "d", "c", "active"]
    assert planned["active"] == "reset"
    assert planned["active_from"] == "base"
    # By name, as everything else: an id of the model's says nothing to a reader.
    assert planned["operation"] == {"op": "discard", "snapshot": "a", "forced": True}


def test_a_plan_that_is_refused_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "discard(a)", "--tree", "fork", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["refused"] == ["WouldDiscard"]


def test_rules_shows_one_rule_with_its_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "merge-3"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("MERGE-3 (MUST)")
    assert "└── " in shown


def test_rules_shows_where_a_rule_lives(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "NAME-8"]) == 0
    shown = capsys.readouterr().out
    assert "spec.semantics.identity.rename_refused" in shown
    assert "/identity.py:" in shown
    assert "conformance.suite -k NAME-8" in shown
    assert "snaptree mutants invalid-name-mended" in shown
    assert "docs/findings/libvirt-qemu-long-name.md" in shown
    assert run(["rules", "DURABLE-2"]) == 0
    assert "test_qemu_no_space.py::test_no_space" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["rules", "subtrees"], ["check", "--rules", "subtrees", *QUICK]])
def test_a_former_name_of_a_chapter_is_answered_with_the_new_one(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 0
    assert "subtrees is now called remove-subtree" in capsys.readouterr().err


def test_versions_of_what_is_exchanged_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    shown = capsys.readouterr().out
    assert re.fullmatch(r"snaptree \S+, specification [\d.]+, report \d+, trace \d+, protocol \d+\n", shown)


def test_the_command_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snaptree.conformance.cli", "rules", "MERG-3"],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "did you mean MERGE-3" in done.stderr


@pytest.mark.parametrize(
    ("command", "near"),
    [
        ("check simulater", "simulator"),
        ("check --profile rcf", "rfc"),
        ("check --graph tre=2", "tree"),
        ("check --pace fats", "fast"),
        ("check --accept-incomplete sampeld", "sampled"),
        ("check --rules MERG-3", "MERGE-3"),
        ("plan discard(a) --tree frok", "fork"),
        ("plan discrad_forced(a)", "discard_forced"),
        ("explore --scope tre", "tree"),
        ("laws --scope tre", "tree"),
        ("validate --dialect rcf x.xml", "rfc"),
        ("drivers --install vcsmi", "vcsim"),
        ("rules merge-into-childen", "merge-into-children"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(
    command: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) in (2, 4)
    told = capsys.readouterr().err
    assert f"did you mean {near}?" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("rules merge-into-parent", "sentence"),
        ("rules MERGE-3", "id"),
        ("explore --snapshots 2", "transitions"),
        ("profiles", "operations"),
    ],
)
def test_facts_are_printed_as_json(command: str, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts
    assert all(one[key] for one in facts)
