"""The end or silence of a driver's process is a finding about the call under way, and the run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from snaptree.conformance.cli.command import run

DRIVERS = """
import ctypes
import os
import signal
import time

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver

CALLS = [0]


def sleep():
    time.sleep(600)


def leave():
    os._exit(0)


def say(error):
    def raised():
        raise error
    return raised


def driver(call, number, what):
    class Domain(SimulatedDomain):
        pass

    def method(self, *given, **by_name):
        CALLS[0] += 1
        if CALLS[0] > number:
            what()
        return getattr(super(Domain, self), call)(*given, **by_name)

    setattr(Domain, call, method)
    return type("Driver", (SimulatorDriver,), {"domain_class": Domain})


Leaves = driver("discard", 3, leave)
LeavesWhenSeen = driver("observe", 60, leave)
LeavesInClose = driver("close", 20, leave)
Exits = driver("rename", 0, say(SystemExit(0)))
Interrupts = driver("rename", 0, say(KeyboardInterrupt()))
EndsGenerators = driver("rename", 0, say(GeneratorExit()))
Segfaults = driver("retire", 1, lambda: ctypes.string_at(0))
IsKilled = driver("merge_into_children", 4, lambda: os.kill(os.getpid(), signal.SIGKILL))
Hangs = driver("merge_into_parent", 1, sleep)
HangsInClose = driver("close", 20, sleep)
FailsInClose = driver("close", 20, say(RuntimeError("the domain is busy")))


class DiscardsBadly(SimulatedDomain):
    def discard(self, snapshot):
        self.discarded = True
        super().discard(snapshot)

    def close(self):
        if hasattr(self, "discarded"):
            leave()
        super().close()


class LeavesInCloseAfterDiscard(SimulatorDriver):
    domain_class = DiscardsBadly


class LeavesInOpen(SimulatorDriver):
    def open(self, *given, **by_name):
        CALLS[0] += 1
        if CALLS[0] > 20:
            leave()
        return super().open(*given, **by_name)


class FailsInShutdown(SimulatorDriver):
    def close(self):
        raise RuntimeError("the host is busy")


class LeavesInShutdown(SimulatorDriver):
    def close(self):
        leave()


class HangsInShutdown(SimulatorDriver):
    def close(self):
        sleep()


class LeavesAtOnce(SimulatorDriver):
    def __init__(self, options):
        leave()


class LeavesInSmoke(SimulatorDriver):
    domain_class = driver("create", 0, leave).domain_class
"""


METHODS = "examples,stories,exhaustive,sampled"
"""What meets every fault of the table; the others meet them in the same way, and later."""

LIMITS = ("--setting", "deadline=3", "--setting", "opening=3")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module of drivers, of its own name in each test, that workers find as well."""
    name = f"faults_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(DRIVERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return name


def checked(driver: str, *more: str) -> tuple[int, dict[str, Any]]:
    """The exit code of a run, and its report."""
    bounds = ("--graph", "tree=1", "--sequences", "4", "--seed", "7", "--methods", METHODS, *LIMITS)
    code = run(["check", driver, *bounds, "--out", "out", *more])
    return code, json.loads(Path("out/report.json").read_text())


@pytest.mark.parametrize(
    ("driver", "call", "kind", "said"),
    [
        ("Leaves", "discard", "ended", "ended with exit code 0 in discard"),
        ("Exits", "rename", "raised", "rename raised SystemExit, which ends a process: 0"),
        ("Interrupts", "rename", "raised", "rename raised KeyboardInterrupt, which ends a process"),
        ("EndsGenerators", "rename", "raised", "rename raised GeneratorExit, which ends a process"),
        ("Segfaults", "retire", "ended", "was killed by SIGSEGV in retire"),
        ("IsKilled", "merge_into_children", "ended", "was killed by SIGKILL in merge_into_children"),
        ("Hangs", "merge_into_parent", "silent", "merge_into_parent did not return within 3 s"),
        ("LeavesInClose", "close", "ended", "ended with exit code 0 in close"),
        ("HangsInClose", "close", "silent", "close did not return within 3 s"),
        ("FailsInClose", "close", "failed", "close failed with RuntimeError: the domain is busy"),
        ("LeavesInOpen", "open", "ended", "ended with exit code 0 in open"),
        ("FailsInShutdown", "shutdown", "failed", "shutdown failed with RuntimeError: the host is busy"),
        ("LeavesInShutdown", "shutdown", "ended", "ended with exit code 0 in shutdown"),
        ("HangsInShutdown", "shutdown", "silent", "shutdown did not return within 3 s"),
    ],
)
def test_the_end_of_a_process_is_a_finding_that_names_the_call(
    module: str, driver: str, call: str, kind: str, said: str
) -> None:
    code, report = checked(f"{module}:{driver}")
    assert code == report["exit_code"] == 1
    assert report["verdict"] == "deviates"
    (found,) = report["deviations"]
    (difference,) = found["differences"]
    assert (difference["part"], difference["where"], difference["relation"]) == ("process", call, kind)
    assert said in found["observed"]
    assert found["rules"] == []
    if call not in ("shutdown", "open"):
        assert found["sequence"], "the sequence so far"
    suite = ElementTree.parse("out/junit.xml").getroot()[0]
    assert (suite.attrib["name"], suite.attrib["failures"]) == ("process", "1")


def test_a_run_goes_on_after_the_end_of_a_process(module: str) -> None:
    code, report = checked(f"{module}:Leaves", "--jobs", "2")
    assert code == 1
    assert all(part["complete"] for part in report["methods"])
    assert sum(part["covered"] for part in report["methods"]) > 60


def test_a_close_that_ends_processes_after_any_call_is_not_tried_again_and_again(module: str) -> None:
    code, report = checked(f"{module}:LeavesInClose")
    assert code == 1
    assert report["ended"]["why"] == "host gave out"
    assert "3 processes ended in close" in report["ended"]["text"]
    assert not report["complete"]


def test_a_close_that_ends_processes_after_one_call_bars_that_call(module: str) -> None:
    code, report = checked(f"{module}:LeavesInCloseAfterDiscard")
    assert code == 1
    assert report["ended"]["why"] == "done"
    (found,) = report["deviations"]
    assert [one["where"] for one in found["differences"]] == ["close"]
    assert sum(part["closed_off"] for part in report["methods"]) > 0
    assert sum(part["covered"] for part in report["methods"]) > 60


def test_an_end_in_a_look_is_the_fault_of_the_look(module: str) -> None:
    code, report = checked(f"{module}:LeavesWhenSeen")
    assert code == 1
    assert {one["where"] for found in report["deviations"] for one in found["differences"]} == {"observe"}


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("LeavesAtOnce", "the driver could not be brought up: the driver's process ended with exit code 0"),
        ("LeavesInSmoke", "create() returns: the driver's process ended with exit code 0 in create"),
    ],
)
def test_a_process_that_ends_before_a_run_is_no_driver(
    module: str, driver: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", f"{module}:{driver}"]) == 3
    assert said in " ".join(capsys.readouterr().err.split())


def test_smoke_survives_the_driver(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["smoke", f"{module}:LeavesInSmoke"]) == 1
    assert "ended with exit code 0 in create" in capsys.readouterr().out


def test_a_driver_may_start_processes_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "forks.py").write_text(
        "import multiprocessing\n"
        "from snaptree.conformance.drivers.simulator import SimulatorDriver\n"
        "class Forks(SimulatorDriver):\n"
        "    def __init__(self, options):\n"
        "        super().__init__(options)\n"
        "        process = multiprocessing.get_context('fork').Process(target=int)\n"
        "        process.start()\n"
        "        process.join()\n"
    )
    monkeypatch.chdir(tmp_path)
    assert run(["check", "forks:Forks", "--graph", "tree=1", "--sequences", "2", "--seed", "1"]) == 0


def test_nothing_is_left_of_a_run_that_is_killed(module: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "snaptree.conformance.cli",
        "check",
        f"{module}:Hangs",
        "--graph",
        "tree=2",
    ]
    folder = tmp_path / "run"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    started = subprocess.Popen(
        [*command, "--seed", "7"], cwd=folder, stdout=subprocess.DEVNULL, env=environment
    )
    try:
        _wait_until(lambda: len(_processes_in(folder)) >= 3)
    finally:
        started.kill()
        started.wait()
    _wait_until(lambda: not _processes_in(folder))


def _processes_in(folder: Path) -> list[Path]:
    """The processes whose current folder is this one."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").resolve() == folder.resolve():
                found.append(process)
        except OSError:
            continue
    return [process for process in found if process.exists()]


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it never was so")


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP])
def test_two_signals_leave_the_partial_report_and_no_traceback(first: signal.Signals, tmp_path: Path) -> None:
    bounds = ["--graph", "tree=4", "--sequences", "100000", "--seed", "3", "--out", "out"]
    started = subprocess.Popen(
        [sys.executable, "-m", "snaptree.conformance.cli", "check", *bounds],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout is not None
    assert "seed 3" in started.stdout.readline(), "the run has begun"
    started.send_signal(first)
    time.sleep(0.1)
    started.send_signal(signal.SIGTERM)
    shown, _ = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Traceback" not in shown
    assert json.loads((tmp_path / "out" / "report.json").read_text())["exit_code"] == 130
