"""The command where its output is closed, full or of a poor encoding, and where it has no input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "snaptree.conformance.cli")


def ran(shell: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a shell says after the command, which is ``"$@"`` in the script."""
    return subprocess.run(
        ["/bin/bash", "-c", shell, "bash", *COMMAND],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_reader_that_has_seen_enough_is_told_no_verdict() -> None:
    done = ran('"$@" rules | head -n 1; echo "${PIPESTATUS[0]}"')
    assert done.stdout.splitlines() == ["terms", "141"]
    assert done.stderr == ""


def test_an_output_that_is_full_is_no_fault_of_snaptree() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    done = ran('"$@" rules > /dev/full')
    assert done.returncode == 3
    assert done.stderr == "snaptree: the output could not be written: No space left on device\n"


def test_wrong_usage_stays_wrong_usage_where_it_cannot_be_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    assert ran('"$@" check nosuch > /dev/full 2>&1').returncode == 2


@pytest.mark.parametrize(
    ("script", "exit_code"),
    [
        ('"$@" rules MERGE-3 >&-', 141),
        ('"$@" rules NONE-1 2>&-', 2),
        ('"$@" shell <&-', 0),
        ('"$@" validate - <&-', 1),
        ('"$@" plan "discard(a)" <&- >&- 2>&-', 141),
    ],
)
def test_closed_streams_are_as_empty_ones(script: str, exit_code: int) -> None:
    done = ran(script)
    assert done.returncode == exit_code
    assert "defect of snaptree" not in done.stderr


def test_an_encoding_without_the_glyphs_gets_plain_ones() -> None:
    done = ran('"$@" plan "discard_forced(a)"', PYTHONIOENCODING="ascii")
    assert "`-- * active (off)" in done.stdout
    assert "\\u" not in done.stdout


@pytest.mark.parametrize("seconds", [0.1, 0.4, 1.5])
def test_interrupted_at_any_time_there_is_no_traceback(seconds: float) -> None:
    script = (
        "import _thread, sys, threading\n"
        f"threading.Timer({seconds}, _thread.interrupt_main).start()\n"
        "sys.argv[1:] = ['mutants']\n"
        "from snaptree.conformance.cli import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "snaptree: interrupted\n"


def test_a_file_that_cannot_be_written_whole_is_not_there_at_all(tmp_path: Path) -> None:
    script = (
        "import pathlib, resource, sys\n"
        "from snaptree.spec.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
        "write_whole(pathlib.Path(sys.argv[1]), b'x' * 8192)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "trace.jsonl")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "OSError" in done.stderr
    assert list(tmp_path.iterdir()) == []
