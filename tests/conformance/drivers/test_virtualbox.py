"""VirtualBox: what the suite finds on the real one is what is known, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.remote.messages import RemoteError
from snaptree.conformance.drivers.virtualbox import VirtualBoxDriver
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError, refusal_of
from snaptree.conformance.drivers.virtualbox.description import METHODS, cut
from snaptree.conformance.hosts import SYSTEMS, require_tree
from snaptree.conformance.judging.deviations import rules_broken
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.values import name_sequences
from snaptree.conformance.running.smoke import smoke
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    LimitExceeded,
    NoSuchSnapshot,
    Unsupported,
    WouldDiscard,
)

from .conftest import BringUp
from .hypervisors import known_of, tour, unknown
from .killed import gone, killed_runner


@pytest.fixture
def driver(bring_up: BringUp, work: Path) -> VirtualBoxDriver:
    """VirtualBox brought up; skips where it cannot be, unless it is required."""
    opened: VirtualBoxDriver = bring_up("virtualbox", VirtualBoxDriver, DriverOptions(work=work))
    return opened


def processes_in(work: Path) -> dict[int, str]:
    """Every process of a VirtualBox whose home is below a folder, by its own path or shown at another."""
    found = {}
    mark = b"VBOX_USER_HOME="
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            seen = (place / "environ").read_bytes()
            if mark in seen and os.fsencode(work) in seen + (place / "mountinfo").read_bytes():
                found[int(place.name)] = (place / "comm").read_text().strip()
    return found


def test_it_can_be_judged(driver: VirtualBoxDriver) -> None:
    assert [probe.problem for probe in smoke(driver)] == [None] * 10
    assert driver.version.startswith("7.")


@pytest.mark.parametrize(("scope", "bound", "least"), [("tree", 2, 50), ("storage", 1, 10)])
def test_trees_are_as_specified(driver: VirtualBoxDriver, scope: Scope, bound: int, least: int) -> None:
    covered, found = tour(driver, scope, bound)
    assert unknown(driver, found) == []
    assert covered > least


ODD: dict[str, tuple[str, ...]] = {
    "": ("create",),
    "00000000-0000-0000-0000-000000000000": ("lookup_by_name",),
    "6ba7b810-9dad-41d1-80b4-00c04fd430c8": ("lookup_by_name",),
    " leading": (),
    "a\r\nb": (),
    "<b>&amp;</b>": (),
    "\x00": (),
    "\U0001f4be": (),
}


@pytest.mark.parametrize(("name", "deviates"), ODD.items(), ids=[repr(name) for name in ODD])
def test_names_deviate_only_as_known(driver: VirtualBoxDriver, name: str, deviates: tuple[str, ...]) -> None:
    # What the pages say is found by the suite's own method, which these sequences are of.
    life = next(one for one in name_sequences(driver.profile) if getattr(one[1], "name", None) == name)
    run = run_sequence(driver, life)
    assert tuple(taken.operation.call for taken in run.steps if taken.differences) == deviates
    if deviates:
        broken = rules_broken(run.steps[-1], run.differences, driver.profile)[0]
        known = known_of("virtualbox", driver.version)
        assert (broken, deviates[0]) in {(one.rule, one.operation) for one in known}


def test_what_virtualbox_said_comes_with_a_refusal(driver: VirtualBoxDriver) -> None:
    domain = driver.open()
    root = domain.create("root")
    domain.create("left")
    domain.revert(root, None)
    domain.create("right")
    with pytest.raises(LimitExceeded) as refused:
        domain.merge_into_children(root)
    assert refused.value.native is not None
    assert refused.value.native["code"] == "0x80bb0007"
    with pytest.raises(NoSuchSnapshot) as unknown_name:
        domain.lookup_by_name("nobody")
    assert unknown_name.value.native is not None
    assert unknown_name.value.native["code"] == "0x80bb0001"
    domain.close()


def test_one_delete_is_called_only_where_it_means_what_was_asked(driver: VirtualBoxDriver) -> None:
    domain = driver.open()
    root, leaf = domain.create("root"), domain.create("leaf")
    with pytest.raises(WouldDiscard) as refused:
        domain.discard(root)
    assert refused.value.casualties == [leaf, "active"]
    domain.revert(root, None)
    with pytest.raises(WouldDiscard):
        domain.merge_into_children(leaf)
    with pytest.raises(InvalidArgument):
        domain.write_disk("vdc", 0, 1)
    with pytest.raises(InvalidName):
        domain.create("\x00")
    with pytest.raises(Unsupported):
        domain.revert(root, "running")
    assert domain.list() == [root, leaf]
    domain.discard(leaf)
    assert domain.list() == [root]
    domain.close()


def test_what_was_acknowledged_survives_a_killed_vboxsvc(driver: VirtualBoxDriver) -> None:
    life = [
        ops.Configure("key", "before"), ops.WriteDisk("vda", 3, 1), ops.Create("a", "described"),
        ops.Configure("key", "after"), ops.WriteDisk("vdb", 5, 2), ops.Rename("s1", "renamed"),
    ]  # fmt: skip
    run = run_sequence(driver, [*life, ops.Crash()], finish=False)
    seen = run.steps[-1].observation
    assert seen is not None
    assert [one.part for one in run.differences] == ["captured"]  # docs/findings/virtualbox-timestamp.md
    assert seen["snapshots"][0]["name"] == "renamed"
    assert seen["snapshots"][0]["point"]["configuration"] == {"key": "before"}
    assert seen["active"]["configuration"] == {"key": "after"}
    assert seen["active"]["disks"]["vdb"]["blocks"] == {"5": 2}


def test_a_vboxsvc_that_dies_is_a_failure_of_the_call_and_the_next_domain_has_another(
    driver: VirtualBoxDriver, work: Path
) -> None:
    domain = driver.open()
    domain.create("a")
    died = [process for process, name in processes_in(work).items() if name.startswith("VBoxSVC")]
    assert len(died) == 1
    os.kill(died[0], signal.SIGKILL)
    with pytest.raises(RemoteError):
        domain.create("b")
    domain.close()
    another = driver.open()
    another.create("a")
    assert another.count() == 1
    another.close()


def test_nothing_is_left(driver: VirtualBoxDriver, work: Path) -> None:
    domain = driver.open()
    domain.create("a")
    names = sorted(processes_in(work).values())
    assert [name for name in names if name.startswith(("VBoxSVC", "vboxwebsrv"))] == names != []
    driver.close()
    assert gone(processes_in, work)


def test_a_runner_that_is_killed_leaves_nothing(driver: VirtualBoxDriver, work: Path) -> None:
    driver.close()
    with killed_runner(VirtualBoxDriver, f"work=Path({str(work)!r})"):
        assert len(processes_in(work)) >= 2
    assert gone(processes_in, work)


def test_a_virtualbox_of_the_host_is_used_and_its_sockets_go(driver: VirtualBoxDriver, work: Path) -> None:
    driver.close()
    try:
        tree = require_tree(SYSTEMS["virtualbox"])
    except DriverUnavailable as error:
        pytest.skip(f"a host's VirtualBox is made of the private tree: {error}")
    programs = work / "programs"
    programs.mkdir()
    # The host's own /tmp is where a host's VirtualBox has its sockets.
    command = tree.command(["/usr/bin/env", '"$@"'], binds=[Path("/tmp")])
    enter = " ".join(f"'{word}'" if word != '"$@"' else word for word in command)
    script = programs / "vboxwebsrv"
    script.write_text(
        '#!/bin/sh\nset -- "VBOX_USER_HOME=$VBOX_USER_HOME" "VBOX_IPC_SOCKETID=$VBOX_IPC_SOCKETID" '
        f'/usr/lib/virtualbox/vboxwebsrv "$@"\nexec {enter}\n'
    )
    script.chmod(0o755)
    before = set(Path("/tmp").glob(".vbox-*"))
    hosted = VirtualBoxDriver(DriverOptions(work=work, settings={"virtualbox-bin": str(programs)}))
    sockets = set(Path("/tmp").glob(".vbox-snaptree-*/*"))
    hosted.open().create("a")
    hosted.close()
    assert sockets
    script.unlink()
    programs.rmdir()
    assert gone(processes_in, work)
    assert set(Path("/tmp").glob(".vbox-*")) - before == set()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (DriverOptions(target="x"), "takes nothing behind a colon"),
        (DriverOptions(settings={"virtualbox-bin": "/nowhere"}), "there is no vboxwebsrv in /nowhere"),
    ],
)
def test_what_cannot_be_brought_up_says_why(
    driver: VirtualBoxDriver, options: DriverOptions, said: str
) -> None:
    driver.close()
    with pytest.raises(DriverUnavailable, match=said):
        VirtualBoxDriver(options)


def test_where_there_is_none_the_command_that_installs_it_is_named(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("zeep")
    monkeypatch.setenv("SNAPTREE_CACHE", str(work / "cache"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DriverUnavailable) as missing:
        VirtualBoxDriver(DriverOptions(work=work))
    assert missing.value.install == "snaptree drivers --install virtualbox"


# --- without VirtualBox -------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code", "kind"),
    [
        ("revert", 0x80BB0001, "NoSuchSnapshot"),
        ("merge_into_children", 0x80BB0007, "LimitExceeded"),
        ("create", 0x80070057, "InvalidName"),
        ("describe", 0x80070057, "InvalidArgument"),
        ("revert", 0x80BB0002, "InvalidPowerState"),
        ("revert", 0x80004005, None),
        ("revert", 0x80BB0007, None),
    ],
)
def test_what_a_result_code_means(call: str, code: int, kind: str | None) -> None:
    refusal = refusal_of(call, VirtualBoxError("IMachine_x", code, "said"))
    assert (refusal.kind if refusal else None) == kind


def test_the_description_is_cut_to_what_is_called() -> None:
    whole = (
        "<d xmlns:w='w'><w:message name='IMachine_takeSnapshotRequestMsg'/>"
        "<w:message name='IMachine_teleportRequestMsg'/><w:portType>"
        "<w:operation name='IMachine_takeSnapshot'/><w:operation name='IMachine_teleport'/></w:portType>"
        "<w:element name='IMachine_teleportResponse'/><w:element name='name'/></d>"
    )
    left = cut(whole.encode()).decode()
    assert "teleport" not in left
    assert left.count("IMachine_takeSnapshot") == 2
    assert "'name'" in left.replace('"', "'")
    assert "IMachine_takeSnapshot" in METHODS
