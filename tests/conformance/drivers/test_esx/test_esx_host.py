"""The ESX driver on a host as if it were a real one: what it touches, and what it survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable, NotObserved
from snaptree.conformance.drivers.esx import EsxDriver
from snaptree.conformance.drivers.esx.faults import ConnectionLost, EsxError
from snaptree.conformance.drivers.esx.machines import LENT, MadeMachines
from snaptree.conformance.drivers.esx.placing import find_object, place_for
from snaptree.conformance.drivers.esx.serving import ServedEsx
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.settings import Settings
from snaptree.conformance.drivers.esx.simulated import Simulated
from snaptree.conformance.drivers.esx.tasks import finish
from snaptree.conformance.drivers.esx.tree import read_tree
from snaptree.conformance.drivers.kit.order import CreationOrder
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidPowerState,
    NoSuchSnapshot,
    Unsupported,
    WouldDiscard,
)

from ..hypervisors import skip_without
from ..killed import gone, killed_runner
from .conftest import Serving
from .gateway import Gateway

OTHERS = "ha-datacenter/vm/ha-host_VM0"
"""A machine that is on the simulated host from the beginning."""


def inventory(owner: Session) -> dict[str, object]:
    """Every machine on the host with its power state, options and snapshots."""
    folder = find_object(owner, "ha-datacenter/vm", owner.vim.Folder, "folder")
    paths = ["name", "runtime.powerState", "config.annotation", "config.modified", "snapshot"]
    seen = owner.read(owner.property(folder, "childEntity"), paths)
    return {
        str(one["name"]): [str(one.get(path)) for path in paths[1:4]]
        + [(entry.id, entry.name) for entry in read_tree(one.get("snapshot"), CreationOrder()).entries]
        for one in seen
    }


def of_others(owner: Session) -> object:
    """A machine that is not the driver's."""
    return find_object(owner, OTHERS, owner.vim.VirtualMachine, "virtual machine")


def done(owner: Session, task: object) -> object:
    """The result of a task."""
    return finish(owner, task, "a task of the owner's", 20)


def lent(owner: Session, note: str = LENT) -> object:
    """A machine that its owner lends: off, and with a note."""
    machine = of_others(owner)
    done(owner, machine.PowerOffVM_Task())  # type: ignore[attr-defined]
    done(owner, machine.ReconfigVM_Task(owner.vim.vm.ConfigSpec(annotation=note)))  # type: ignore[attr-defined]
    return machine


# --- what is touched ---------------------------------------------------------------


def test_nothing_but_its_own_machines_is_touched_and_they_go(serving: Serving, owner: Session) -> None:
    before = inventory(owner)
    driver = serving()
    assert inventory(owner) == before, "bringing it up changes nothing"
    domain = driver.open()
    domain.create("a")
    domain.start()
    during = inventory(owner)
    made = set(during) - set(before)
    assert len(made) == 1
    assert made.pop().startswith("snaptree-")
    assert {name: during[name] for name in before} == before
    domain.close()
    assert inventory(owner) == before
    driver.open().start()
    driver.close()
    assert inventory(owner) == before, "a domain that nobody closed goes with the driver"


def test_the_announcement_says_what_is_made_and_where(serving: Serving, host: Simulated) -> None:
    said = serving().announcement
    for part in (str(host.address), "snaptree-XXXXXXXX-N", "ha-datacenter/vm", "Resources", "LocalDS_0"):
        assert part in said


def test_somebody_elses_machine_under_the_prefix_is_refused(owner: Session) -> None:
    place = place_for(owner, Settings())
    theirs = MadeMachines(owner, place, 20, prefix="snaptree-12345678-").fresh({})
    with pytest.raises(DriverUnavailable, match="snaptree-12345678-1 is on the host already"):
        MadeMachines(owner, place, 20, prefix="snaptree-12345678-")
    assert owner.property(theirs, "runtime.powerState") == "poweredOff"


def test_what_was_made_without_an_answer_goes_too(serving: Serving, owner: Session) -> None:
    before = inventory(owner)
    driver = serving()
    unheard = driver._machines.fresh({})
    other = serving()
    assert f"of other runs, and left alone: {owner.property(unheard, 'name')}" in other.announcement
    other.open()
    other.close()
    assert len(set(inventory(owner)) - set(before)) == 1, "another run's machine is left alone"
    driver.close()
    assert inventory(owner) == before


def test_somebody_elses_snapshot_is_not_touched(serving: Serving, owner: Session) -> None:
    machine = of_others(owner)
    theirs = done(owner, machine.CreateSnapshot_Task("theirs", "", False, False))  # type: ignore[attr-defined]
    before = inventory(owner)
    domain = serving().open()
    domain.create("mine")
    for call in (domain.revert, domain.discard, domain.discard_forced, domain.merge_into_children,
                 domain.remove_subtree, domain.lookup_by_id, domain.parent):  # fmt: skip
        with pytest.raises(NoSuchSnapshot):
            call(theirs._moId)  # type: ignore[attr-defined]
    with pytest.raises(NoSuchSnapshot):
        domain.rename(theirs._moId, "x")  # type: ignore[attr-defined]
    domain.close()
    assert inventory(owner) == before


def test_where_there_is_a_choice_it_has_to_be_made(host: Simulated, owner: Session) -> None:
    del host
    with pytest.raises(DriverUnavailable, match="no folder at 'nowhere/vm'"):
        place_for(owner, Settings(folder="nowhere/vm"))
    with pytest.raises(DriverUnavailable, match=r"no datastore 'x' .*; there is LocalDS_0"):
        place_for(owner, Settings(datastore="x"))
    with pytest.raises(DriverUnavailable, match="no resource pool at 'ha-datacenter/vm'"):
        place_for(owner, Settings(resource_pool="ha-datacenter/vm"))


@pytest.mark.parametrize(
    ("note", "changes", "why"),
    [
        ("production", (), 'its notes do not hold "snaptree: disposable"'),
        (LENT, ("PowerOnVM_Task",), "it is not off"),
    ],
)
def test_a_machine_is_not_lent_unless_it_says_so(
    serving: Serving, owner: Session, note: str, changes: tuple[str, ...], why: str
) -> None:
    machine = lent(owner, note)
    for change in changes:
        done(owner, getattr(machine, change)())
    with pytest.raises(DriverUnavailable, match=why):
        serving(machine=OTHERS)


def test_a_machine_with_foreign_snapshots_is_refused(serving: Serving, owner: Session) -> None:
    machine = lent(owner)
    done(owner, machine.CreateSnapshot_Task("theirs", "", False, False))  # type: ignore[attr-defined]
    before = inventory(owner)
    with pytest.raises(DriverUnavailable, match="it has snapshots that this run did not make"):
        serving(machine=OTHERS)
    assert inventory(owner) == before


def test_a_lent_machine_is_given_back_without_snapshots(serving: Serving, owner: Session) -> None:
    machine = lent(owner)
    driver = serving(machine=OTHERS)
    assert "ha-host_VM0 alone" in driver.announcement
    assert not driver.profile.claims("undefine_forced")
    domain = driver.open()
    with pytest.raises(Unsupported, match="is lent"):
        domain.undefine_forced()
    domain.create("a")
    domain.configure("role", "web")
    domain.start()
    domain.close()
    assert owner.property(machine, "snapshot") is None
    options = {one.key: one.value for one in owner.property(machine, "config.extraConfig")}
    assert options["guestinfo.snaptree.role"] == "", "asked for; a real host removes it then"
    assert owner.property(machine, "runtime.powerState") == "poweredOff"
    second = driver.open()
    second.create("b")
    theirs = done(owner, machine.CreateSnapshot_Task("theirs", "", False, False))  # type: ignore[attr-defined]
    with pytest.raises(EsxError, match="they stay"):
        second.close()
    left = read_tree(owner.property(machine, "snapshot"), CreationOrder()).entries
    assert [entry.id for entry in left] == [theirs._moId]  # type: ignore[attr-defined]


def test_a_dry_run_makes_nothing(host: Simulated, ca_file: Path, owner: Session) -> None:
    before = inventory(owner)
    asked = ["check", f"esx:https://{host.address}", "--setting", f"ca-file={ca_file}", "--dry-run"]
    ran = subprocess.run(
        [sys.executable, "-m", "snaptree.conformance.cli", *asked], capture_output=True, text=True
    )
    assert ran.returncode == 4, ran.stderr
    assert "would make, on 127.0.0.1" in ran.stdout
    assert "nothing was made and nothing was tested" in ran.stdout
    assert inventory(owner) == before


# --- calls -------------------------------------------------------------------------


@pytest.mark.rule("PROFILE-3")
def test_one_removal_is_called_only_where_it_means_what_was_asked(serving: Serving) -> None:
    """PROFILE-3: the driver looks first."""
    domain = serving().open()
    a = domain.create("a")
    b = domain.create("b")
    domain.revert(a)
    with pytest.raises(WouldDiscard) as merge:
        domain.merge_into_children(b)
    assert merge.value.casualties == [b]
    with pytest.raises(WouldDiscard) as discard:
        domain.discard(a)
    assert discard.value.casualties == [b, "active"]
    assert domain.list() == [a, b]
    assert not hasattr(domain, "merge_into_parent")


def test_names_come_back_as_they_were(serving: Serving) -> None:
    domain = serving().open()
    names = ["a", "a", "100%", "%25", "%2f", "a/b\\c", " a ", "<b>&amp;</b>", "caf\u00e9", "\U0001f4be"]
    for name in names:
        domain.create(name, description=f"of {name}")
    seen = domain.observe()["snapshots"]
    assert [one["name"] for one in seen] == names
    assert [one["description"] for one in seen] == [f"of {name}" for name in names]


def test_what_the_host_said_comes_with_a_refusal(serving: Serving) -> None:
    domain = serving().open()
    with pytest.raises(InvalidPowerState) as refused:
        domain.stop()
    assert refused.value.native is not None
    assert (refused.value.native["system"], refused.value.native["code"]) == ("vSphere", "InvalidPowerState")
    with pytest.raises(InvalidPowerState, match="the machine is off"):
        domain.create("a", memory=True)
    a = domain.create("a")
    domain.discard_forced(domain.create("b"))
    domain.create("c")
    domain.merge_into_children(a)
    with pytest.raises(NoSuchSnapshot) as missed:
        domain.revert(a)
    assert missed.value.native is not None
    assert missed.value.native["code"] == "ManagedObjectNotFound"


def test_a_machine_is_removed_with_its_snapshots_only_by_force(serving: Serving, owner: Session) -> None:
    before = inventory(owner)
    domain = serving().open()
    a = domain.create("a")
    domain.start()
    for remove in (domain.undefine, domain.undefine_forced):
        with pytest.raises(InvalidPowerState):
            remove()
    domain.stop()
    with pytest.raises(WouldDiscard) as refused:
        domain.undefine()
    assert refused.value.casualties == [a]
    domain.undefine_forced()
    assert inventory(owner) == before
    with pytest.raises(InvalidArgument):
        domain.undefine()
    domain.close()


def test_a_domain_that_was_removed_says_so(serving: Serving) -> None:
    domain = serving().open()
    domain.close()
    with pytest.raises(InvalidArgument, match="was removed"):
        domain.create("a")
    domain.close()


def test_a_session_that_expired_is_begun_anew(serving: Serving) -> None:
    driver = serving()
    domain = driver.open()
    domain.session.content.sessionManager.Logout()
    assert [domain.create("a")] == domain.list()


# --- what breaks -------------------------------------------------------------------


@pytest.fixture
def gateway(host: Simulated) -> Iterator[Gateway]:
    """A way to the host that can be closed."""
    passing = Gateway(host.address)
    yield passing
    passing.close()


def test_a_connection_that_is_cut_is_a_finding_and_the_run_goes_on(
    serving: Serving, gateway: Gateway, owner: Session
) -> None:
    before = set(inventory(owner))
    driver = serving(f"https://{gateway.address}")
    lost = driver.open()
    lost.create("a")
    gateway.cut()
    with pytest.raises(ConnectionLost, match=f"{gateway.address} dropped the connection"):
        lost.create("b")
    with pytest.raises(NotObserved):
        lost.observe()
    lost.close()
    fresh = driver.open()
    assert [fresh.create("a")] == fresh.list()
    fresh.close()
    assert set(inventory(owner)) == before, "the machine whose connection was lost went later"


def test_a_host_that_hangs_is_a_finding_and_the_run_goes_on(
    serving: Serving, gateway: Gateway, owner: Session
) -> None:
    before = set(inventory(owner))
    driver = serving(f"https://{gateway.address}", deadline="8")
    lost = driver.open()
    gateway.open.clear()
    with pytest.raises(ConnectionLost, match=r"gave no answer within 1\.2 s"):
        lost.create("a")
    lost.close()
    with pytest.raises(DriverUnavailable, match=r"gave no answer within 1\.2 s"):
        driver.open()
    gateway.open.set()
    fresh = driver.open()
    assert [fresh.create("a")] == fresh.list()
    fresh.close()
    assert set(inventory(owner)) == before


def test_without_a_simulator_it_is_said_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPTREE_CACHE", str(tmp_path / "nothing"))
    with pytest.raises(DriverUnavailable) as missed:
        Simulated("esx", tmp_path)
    assert missed.value.install == "snaptree drivers --install vcsim"
    assert list(tmp_path.iterdir()) == []


def test_a_simulator_that_is_killed_is_a_finding_and_another_one_begins(tmp_path: Path) -> None:
    try:
        driver = ServedEsx(DriverOptions(target="vcsim", work=tmp_path))
    except DriverUnavailable as error:
        skip_without("esx", error)
    try:
        lost = driver.open()
        lost.create("a")
        simulated = driver.simulated
        assert simulated is not None
        os.kill(simulated.pid, signal.SIGKILL)
        with pytest.raises(ConnectionLost, match="dropped the connection"):
            lost.create("b")
        lost.close()
        run = run_sequence(driver, [ops.Create("a"), ops.Create("b"), ops.Revert("s1")])
        assert run.differences == ()
        assert not simulated.alive
        assert driver.simulated is not None
        os.kill(driver.simulated.pid, signal.SIGKILL)
        assert driver.open().list() == [], "nothing was under way: that is nobody's finding"
    finally:
        driver.close()
    assert list(tmp_path.iterdir()) == []


def test_a_runner_that_is_killed_leaves_no_simulator(host: Simulated, tmp_path: Path) -> None:
    del host
    work = tmp_path / "work"
    work.mkdir()
    with killed_runner(EsxDriver, f'target="vcsim", work=Path({str(work)!r})'):
        assert len(simulators_in(work)) == 1
    assert gone(simulators_in, work)


def test_a_runner_that_is_killed_leaves_no_machine(
    host: Simulated, owner: Session, tmp_path: Path, ca_file: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    before = set(inventory(owner))
    options = f'target="https://{host.address}", settings={{"ca-file": {str(ca_file)!r}}}'

    def left(_: Path) -> set[str]:
        try:
            return set(inventory(owner)) - before
        except InvalidArgument:
            return {"an object that is going while the inventory is read"}

    with killed_runner(EsxDriver, options):
        assert len(left(work)) == 1
    assert gone(left, work)
    assert set(inventory(owner)) == before


def simulators_in(work: Path) -> list[int]:
    """The processes whose temporary folder lies below a folder."""
    below = b"TMPDIR=" + os.fsencode(work)
    running = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if below in path.read_bytes():
                running.append(int(path.parent.name))
        except OSError:
            continue
    return running
