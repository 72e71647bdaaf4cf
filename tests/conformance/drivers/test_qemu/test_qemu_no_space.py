"""A disk that is full in the middle of a call: the state before, or the state after (DURABLE-2).

A real one: a small tmpfs, mounted where nobody else sees it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .grown_domain import CALLS

MOUNTED = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=16m none "$0" && exec "$@"']
"""What goes before a folder and a command, to run it with a small disk of its own on that folder."""


@pytest.fixture(scope="module")
def mounts() -> None:
    """Skips where no small disk can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    probe = subprocess.run([*MOUNTED, "/mnt", "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no private mounts here: {probe.stderr.strip()}")


@pytest.fixture(scope="module")
def found(real_qemu: str, mounts: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:  # noqa: ARG001 - skip
    """What ``full_disk.py`` prints: failures by call, and the files that were left over."""
    mount = str(tmp_path_factory.mktemp("mount"))
    done = subprocess.run(
        [*MOUNTED, mount, sys.executable, str(Path(__file__).with_name("full_disk.py")), mount],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.mark.rule("DURABLE-2")
@pytest.mark.parametrize("name", CALLS)
def test_no_space_anywhere_leaves_the_state_before_or_after(found: dict[str, Any], name: str) -> None:
    failures = found["failures"][name]
    assert failures, "there was always space enough"
    wrong = [failure for failure in failures if failure[1] not in ("before", "after")]
    assert not wrong, wrong[:3]
    assert all("No space left" in failure[2] for failure in failures)


def test_a_full_disk_is_left_empty(found: dict[str, Any]) -> None:
    assert found["left over"] == []
