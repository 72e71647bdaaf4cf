"""Known deviations: which file a run is judged with, and that those which come with snaptree can be read."""

from __future__ import annotations

import os
import stat
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snaptree.conformance.judging.deviations import PROCESS_FAULT
from snaptree.conformance.judging.known import (
    FILL_IN,
    KnownDeviationsError,
    add_known,
    read_known,
    shipped_known,
)
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.running.known_list import NO_DEVIATIONS, known_list
from snaptree.spec.profiles import load_profile, shipped_profiles
from snaptree.spec.rules import rule

SHIPPED = sorted(
    path
    for path in Path(str(files("snaptree.conformance.judging") / "known_deviations")).iterdir()
    if path.suffix == ".toml"
)
PAGES = Path(__file__).resolve().parents[3] / "docs" / "findings"
VERSIONS = ("9.0.0", "11.3.0", "7.2.22_Debian", "vcsim 0.24.2, VMware ESXi 6.5.0")
"""Of each hypervisor, those that the lists were written for."""


def heading(asked: str, profile: str, version: str = "9.0.0") -> Heading:
    return Heading(asked, asked, version, load_profile(profile), "0", 1, 1)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_is_named_after_a_profile_and_every_entry_has_its_page(path: Path) -> None:
    assert path.stem in shipped_profiles()
    entries = [entry for version in VERSIONS for entry in read_known(path, version)]
    assert entries
    for entry in entries:
        page = PAGES.parents[1] / entry.link
        assert page.parent == PAGES
        if entry.rule == PROCESS_FAULT:
            continue
        assert rule(entry.rule)
        assert entry.rule in page.read_text(encoding="utf-8")


def test_a_hypervisor_of_others_is_judged_with_what_comes_with_snaptree() -> None:
    found = known_list(None, heading("libvirt:test:///default", "libvirt-test"))
    assert found.path == shipped_known("libvirt-test")
    assert found.entries
    assert known_list(None, heading("libvirt:test:///default", "libvirt-test", "99.0")).entries == ()


def test_nothing_is_known_of_a_driver_that_somebody_else_wrote() -> None:
    assert known_list(None, heading("mine:Driver", "libvirt-test")).entries == ()
    assert known_list(None, heading("simulator", "libvirt-test")).entries == ()


def test_none_is_no_file() -> None:
    assert known_list(NO_DEVIATIONS, heading("libvirt:test:///default", "libvirt-test")).entries == ()


def test_a_named_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[deviation]]\nrule = "POWER-1"\noperation = "start"\nreason = "so it is"\n')
    found = known_list(str(mine), heading("libvirt:test:///default", "libvirt-test"))
    assert [entry.reason for entry in found.entries] == ["so it is"]
    with pytest.raises(KnownDeviationsError, match="No such file"):
        known_list(str(tmp_path / "other.toml"), heading("simulator", "rfc"))


@pytest.mark.parametrize("name", ["../libvirt", "libvirt/../x", "", "no-such"])
def test_a_name_never_becomes_a_path(name: str) -> None:
    assert shipped_known(name) is None


# --- what --update-deviations writes ----------------------------------------------------

LISTED = """\
# Agreed with the storage team.
[[deviation]]
rule = "POWER-1"           # the oldest one
operation = "start"
driver_version = "9.9"
reason = "gone in 10"
link = 'https://example.org/1'

# The end.
"""


def found(rule_id: str, call: str) -> Any:
    operation = SimpleNamespace(call=call)
    return SimpleNamespace(rule=rule_id, rules=(rule_id,), operation=operation, observed="x", also_as=())


def test_new_deviations_are_added_and_all_else_stays(tmp_path: Path) -> None:
    mine, foreign = tmp_path / "mine.toml", tmp_path / "mine.partial"
    mine.write_text(LISTED, encoding="utf-8")
    foreign.write_text("somebody's", encoding="utf-8")
    mine.chmod(0o640)
    assert add_known(mine, [found("TREE-7", "create"), found("TREE-7", "create")], "1.0") == 1
    text = mine.read_text(encoding="utf-8")
    assert text.startswith(LISTED.rstrip())
    assert "# The end." in text
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640
    assert foreign.read_text(encoding="utf-8") == "somebody's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.partial", "mine.toml"]
    with pytest.raises(KnownDeviationsError, match="the reason must be filled in"):
        read_known(mine, "1.0")
    mine.write_text(text.replace(FILL_IN, "so it is"), encoding="utf-8")
    assert [(one.rule, one.operation, one.reason) for one in read_known(mine, "1.0.2")] == [
        ("TREE-7", "create", "so it is")
    ]
    assert [one.reason for one in read_known(mine, "9.9")] == ["gone in 10"]


@pytest.mark.parametrize(
    "before",
    ["", "# nothing yet\n", "deviation = []\n", LISTED.replace("\n", "\r\n"),
     'deviation = [{rule = "A-1", operation = "start", reason = "r"}] # in one line\n'],
)  # fmt: skip
def test_a_deviation_is_added_to_any_form_of_list(tmp_path: Path, before: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_bytes(before.encode())
    known = [] if not before else read_known(mine, "9.9")
    assert add_known(mine, [found("TREE-7", "create")], "9.9") == 1
    after = mine.read_bytes().decode()
    assert all(line in after for line in before.split("\n") if line.startswith("#"))
    mine.write_bytes(after.replace(FILL_IN, "so it is").encode())
    assert [one.rule for one in read_known(mine, "9.9")] == [*(one.rule for one in known), "TREE-7"]


def test_a_list_behind_a_link_stays_behind_it(tmp_path: Path) -> None:
    mine, link = tmp_path / "mine.toml", tmp_path / "link.toml"
    mine.write_text(LISTED, encoding="utf-8")
    link.symlink_to(mine)
    add_known(link, [found("TREE-7", "create")], "1.0")
    assert link.is_symlink()
    assert "TREE-7" in mine.read_text(encoding="utf-8")


@pytest.mark.parametrize("version", ['9"9', "9\x1b[31m", "\ud800", "9 [bold]"])
def test_any_version_of_a_driver_can_be_written(tmp_path: Path, version: str) -> None:
    mine = tmp_path / "mine.toml"
    add_known(mine, [found("TREE-7", "create")], version)
    mine.write_text(mine.read_text(encoding="utf-8").replace(FILL_IN, "so it is"), encoding="utf-8")
    assert [one.rule for one in read_known(mine, version)] == ["TREE-7"]


def test_only_a_regular_file_of_some_size_is_a_list(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, said in (
        (fifo, "no regular file"),
        (Path("/dev/zero"), "no regular file"),
        (tmp_path, "directory"),
    ):
        with pytest.raises(KnownDeviationsError, match=said):
            read_known(path, "1.0")


# --- owner, last day, range of versions ---------------------------------------------------

WHOLE = """\
[[deviation]]
rule = "POWER-1"
operation = "start"
reason = "so it is"
driver_version = ">=7.2, <9"
owner = "storage team"
expires = 2027-03-31
flaky = true
"""


def test_an_entry_has_a_range_an_owner_and_a_last_day(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(WHOLE, encoding="utf-8")
    here = heading("simulator", "rfc", "8.1")
    assert known_list(str(mine), heading("simulator", "rfc", "9.0")).entries == ()
    on_time = known_list(str(mine), here, today=date(2027, 3, 31))
    assert [(one.owner, one.flaky) for one in on_time.entries] == [("storage team", True)]
    assert on_time.expired == ()
    late = known_list(str(mine), here, today=date(2027, 4, 1))
    assert late.entries == ()
    assert [one.rule for one in late.expired] == ["POWER-1"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("expires = '2027-03-31'", "expires is a day, such as 2027-03-31, without quotes"),
        ("expires = 2027-03-31T00:00:00", "expires is a day"),
        ("expires = 1", "expires is a day"),
        ("flaky = 'yes'", "flaky is true or false"),
        ("driver_version = '>=seven'", "driver_version: '>=seven' is no bound of a range; write >=7.2, <9"),
        ("ownr = 'x'", "unknown key 'ownr'; did you mean owner?"),
        ("owner = 5", "every value is text"),
    ],
)
def test_an_entry_that_cannot_be_read_is_told(tmp_path: Path, line: str, told: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(f'[[deviation]]\nrule = "A-1"\noperation = "start"\nreason = "r"\n{line}\n')
    with pytest.raises(KnownDeviationsError) as error:
        read_known(mine, "1.0")
    assert told in str(error.value)
