"""Traces as scripts that others run: they run, and show what the trace shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.reports.exports import FORMS

TRACES = Path(__file__).parents[2] / "traces"
REAL = TRACES / "real"
LOST = TRACES / "second-disk-forgotten.jsonl"

NAMES = ["", "-f", "a b", "$(id)`id`", "'; rm -rf /; '", '"', "\x1b[2J\u202e", "two\nlines", "é€😀", "%s\\n"]
"""Names that a shell, a printf, a terminal or an option parser trips over."""


GREEDY = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Domain(SimulatedDomain):
    def merge_into_children(self, snapshot):
        self.remove_subtree(snapshot)


class Driver(SimulatorDriver):
    domain_class = Domain
"""


def exported(trace: Path, form: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["export", str(trace), "--as", form])
    said = capsys.readouterr()
    return code, said.out, said.err


def played(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, errors="replace"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(which("qemu-img") is None, reason="no qemu-img: apt-get install qemu-utils")
def test_a_script_of_qemu_img_shows_what_the_model_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, script, said = exported(REAL / "qemu-life.jsonl", "qemu-img", capsys)
    assert code == 0
    assert "left out: 28. retire(c)" in said
    (tmp_path / "script.sh").write_text(script)
    printed = played(["sh", "script.sh"], tmp_path)
    assert "exit code" not in printed
    assert "the active state, vda, blocks 0 and 1:\n00000000:  05  .\n00010000:  00  .\n" in printed
    assert "the active state, vdb, blocks 0 and 1:\n00000000:  00  .\n00010000:  01  .\n" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["script.sh"]


def test_a_script_for_libvirts_test_driver_lists_the_same_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("libvirt")
    code, script, _ = exported(REAL / "libvirt-test-life.jsonl", "libvirt-python", capsys)
    assert code == 0
    (tmp_path / "script.py").write_text(script)
    printed = played([sys.executable, "script.py"], tmp_path)
    assert "listed: 'd' under 'b'\nlisted: 'e' under 'd'\ncurrent: 'e'\n" in printed
    assert "error 72" in printed


def test_a_test_for_pytest_fails_where_the_driver_has_the_fault_and_passes_where_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, _ = exported(TRACES / "subtree-deleted.jsonl", "pytest", capsys)
    assert code == 0
    (tmp_path / "test_exported.py").write_text(text)
    options = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_exported.py"]
    fine = subprocess.run(options, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "1 passed" in fine.stdout, fine.stdout + fine.stderr
    (tmp_path / "greedy.py").write_text(GREEDY)
    options.append("--snaptree-driver=greedy:Driver")
    faulty = subprocess.run(options, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "1 failed" in faulty.stdout, faulty.stdout + faulty.stderr
    assert "c is not listed" in faulty.stdout


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("trace", ["second-disk-forgotten", "subtree-deleted", "description-lost"])
def test_every_form_of_a_deviation_says_rule_allowed_and_seen(
    form: str, trace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, said = exported(TRACES / f"{trace}.jsonl", form, capsys)
    if code != 0:
        assert code == 2
        assert "has no command for the last call" in said
        assert text == ""
        return
    for word in ("Allowed", "Seen") if form != "markdown" else ("**Expected:**", "**What happens:**"):
        assert word in text
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_name_is_one_argument_of_a_script_and_acts_on_nothing(
    form: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace.jsonl"
    lines = (REAL / "libvirt-life.jsonl").read_text().splitlines()
    header = {**json.loads(lines[0]), "profile": "rfc"}
    call = {"name": "create", "arguments": {"name": name}}
    step = {
        "step": 1, "operation": {"op": "create", "name": name}, "call": call, "outcome": {"accepted": "1"},
        "observation": None,
    }  # fmt: skip
    trace.write_text("\n".join(json.dumps(one) for one in (header, step)) + "\n")
    code, text, said = exported(trace, form, capsys)
    if code == 2 and form == "qemu-img":
        assert "no command for the last call" in said  # the name is refused, so there is no snapshot
        return
    assert code == 0, said
    assert all(char.isprintable() or char == "\n" for char in text)
    if form in ("virsh", "vboxmanage"):
        (tmp_path / "bin").mkdir()
        tool = {"virsh": "virsh", "vboxmanage": "VBoxManage"}[form]
        for one in ("virsh", "VBoxManage", "qemu-img", "qemu-io"):
            fake = tmp_path / "bin" / one
            fake.write_text(
                f'#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done >> {tmp_path}/{one}.log\n'
            )
            fake.chmod(0o755)
        (tmp_path / "script.sh").write_text(text)
        subprocess.run(
            ["sh", "script.sh"], cwd=tmp_path, env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}, check=False,
            capture_output=True, timeout=60,
        )  # fmt: skip
        words = (tmp_path / f"{tool}.log").read_bytes().split(b"\0")
        assert name.encode() in words or f"--name={name}".encode() in words


def test_what_cannot_be_exported_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, said = exported(LOST, "virhs", capsys)
    assert (code, text) == (2, "")
    assert said == "snaptree: no form 'virhs': did you mean virsh?\n"
    code, text, said = exported(REAL / "libvirt-test-life.jsonl", "virsh", capsys)
    assert (code, text) == (2, "")
    assert "export as libvirt-python" in said
    capsys.readouterr()
    assert run(["export", str(LOST), "--as", "pytest", "--out", str(tmp_path / "no" / "file")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "No such file or directory" in said
