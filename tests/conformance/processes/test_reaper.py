"""A work folder goes with its process, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snaptree.conformance.processes.reaper import WorkFolder

RUNNER = """
import os, sys, time
from pathlib import Path
from snaptree.conformance.processes.reaper import WorkFolder
work = WorkFolder(Path(sys.argv[1]), "work ,:-")
(work.path / "sub").mkdir()
(work.path / "sub" / "file").write_text("x")
print(work.path, flush=True)
{then}
"""


def start(parent: Path, then: str) -> tuple[subprocess.Popen[str], Path]:
    """A process with a work folder that has a file in it, and then does something."""
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER.format(then=then), str(parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert runner.stdout is not None
    folder = Path(runner.stdout.readline().strip())
    assert folder.parent == parent
    return runner, folder


def ended(runner: subprocess.Popen[str], folder: Path) -> bool:
    """Whether the folder goes within ten seconds of the process's end."""
    runner.communicate()
    give_up = time.monotonic() + 10
    while folder.exists() and time.monotonic() < give_up:
        time.sleep(0.01)
    return not folder.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_folder_goes_when_the_process_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    runner, folder = start(tmp_path, "time.sleep(60)")
    assert (folder / "sub" / "file").exists()
    # The whole process group, as a terminal does: the reaper must not be in it.
    os.killpg(runner.pid, how)
    assert ended(runner, folder)


@pytest.mark.parametrize("then", ["pass", "sys.exit(3)", "raise RuntimeError", "os._exit(0)", "os.abort()"])
def test_the_folder_goes_when_the_process_ends(tmp_path: Path, then: str) -> None:
    runner, folder = start(tmp_path, then)
    assert ended(runner, folder)
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_is_forked_and_ends_takes_nothing_with_it(tmp_path: Path) -> None:
    then = "child = os.fork()\nif child == 0: sys.exit(0)\nos.waitpid(child, 0)\nprint(work.path.exists())"
    runner, folder = start(tmp_path, then)
    assert runner.stdout is not None
    assert runner.stdout.readline() == "True\n"
    assert ended(runner, folder)


def test_whoever_reads_our_output_is_not_kept_waiting_by_the_reaper(tmp_path: Path) -> None:
    runner, folder = start(tmp_path, "work.leave()")
    out, _ = runner.communicate(timeout=30)
    assert out == ""
    assert (folder / "sub" / "file").exists()


def test_what_another_process_still_adds_goes_as_well(tmp_path: Path) -> None:
    then = (
        "import subprocess\n"
        "adds = 'for i in 1 2 3 4 5 6 7 8 9; do echo > file$i; mkdir -p d; echo > d/$i; sleep 0.01; done'\n"
        "subprocess.Popen(['sh', '-c', adds], cwd=work.path, stdout=subprocess.DEVNULL)\n"
        "os._exit(0)"
    )
    runner, folder = start(tmp_path, then)
    assert ended(runner, folder)


def test_removing_is_done_when_it_returns_and_can_be_repeated(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path, "here-")
    (work.path / "file").write_text("x")
    work.remove()
    assert list(tmp_path.iterdir()) == []
    work.remove()


def test_two_folders_never_are_the_same(tmp_path: Path) -> None:
    one, two = WorkFolder(tmp_path, "here-"), WorkFolder(tmp_path, "here-")
    assert one.path != two.path
    one.remove()
    assert two.path.exists()
    two.remove()


def test_a_parent_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        WorkFolder(tmp_path / "nowhere", "here-")


def test_a_temporary_folder_that_does_not_exist_is_no_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    with pytest.raises(OSError, match=r"TMPDIR names .*gone', which is no folder; make it, or unset TMPDIR"):
        WorkFolder(None, "here-")
    named = WorkFolder(tmp_path, "here-")
    named.remove()
