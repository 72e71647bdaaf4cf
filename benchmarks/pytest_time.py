"""What pytest takes here beside an older commit, for the tests that both have: ``pytest_time.py COMMIT``.

The older commit is checked out beside this one, with an environment of its own. Each round runs the tests of
both once, one after the other; the first round only fills caches. It takes long: both suites, three times.
"""

from __future__ import annotations

import argparse
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


def seconds_of_tests(tree: Path, report: Path, options: list[str]) -> dict[str, float]:
    """Seconds of each test that passed, by its function and parameters: files may have moved."""
    python = str(tree / ".venv" / "bin" / "python")
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *options]
    subprocess.run(command, cwd=tree, stdout=subprocess.DEVNULL, check=False)
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if not len(case):
            name = str(case.get("name"))
            seconds[name] = seconds.get(name, 0.0) + float(case.get("time", 0))
    return seconds


def main() -> int:
    """Print the table; the exit code is 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--rounds", type=int, default=2, help="rounds that count")
    parser.add_argument("--only", default="", help="files or folders of tests, for a first look")
    chosen = parser.parse_args()
    options = chosen.only.split()
    ours: list[float] = []
    theirs: list[float] = []
    common: set[str] = set()
    with TemporaryDirectory() as folder:
        older = Path(folder) / "older"
        subprocess.run(
            ["git", "worktree", "add", "--detach", str(older), chosen.commit], cwd=ROOT, check=True
        )
        try:
            subprocess.run(["make", "dev", "libvirt-python"], cwd=older, check=True)
            for number in range(chosen.rounds + 1):
                before = seconds_of_tests(older, Path(folder) / "older.xml", options)
                after = seconds_of_tests(ROOT, Path(folder) / "newer.xml", options)
                if number:
                    common = before.keys() & after.keys()
                    theirs.append(sum(before[name] for name in common))
                    ours.append(sum(after[name] for name in common))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(older)], cwd=ROOT, check=True)
    print_title(f"the tests of {chosen.commit} and of this checkout, {len(common)} that both have")
    ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
    rows = [
        (chosen.commit, f"{median(theirs):.1f}", "1.00"),
        ("this checkout", f"{median(ours):.1f}", f"{ratio:.2f}"),
    ]
    print_table(("median", "seconds", "times"), rows)
    print(f"goal: at most {GOAL:.2f}: {'met' if ratio <= GOAL else 'missed'}")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
