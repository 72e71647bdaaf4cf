"""The recorder sees every effect, fails where it is told to, and leaves no mount."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.storage import recorder as module
from snaptree.conformance.storage.effects import Fault
from snaptree.conformance.storage.recorder import Recorder, why_not
from snaptree.conformance.storage.replay import Folder, check_replay

from .fuse import need_fuse

MOUNTS = Path("/proc/self/mountinfo")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    need_fuse()
    recorder = Recorder(tmp_path)
    yield recorder
    recorder.close()
    assert str(tmp_path) not in MOUNTS.read_text(encoding="utf-8")


def work(top: Path) -> None:
    """One of every effect."""
    (top / "d").mkdir()
    with open(top / "d/a", "w+b", buffering=0) as file:
        file.write(b"x" * 300_000)
        file.truncate(5_000)
        file.seek(8_000)
        file.write(b"z")
        os.fsync(file.fileno())
        os.posix_fallocate(file.fileno(), 0, 20_000)
        os.unlink(top / "d/a")
        file.write(b"without a name")
    (top / "b").write_bytes(b"b" * 10)
    os.rename(top / "b", top / "d/c")
    os.link(top / "d/c", top / "e")
    os.symlink("d/c", top / "s")
    os.rename(top / "d", top / "f")
    with open(top / "e", "ab") as file:
        file.write(b"appended")
    with open(top / "e", "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:3] = b"MAP"
        mapped.flush()
    (top / "gone").mkdir()
    (top / "gone").rmdir()
    os.chmod(top / "e", 0o600)
    folder = os.open(top, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def test_every_effect_is_seen_and_replayed_byte_for_byte(recorder: Recorder) -> None:
    start = Folder.read(recorder.store)
    recorder.begin()
    work(recorder.mount)
    effects, struck = recorder.take()
    kinds = {effect.kind for effect in effects}
    assert kinds == {
        "create", "write", "truncate", "allocate", "rename", "unlink", "link", "mkdir", "rmdir", "symlink",
        "mode", "fsync", "fsyncdir",
    }  # fmt: skip
    assert struck == 0
    check_replay(start, effects, Folder.read(recorder.store))
    # The kernel itself writes back what was changed in memory.
    assert {effect.process for effect in effects} == {os.getpid(), 0}
    assert all(effect.begun <= effect.ended for effect in effects)


def test_effects_of_two_processes_are_told_apart(recorder: Recorder) -> None:
    recorder.begin()
    touch = "import sys; open(sys.argv[1], 'w').close()"
    for name in "ab":
        subprocess.run([sys.executable, "-c", touch, recorder.mount / name], check=True)
    effects, _ = recorder.take()
    made = [effect for effect in effects if effect.kind == "create"]
    assert [effect.path for effect in made] == ["a", "b"]
    assert made[0].process != made[1].process
    assert {effect.parent for effect in made} == {os.getpid()}


def test_an_exchange_of_two_names_is_refused(recorder: Recorder) -> None:
    for name in "ab":
        (recorder.mount / name).write_text(name)
    libc = ctypes.CDLL(None, use_errno=True)
    exchange = 2
    a, b = (os.fsencode(recorder.mount / name) for name in "ab")
    assert libc.renameat2(-100, a, -100, b, exchange) == -1
    assert ctypes.get_errno() == errno.EINVAL
    assert {path.name: path.read_text() for path in recorder.mount.iterdir()} == {"a": "a", "b": "b"}


USES: Mapping[str, Callable[[Path], object]] = {
    "rename": lambda path: os.rename(path, path.with_name("b")),
    "unlink": os.unlink,
    "open": Path.read_bytes,
    "read": Path.read_bytes,
    "truncate": lambda path: os.truncate(path, 0),
}


@pytest.mark.parametrize("kind", USES)
def test_other_calls_fail_as_well(recorder: Recorder, kind: str) -> None:
    (recorder.mount / "a").write_bytes(b"a")
    # The kernel reads once more where its reading ahead failed.
    recorder.begin(Fault(frozenset([kind]), 1, errno.EIO, for_ever=kind == "read"))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        USES[kind](recorder.mount / "a")
    assert (recorder.store / "a").read_bytes() == b"a"


WRITER = """
import sys
with open(sys.argv[1], "wb", buffering=0) as file:
    for number in range(100):
        file.write(b"%d" % (number % 10))
"""


def test_a_process_is_killed_before_its_numbered_effect(recorder: Recorder, tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text("import time; time.sleep(0.5)\n" + WRITER)
    with subprocess.Popen([sys.executable, script, recorder.mount / "a"]) as process:
        recorder.begin(Fault(frozenset(["write"]), 8, process=process.pid))
        assert process.wait(20) == -signal.SIGKILL
    assert (recorder.store / "a").read_bytes() == b"0123456"
    effects, struck = recorder.take()
    assert struck == 1
    check_replay(Folder(), effects, Folder.read(recorder.store))
    recorder.begin()  # what was dead lives again
    (recorder.mount / "b").write_bytes(b"b")


RUNNER = """
import sys, time
from pathlib import Path
from snaptree.conformance.storage.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]))
print(recorder.mount, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_no_mount_outlives_its_runner(tmp_path: Path, sign: signal.Signals) -> None:
    need_fuse()
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as runner:
        assert runner.stdout is not None
        mount = runner.stdout.readline().strip()
        assert mount in MOUNTS.read_text(encoding="utf-8")
        runner.send_signal(sign)
        runner.wait(20)
    give_up = time.monotonic() + 15
    while (
        mount in MOUNTS.read_text(encoding="utf-8") or list(tmp_path.iterdir())
    ) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert mount not in MOUNTS.read_text(encoding="utf-8")
    assert not list(tmp_path.iterdir())


def test_a_mount_whose_process_was_killed_is_removed_by_the_next_run(tmp_path: Path) -> None:
    need_fuse()
    stale = Recorder(tmp_path)
    assert stale._process is not None
    stale._process.kill()
    stale._process.wait()
    # Another run on this host may be quicker than this one.
    Recorder(tmp_path).close()
    assert str(stale.mount) not in MOUNTS.read_text(encoding="utf-8")
    assert not stale.store.exists()
    stale.close()


def test_a_stale_mount_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    need_fuse()
    monkeypatch.setattr(module, "remove_stale", lambda: ["/gone/mount"])
    Recorder(tmp_path).close()
    assert "removed a mount that an earlier run left: /gone/mount" in capsys.readouterr().err


def test_two_recorders_do_not_meet(recorder: Recorder, tmp_path: Path) -> None:
    other = Recorder(tmp_path)
    try:
        recorder.begin()
        other.begin()
        (other.mount / "a").write_bytes(b"a")
        assert recorder.take()[0] == []
        assert [effect.kind for effect in other.take()[0]] == ["create", "write"]
    finally:
        other.close()


def test_a_full_disk_below_the_recorder_is_not_the_fault_of_a_driver(tmp_path: Path) -> None:
    need_fuse()
    if os.geteuid() != 0:
        pytest.skip("a small file system is mounted by root only")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "snaptree-test", small], check=True)
    try:
        recorder = Recorder(small)
        try:
            recorder.begin(Fault(frozenset(["write"]), 1, errno.ENOSPC))
            with pytest.raises(OSError, match="No space left"):
                (recorder.mount / "a").write_bytes(b"x")
            assert recorder.take()[1] == 1, "an error that was put in is the driver's to answer"
            recorder.begin()
            with pytest.raises(OSError, match="No space left"):
                (recorder.mount / "a").write_bytes(b"x" * 600_000)
            with pytest.raises(DriverUnavailable, match=r"below the recorder .* gave out: a: No space left"):
                recorder.take()
            full = Folder()
            full.put(1, ["b"], b"x" * 600_000, 0o644)
            with pytest.raises(DriverUnavailable, match="no copy of a recorded folder can be made"):
                full.write_out(small / "copy")
        finally:
            recorder.close()
    finally:
        subprocess.run(["umount", small], check=True)


def test_without_fuse_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os.path, "exists", lambda _: False)
    assert why_not() == "this host has no /dev/fuse"
    with pytest.raises(DriverUnavailable, match="nothing can be recorded: this host has no /dev/fuse"):
        Recorder()


def test_without_mfusepy_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    need_fuse()
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert "mfusepy is not installed" in why_not()
