"""Whatever goes wrong inside a call, the state is the one before it or the one after it.

Every call on a grown domain is cut off at every point at which it touches
something outside of its own process, once by an error and once by ``kill -9``.
These are the rules DURABLE-1 (what was committed stays), DURABLE-2 (errors) and DURABLE-3 (crashes).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.kit.qemu_images.tools import QemuError
from snaptree.conformance.drivers.qemu import QemuDriver, state_file
from snaptree.conformance.drivers.qemu.domain import QemuDomain
from snaptree.conformance.drivers.qemu.state_file import FolderInUse

from .grown_domain import CALLS, SMALL, Ids, Template, grow, state_of

EFFECTS = [
    (subprocess.Popen, "__init__"),
    (os, "replace"),
    (os, "unlink"),
    (shutil, "copyfile"),
    (Path, "write_text"),
]
"""What a call does outside of its process."""

MOST_EFFECTS = 60


class Fault(OSError):
    """An error that a test put in."""


class Faults:
    """Counts effects, and lets the one with a given number go wrong."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.fatal = 0
        self.kills = False
        for owner, name in EFFECTS:
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, real: Any) -> Any:
        def effect(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.fatal:
                if self.kills:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise Fault(f"effect {self.count}: {real.__name__}")
            return real(*arguments, **options)

        return effect


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    return Faults(monkeypatch)


def attempts() -> Iterator[int]:
    yield from range(1, MOST_EFFECTS)
    pytest.fail(f"the call has {MOST_EFFECTS} effects or more")


@pytest.mark.rule("DURABLE-1", "DURABLE-2")
@pytest.mark.parametrize("name", [name for name in CALLS if name != "write_disk"])
def test_an_error_anywhere_leaves_the_state_before_or_after(
    template: Template, faults: Faults, name: str
) -> None:
    before, after = template.expected(name)
    found = []
    for number in attempts():
        domain = template.again()
        faults.count, faults.fatal = 0, number
        try:
            CALLS[name](domain, template.ids)
        except (Fault, QemuError):
            faults.fatal = 0
        else:
            break
        state = state_of(domain)
        assert state in (before, after), f"effect {number}"
        found.append(state == after)
        if state == before:
            CALLS[name](domain, template.ids)
            assert state_of(domain) == after, f"again after effect {number}"
        domain.close()
    faults.fatal = 0
    assert found, "the call has no effect that could go wrong"
    assert found == sorted(found), "after the commit point nothing goes back"


@pytest.mark.rule("DURABLE-1", "DURABLE-3")
@pytest.mark.parametrize("name", CALLS)
def test_kill_9_anywhere_leaves_the_state_before_or_after(
    template: Template, faults: Faults, name: str
) -> None:
    before, after = template.expected(name)
    found = []
    for number in attempts():
        domain = template.again()
        if not _dies_at(number, domain, template.ids, name, faults):
            break
        domain.release()
        again = template.driver.reopen(domain.folder)
        state = state_of(again)
        assert state in (before, after), f"killed at effect {number}"
        found.append(state == after)
        again.close()
    assert found or name == "write_disk"
    assert found == sorted(found), "after the commit point nothing goes back"


def _dies_at(number: int, domain: QemuDomain, ids: Ids, name: str, faults: Faults) -> bool:
    """Make the call in a child process that is killed at that effect; False if it came through."""
    child = os.fork()
    if child == 0:
        _call_and_exit(number, domain, ids, name, faults)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _call_and_exit(number: int, domain: QemuDomain, ids: Ids, name: str, faults: Faults) -> NoReturn:
    try:
        faults.count, faults.fatal, faults.kills = 0, number, True
        CALLS[name](domain, ids)
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.rule("DURABLE-2")
def test_a_qemu_img_that_is_killed_or_prints_is_an_error_without_effect(
    real_qemu: str, tmp_path: Path
) -> None:
    """The tool leaves half a file behind each time."""
    wrapped = tmp_path / "bin"
    wrapped.mkdir()
    (wrapped / "qemu-io").symlink_to(Path(real_qemu) / "qemu-io")
    tool = wrapped / "qemu-img"
    order = tmp_path / "order"
    tool.write_text(
        f"#!/bin/sh\nfor last; do :; done\n"
        f'[ -e "{order}" ] || exec "{real_qemu}/qemu-img" "$@"\n'
        f'echo half a file > "$last"\n. "{order}"\n'
    )
    tool.chmod(0o755)
    driver = QemuDriver(DriverOptions(work=tmp_path, settings={"qemu-bin": str(wrapped)}))
    domain = driver.open()
    ids = grow(domain)
    before = state_of(domain)
    for ends in ("kill -9 $$", "echo out of luck >&2; exit 3", "echo could not flush >&2; exit 0"):
        for name in ("create", "merge_into_children of a fork", "merge_into_parent"):
            order.write_text(ends)
            with pytest.raises(QemuError):
                CALLS[name](domain, ids)
            order.unlink()
            assert state_of(domain) == before, f"{name} after {ends}"
    CALLS["merge_into_parent"](domain, ids)
    assert state_of(domain) != before
    driver.close()


@pytest.mark.rule("DURABLE-3")
def test_an_interrupted_call_is_undone(driver: QemuDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = driver.open()
    ids = grow(domain)
    before = state_of(domain)
    waited = subprocess.Popen.communicate
    interrupts = iter([KeyboardInterrupt])

    def interrupted(*arguments: Any, **options: Any) -> Any:
        for interrupt in interrupts:
            raise interrupt
        return waited(*arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        CALLS["merge_into_parent"](domain, ids)
    assert state_of(domain) == before


@pytest.mark.rule("DURABLE-1")
def test_recovering_what_was_not_cut_off_changes_nothing(driver: QemuDriver) -> None:
    domain = driver.open()
    ids = grow(domain)
    before = state_of(domain)
    domain.recover()
    assert state_of(domain) == before
    domain.release()
    again = driver.reopen(domain.folder)
    assert state_of(again) == before
    CALLS["merge_into_children of a fork"](again, ids)
    assert state_of(again) != before


def test_recovering_removes_what_calls_leave_and_nothing_else(template: Template) -> None:
    domain = template.again()
    before = state_of(domain)
    for name in ("0-99.qcow2", "0-1.qcow2.new", "0-1.qcow2.raw", "state.new"):
        (domain.folder / name).write_text("half a file")
    (domain.folder / "notes.txt").write_text("somebody's own")
    domain.recover()
    assert (domain.folder / "notes.txt").read_text() == "somebody's own"
    (domain.folder / "notes.txt").unlink()
    assert state_of(domain) == before
    domain.close()


def test_a_folder_that_holds_no_domain_is_not_opened(driver: QemuDriver, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"state\.json"):
        driver.reopen(tmp_path)
    (tmp_path / "state.json").write_text('{"format": "another"}')
    with pytest.raises(ValueError, match="another"):
        driver.reopen(tmp_path)


@pytest.mark.parametrize("let_go", ["release", "close the driver"])
def test_a_folder_has_one_writer_from_open_to_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, let_go: str
) -> None:
    monkeypatch.setattr(state_file, "WITHIN", 0.1)
    first = QemuDriver(DriverOptions(work=tmp_path, keep=True))
    second = QemuDriver(DriverOptions(work=tmp_path))
    domain = first.open(SMALL)
    for _ in range(2):
        with pytest.raises(FolderInUse, match="is in use by another driver"):
            second.reopen(domain.folder)
    created = domain.create("a", "", False, None, False)
    if let_go == "release":
        domain.release()
    else:
        first.close()
    again = second.reopen(domain.folder)
    assert again.list() == [created]
    if let_go == "release":
        with pytest.raises(FolderInUse):
            first.reopen(domain.folder)
    again.close()
    second.close()
    first.close()
