"""``snaptree compare`` finds where hypervisors differ, shows what was seen, and nothing between equals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.comparing.seeing import Row, Side, rows
from snaptree.conformance.comparing.witnesses import disagreements
from snaptree.conformance.driver import Driver, DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops

QUICK = ("--budget", "1s", "--sequences", "5", "--seed", "5", "--snapshots", "1")


def played(title: str, driver: Driver) -> Side:
    """A driver in this process, as a side of the comparison."""
    return Side(title, driver.profile, partial(run_sequence, driver))


def simulated(profile: str) -> Side:
    """The simulator, as a hypervisor that claims what another one claims."""
    return played(profile, SimulatorDriver(DriverOptions(profile=profile)))


@cache
def compared(*profiles: str) -> list[Row]:
    """Where hypervisors that claim these profiles differ: nothing here changes it."""
    sides = [simulated(profile) for profile in profiles]
    found = disagreements([side.profile for side in sides], seed=1)
    return rows([one.way for one in found], sides, lambda _done: None)


def texts(found: Sequence[Row], call: str) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row.cells) for row in found if row.way[-1].call == call]


def test_the_question_of_the_mail_about_two_children() -> None:
    found = compared("qemu", "virtualbox")
    row = next(
        row
        for row in found
        if row.way[-1].call == "merge_into_children" and "LimitExceeded" in row.cells[1].text
    )
    assert [cell.text for cell in row.cells] == ["accepted", "refused as LimitExceeded"]
    # A snapshot with one child, and the active state beside it.
    assert [one.call for one in row.way if one.call != "write_disk"] == [
        "create", "create", "revert", "merge_into_children",
    ]  # fmt: skip
    assert row.rules[0].startswith(("LIMIT", "MERGE"))


def test_names_that_repeat_are_told_apart_from_names_that_are_unique() -> None:
    assert ("refused as NameInUse", "accepted") in [
        (first, second.partition(",")[0]) for first, second in texts(compared("qemu", "virtualbox"), "create")
    ]


def test_a_call_that_one_does_not_offer_is_one_row_with_the_other_accepting() -> None:
    found = [row for row in compared("qemu", "virtualbox") if row.way[-1].call == "merge_into_parent"]
    assert [(row.offered, [cell.text for cell in row.cells]) for row in found] == [
        (False, ["accepted", "not offered"])
    ]


def test_a_limit_is_reached() -> None:
    found = [row for row in compared("rfc", "esx") if row.cells[1].text == "refused as LimitExceeded"]
    assert [len(row.way) for row in found if row.way[-1].call == "create"] == [33]


def test_three_are_compared_at_once() -> None:
    found = compared("qemu", "virtualbox", "esx")
    assert all(len(row.cells) == 3 for row in found)
    assert ("accepted", "refused as LimitExceeded", "accepted") in texts(found, "merge_into_children")


def test_every_witness_is_as_short_as_its_calls_allow() -> None:
    for row in compared("qemu", "virtualbox"):
        created = [one for one in row.way if isinstance(one, ops.Create)]
        assert len(row.way) <= 8 or len(created) > 100


def test_what_was_seen_is_told_and_not_what_was_claimed() -> None:
    class Wrong(SimulatedDomain):
        def merge_into_parent(self, snapshot: str) -> None:
            raise RuntimeError(f"{snapshot}: no")

    class WrongDriver(SimulatorDriver):
        domain_class = Wrong

    right = played("right", SimulatorDriver(DriverOptions()))
    wrong = played("wrong", WrongDriver(DriverOptions()))
    way = (ops.Create("a"), ops.MergeIntoParent("s1"))
    (row,) = rows([way], [right, wrong], lambda _done: None)
    assert row.cells[0].text == "accepted"
    assert row.cells[1].deviates
    assert row.cells[1].text.startswith("failed: RuntimeError: ")
    assert row.cells[1].text.endswith(": no; its profile allows: accepted")


def test_one_that_went_another_way_before_says_nothing_about_the_last_call() -> None:
    sides = [simulated(name) for name in ("rfc", "qemu", "virtualbox")]
    way = (ops.Create("a"), ops.Rename("s1", "b"), ops.Start(), ops.Pause())
    # Those that cannot start are not compared with one that runs.
    assert rows([way], sides, lambda _done: None) == []


def test_equals_do_not_differ(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "simulator", "simulator", *QUICK]) == 0
    assert "0 differences" in capsys.readouterr().out


def test_the_command_shows_the_table_and_the_witness(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "from dataclasses import replace\n"
        "from snaptree.conformance.drivers.simulator import SimulatorDriver\n"
        "from snaptree.spec.profiles import load_profile\n"
        "class Mine(SimulatorDriver):\n"
        "    def __init__(self, options):\n"
        "        super().__init__(replace(options, profile='virtualbox'))\n"
    )
    (tmp_path / "class_of_its_own.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run(["compare", "simulator", "class_of_its_own:Mine", *QUICK]) == 1
    out = capsys.readouterr().out
    assert "refused as LimitExceeded" in out
    assert "not offered by all" in out
    assert "create(…), 251 times" in out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["compare", "simulator"], 2, "two drivers"),
        (["compare", "simulator", "nothing"], 2, "no driver 'nothing'"),
        (["compare", "simulator", "simulator", "--budget", "soon"], 2, "is no time"),
    ],
)
def test_bad_input_gets_one_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], exit_code: int, said: str
) -> None:
    assert run(arguments) == exit_code
    assert said in capsys.readouterr().err
