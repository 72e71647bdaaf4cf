"""The second model of the tree, run by spin, has the same moves as ours; a planted fault is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

COMPARE: Final = Path(__file__).parents[3] / "benchmarks" / "peers" / "compare.py"
REQUIRED: Final = "spin" in os.environ.get("SNAPTREE_REQUIRE", "").replace(",", " ").split()


@pytest.fixture(autouse=True)
def tools() -> None:
    """spin and a compiler for what it writes."""
    missing = [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]
    if missing:
        reason = (
            f"{', '.join(missing)} not installed: apt-get install --no-install-recommends spin gcc libc6-dev"
        )
        if REQUIRED:
            pytest.fail(f"SNAPTREE_REQUIRE names spin, but {reason}")
        pytest.skip(reason)


def compare(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(COMPARE), *options], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("graph", ["tree=3", "storage=2"])
def test_both_models_have_the_same_moves(graph: str) -> None:
    done = compare("--graph", graph)
    assert (done.returncode, done.stderr) == (0, "")
    columns = done.stdout.splitlines()[-2].split()
    states, moves, shapes, differences = (int(columns[place].replace(",", "")) for place in (1, 3, 4, 5))
    assert columns[0] == graph
    assert (differences, states > 10, moves > 500, shapes > 100) == (0, True, True, True)


@pytest.mark.parametrize("fault", ["layers.pml 1", "spec/semantics 3"])
def test_a_planted_fault_is_found_and_drawn(fault: str) -> None:
    done = compare("--graph", "tree=3", "--patterns", "--fault", fault)
    assert done.returncode == 1
    assert "the smallest of" in done.stdout
    assert "spec/semantics says\nmerge_into_children(" in done.stdout
    assert "layers.pml says\nmerge_into_children(" in done.stdout


def test_a_graph_that_does_not_exist_is_wrong_usage() -> None:
    done = compare("--graph", "tree=none")
    assert done.returncode == 2
    assert "say tree=N or storage=N" in done.stderr
