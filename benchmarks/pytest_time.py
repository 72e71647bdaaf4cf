"""What pytest takes here beside an older commit, for the tests that both have: ``pytest_time.py COMMIT``.

The older commit is checked out beside this one, with an environment of its own; ``--older`` names a checkout
that has one already. Of both suites only those tests run that the other has as well: by the name of the
function with its parameters, for files may have moved. Each round runs both, one after the other; the first
round only fills caches. Tests that are skipped or fail on one side are left out. It takes an hour or two.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree

from tables import print_table, print_title

ROOT: Final = Path(__file__).parents[1]
GOAL: Final = 0.60
SLOWEST: Final = 15

KEEP: Final = """
import os

def pytest_collection_modifyitems(config, items):
    with open(os.environ["SNAPTREE_TESTS"], encoding="utf-8") as file:
        names = set(file.read().split(chr(0)))
    dropped = [item for item in items if item.name not in names]
    items[:] = [item for item in items if item.name in names]
    config.hook.pytest_deselected(items=dropped)
"""


def pytest(tree: Path, *options: str, plugins: Path | None = None, tests: Path | None = None) -> str:
    """Run the tests of a checkout in one process; returns what pytest printed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    if plugins is not None:
        environment |= {"PYTHONPATH": str(plugins), "SNAPTREE_TESTS": str(tests)}
    command = [str(tree / ".venv" / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options], cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    return done.stdout


def tests_of(tree: Path, options: list[str]) -> set[str]:
    """The name of each test with its parameters."""
    listed = pytest(tree, "--collect-only", *options)
    return {found[1] for line in listed.splitlines() if (found := re.match(r"tests/\S+?\.py::(.+)", line))}


def seconds_of_tests(tree: Path, folder: Path, options: list[str]) -> dict[str, float]:
    """Seconds of each test that passed, its fixtures included."""
    report = folder / "report.xml"
    pytest(
        tree, "-p", "keep_common", f"--junitxml={report}", *options, plugins=folder, tests=folder / "common"
    )
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if not len(case):
            name = str(case.get("name"))
            seconds[name] = seconds.get(name, 0.0) + float(case.get("time", 0))
    return seconds


def compare(
    older: Path, folder: Path, options: list[str], rounds: int
) -> list[dict[str, tuple[float, float]]]:
    """For each round that counts, the seconds there and here of each test that passed on both sides."""
    common = tests_of(older, options) & tests_of(ROOT, options)
    (folder / "common").write_text("\0".join(sorted(common)), encoding="utf-8")
    (folder / "keep_common.py").write_text(KEEP, encoding="utf-8")
    counted = []
    for number in range(rounds + 1):
        there = seconds_of_tests(older, folder, options)
        here = seconds_of_tests(ROOT, folder, options)
        if number:
            counted.append({name: (there[name], here[name]) for name in there.keys() & here.keys()})
    return counted


def main() -> int:
    """Print the table; the exit code is 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--older", type=Path, help="a checkout of the commit with its .venv")
    parser.add_argument("--rounds", type=int, default=1, help="rounds that count")
    parser.add_argument("--only", default="", help="files or folders of tests, for a first look")
    chosen = parser.parse_args()
    options = chosen.only.split()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.older is not None:
            rounds = compare(chosen.older.resolve(), folder, options, chosen.rounds)
        else:
            older = folder / "older"
            subprocess.run(
                ["git", "worktree", "add", "--detach", str(older), chosen.commit], cwd=ROOT, check=True
            )
            try:
                subprocess.run(["make", "dev", "libvirt-python"], cwd=older, check=True)
                rounds = compare(older, folder, options, chosen.rounds)
            finally:
                subprocess.run(["git", "worktree", "remove", "--force", str(older)], cwd=ROOT, check=True)
    if not all(rounds):
        print("no test passed on both sides")
        return 1
    print_title(f"the tests of {chosen.commit} and of this checkout, {len(rounds[-1])} that both have")
    sums = [tuple(map(sum, zip(*one.values(), strict=True))) for one in rounds]
    ratio = median(here / there for there, here in sums)
    theirs, ours = (median(figures) for figures in zip(*sums, strict=True))
    rows = [(chosen.commit, f"{theirs:.1f}", "1.00"), ("this checkout", f"{ours:.1f}", f"{ratio:.2f}")]
    print_table(("median", "seconds", "times"), rows)
    slowest = sorted(rounds[-1].items(), key=lambda item: -item[1][1])[:SLOWEST]
    print_table(
        ("slowest here", "seconds there", "here"),
        [(name, f"{there:.1f}", f"{here:.1f}") for name, (there, here) in slowest],
    )
    print(f"goal: at most {GOAL:.2f}: {'met' if ratio <= GOAL else 'missed'}")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
