"""What is no run of the suite opens its driver in a worker as well: replay, compare, dry runs, properties."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.comparing.seeing import Side, rows
from snaptree.conformance.driver import DEFAULT_DISKS, Driver, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.tasks import WorkerFailed
from snaptree.conformance.sequences.running import run_sequence
from snaptree.conformance.sequences.traces import Header, write_trace
from snaptree.conformance.suite.properties import (
    Candidate,
    keeps_in_step_with_the_model,
    looking_changes_nothing,
    refusal_changes_nothing,
    try_property,
)
from snaptree.spec import operations as ops

DRIVERS = """
import ctypes
import os
import time
from pathlib import Path

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


def leave():
    os._exit(0)


def once():
    if not Path("was-here").exists():
        Path("was-here").touch()
        leave()


def driver(call, what):
    def method(self, *given, **by_name):
        what()
        return getattr(super(Domain, self), call)(*given, **by_name)

    Domain = type("Domain", (SimulatedDomain,), {call: method})
    return type("Driver", (SimulatorDriver,), {"domain_class": Domain})


Leaves = driver("rename", leave)
LeavesOnce = driver("rename", once)
Segfaults = driver("rename", lambda: ctypes.string_at(0))
Hangs = driver("rename", lambda: time.sleep(600))
LeavesWhenSeen = driver("observe", leave)


class LeavesInOpen(SimulatorDriver):
    def open(self, *given, **by_name):
        leave()


class LeavesAtOnce(SimulatorDriver):
    def __init__(self, options):
        leave()


class LeavesInShutdown(SimulatorDriver):
    def close(self):
        leave()


class WrongAndLeaves(LeavesInShutdown):
    domain_class = type("Domain", (SimulatedDomain,), {"rename": lambda self, snapshot, name: None})
"""

SEQUENCE = (ops.Create("a"), ops.Rename("s1", "b"))
LIMITS = ("--setting", "deadline=2", "--setting", "opening=20")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module of drivers, of its own name in each test, that workers find as well; and a trace."""
    name = f"playing_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(DRIVERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    driver = SimulatorDriver()
    header = Header("simulator", driver.version, driver.profile.name, dict(DEFAULT_DISKS))
    write_trace(Path("it.jsonl"), header, run_sequence(driver, SEQUENCE).steps)
    return name


@pytest.mark.parametrize(
    ("driver", "code", "said"),
    [
        ("Leaves", 1, "ended with exit code 0 in rename"),
        ("Segfaults", 1, "was killed by SIGSEGV in rename"),
        ("Hangs", 1, "rename did not return within 2 s"),
        ("LeavesInOpen", 1, "ended with exit code 0 in open"),
        ("WrongAndLeaves", 1, "ended with exit code 0 in shutdown"),
        ("LeavesOnce", 1, "ended with exit code 0 in rename"),
        ("LeavesAtOnce", 3, "could not be brought up: the driver's process ended with exit code 0"),
        ("LeavesInShutdown", 3, "was not closed: the driver's process ended with exit code 0 in shutdown"),
    ],
)
def test_replay_tells_of_the_end_of_the_process(
    module: str, driver: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["replay", "it.jsonl", "--driver", f"{module}:{driver}", *LIMITS]) == code
    out, err = capsys.readouterr()
    assert said in " ".join((out + err).split())
    assert "Traceback" not in out + err


def test_replay_for_a_debugger_is_in_this_process(module: str) -> None:
    assert run(["replay", "it.jsonl", "--driver", f"{module}:LeavesInShutdown", *LIMITS]) == 3
    assert run(["replay", "it.jsonl", "--in-process"]) == 0


@pytest.mark.parametrize(
    ("driver", "code", "said"),
    [
        ("Leaves", 4, "nothing was made and nothing was tested"),
        ("LeavesAtOnce", 3, "could not be brought up: the driver's process ended with exit code 0"),
        ("LeavesInShutdown", 3, "was not closed"),
    ],
)
def test_a_dry_run_tells_of_it(
    module: str, driver: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", f"{module}:{driver}", "--dry-run"]) == code
    out, err = capsys.readouterr()
    assert said in out + err


def test_a_witness_that_ends_the_process_is_a_cell_of_the_table(module: str) -> None:
    with Player(f"{module}:Leaves", DriverOptions()) as leaves, Player("simulator", DriverOptions()) as right:
        sides = [Side(one.facts.name, one.profile, one.play) for one in (right, leaves)]
        (row,) = rows([SEQUENCE, (ops.Create("a"),)], sides, lambda _done: None)
    assert row.way == SEQUENCE
    assert row.cells[0].text == "accepted"
    assert "ended with exit code 0 in rename" in row.cells[1].text
    assert row.cells[1].deviates


def test_compare_prints_its_table_before_it_tells_that_a_driver_was_not_closed(
    module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = ("--sequences", "1", "--seed", "5", "--snapshots", "1", "--budget", "1s")
    assert run(["compare", "simulator", f"{module}:LeavesInShutdown", *bounds]) == 3
    out, err = capsys.readouterr()
    assert "0 differences between" in out
    assert "was not closed: the driver's process ended with exit code 0 in shutdown" in err


@pytest.mark.parametrize("holds", [keeps_in_step_with_the_model, refusal_changes_nothing])
def test_a_property_says_that_the_process_ended(module: str, holds: object) -> None:
    name = "LeavesWhenSeen" if holds is refusal_changes_nothing else "Leaves"
    with Player(f"{module}:{name}", DriverOptions()) as player:
        candidate = Candidate(player, 1, ())
        objection = candidate.objection(holds, SEQUENCE)  # type: ignore[arg-type]  # a property
        assert objection is not None
        assert "ended with exit code 0 in" in objection


def test_properties_hold_for_the_simulator_and_draw_until_one_does_not(module: str) -> None:
    with Player("simulator", DriverOptions()) as player:
        try_property(Candidate(player, 1, ()), looking_changes_nothing)
    with (
        Player(f"{module}:LeavesInOpen", DriverOptions()) as player,
        pytest.raises(AssertionError, match="in open, by "),
    ):
        try_property(Candidate(player, 1, ()), looking_changes_nothing)
    assert player.ends == 1, "it is not shrunk"


def _fails(_driver: Driver) -> None:
    raise ZeroDivisionError("of the errand's own")


def test_what_an_errand_raises_is_no_fault_of_the_driver() -> None:
    with Player("simulator", DriverOptions()) as player:
        with pytest.raises(WorkerFailed, match="of the errand's own"):
            player.carry_out(_fails)
        assert not player.play(SEQUENCE).differences, "the worker goes on"


def test_a_process_that_always_ends_elsewhere_is_given_up(module: str) -> None:
    three = (ops.Create("a"), *(ops.Rename("s1", name) for name in "bcd"))
    with pytest.raises(DriverUnavailable, match="in rename"):
        _carry_out(f"{module}:Leaves", three)


def _carry_out(driver: str, operations: tuple[ops.Operation, ...]) -> None:
    with Player(driver, DriverOptions()) as player:
        player.carry_out(partial(_goes_on, operations))


def _goes_on(operations: tuple[ops.Operation, ...], driver: Driver) -> None:
    """Make calls one after the other, whatever comes."""
    domain = driver.open()
    created = domain.create("a", "", False, None, False)
    for operation in operations[1:]:
        try:
            domain.rename(created, operation.name)  # type: ignore[attr-defined]  # each is a rename
        except Exception:  # noqa: BLE001 - faults of the process among them
            continue
