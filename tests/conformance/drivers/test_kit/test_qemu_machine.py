"""A QEMU that runs: calls, memory, jobs; its death or silence is one clear error, and leaves nothing."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.kit.qemu_machine.machine import Machine, MachineLost
from snaptree.conformance.drivers.kit.qemu_machine.monitor import CommandError
from snaptree.conformance.drivers.kit.qemu_machine.system import System, find_system, kvm_works

from ..hypervisors import skip_without

Start = Callable[..., Machine]


@pytest.fixture(scope="module")
def system() -> System:
    """The QEMU of the host, under TCG, which works everywhere."""
    try:
        return find_system({"accel": "tcg"})
    except DriverUnavailable as missing:
        skip_without("qemu", missing)


@pytest.fixture
def start(system: System, tmp_path: Path) -> Iterator[Start]:
    """Starts machines in the test's folder, and ends them."""
    started: list[Machine] = []

    def start(*arguments: str, patience: float = 60.0) -> Machine:
        started.append(Machine(system, tmp_path, arguments, patience=patience))
        return started[-1]

    yield start
    for machine in started:
        machine.kill()


def processes_in(folder: Path) -> list[int]:
    """Every process that works in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found


def qemu_in(folder: Path) -> int:
    """The QEMU that works in a folder."""
    (found,) = [one for one in processes_in(folder) if b"qemu" in Path(f"/proc/{one}/comm").read_bytes()]
    return found


def test_memory_keeps_while_the_guest_runs(start: Start) -> None:
    machine = start()
    machine.write_memory(0x8000, 171)
    machine.call("cont")
    assert machine.call("query-status")["status"] == "running"
    machine.call("stop")
    assert machine.read_memory(0x8000) == 171


def test_an_error_reply_leaves_the_machine_as_it_is(start: Start) -> None:
    machine = start()
    with pytest.raises(CommandError, match="device_del: Device 'nobody' not found") as seen:
        machine.call("device_del", {"id": "nobody"})
    assert seen.value.error_class == "DeviceNotFound"
    assert machine.call("query-status")["status"] == "prelaunch"


def test_a_job_that_succeeds_is_dismissed(start: Start, tmp_path: Path) -> None:
    machine = start()
    options = {"driver": "file", "filename": "made", "size": 4096}
    machine.job("blockdev-create", {"job-id": "make", "options": options})
    assert (tmp_path / "made").stat().st_size == 4096
    assert machine.call("query-jobs") == []


def test_a_job_that_fails_says_why_and_is_dismissed(start: Start) -> None:
    machine = start()
    options = {"driver": "file", "filename": "no/such/folder", "size": 4096}
    with pytest.raises(CommandError, match=r"blockdev-create: .*No such file or directory"):
        machine.job("blockdev-create", {"job-id": "make", "options": options})
    assert machine.call("query-jobs") == []


def test_a_machine_that_does_not_start_shows_what_qemu_printed(start: Start, tmp_path: Path) -> None:
    with pytest.raises(MachineLost, match=r"exit code 1.*\n.*-nonsense: invalid option"):
        start("-nonsense")
    assert processes_in(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "patience", "told"),
    [(signal.SIGKILL, 60.0, "was killed by SIGKILL"), (signal.SIGSTOP, 8.0, "no answer to query-status")],
)
def test_death_and_silence_are_told_and_nothing_is_left(
    start: Start, tmp_path: Path, number: signal.Signals, patience: float, told: str
) -> None:
    machine = start(patience=patience)
    os.kill(qemu_in(tmp_path), number)
    with pytest.raises(MachineLost, match=told):
        machine.call("query-status")
    assert processes_in(tmp_path) == []
    with pytest.raises(MachineLost, match="QEMU was ended"):
        machine.call("query-status")


def test_quit_ends_the_process_and_its_guard(start: Start, tmp_path: Path) -> None:
    machine = start()
    machine.quit()
    assert processes_in(tmp_path) == []


def test_a_killed_parent_takes_its_machine_along(system: System, tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from snaptree.conformance.drivers.kit.qemu_machine.machine import Machine
from snaptree.conformance.drivers.kit.qemu_machine.system import System
machine = Machine(System({system.program!r}, "tcg"), Path({os.fspath(tmp_path)!r}))
print("up", flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        machine = os.pidfd_open(qemu_in(tmp_path))
        parent.kill()
    try:
        assert select.select([machine], [], [], 30)[0], "the machine outlived its parent"
    finally:
        os.close(machine)


def test_a_machine_that_is_dropped_ends(system: System, tmp_path: Path) -> None:
    machine = Machine(system, tmp_path)
    assert processes_in(tmp_path) != []
    del machine
    gc.collect()
    assert processes_in(tmp_path) == []


_VERSION = b'{"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}'
_GREETING = b'{"QMP": {"version": %b, "capabilities": []}}\n' % _VERSION

_INTERRUPTED = """
import signal, socket, sys
from snaptree.conformance.drivers.kit.qemu_machine.monitor import Monitor

def interrupt(number, frame):
    raise KeyboardInterrupt

ours, theirs = socket.socketpair()
theirs.sendall(bytes.fromhex(sys.argv[1]))
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    Monitor(ours, 60.0).call("query-status")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(
    "said",
    [b"", _GREETING, _GREETING + b'{"return": {}, "id": "__qmp#00000"}\n'],
    ids=["before the greeting", "before its capabilities", "in a call"],
)
def test_an_interrupt_leaves_no_words_of_the_library(said: bytes) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, said.hex()], capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("interrupted\n", "")


def test_a_wrong_accelerator_is_named() -> None:
    with pytest.raises(DriverUnavailable, match="accel is 'warp'; it is one of kvm, tcg"):
        find_system({"accel": "warp"})


def test_a_device_that_makes_no_machine_is_no_kvm(tmp_path: Path) -> None:
    assert not kvm_works(os.devnull)
    assert not kvm_works(str(tmp_path / "kvm"))
