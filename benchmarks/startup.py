"""The cost to start: ``snaptree rules MERGE-3`` beside the imports that any such command needs.

A round starts each once, so the load of the host falls on both sides; a ratio is that of one round. Seconds
are processor seconds of the process; the wall clock stands beside them. Python keeps what it compiles in a
folder of the benchmark's own: where PYTHONDONTWRITEBYTECODE is set, only packages come compiled, and a
checkout would be compiled in each round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from tables import print_table, print_title

GOAL: Final = 3.0
BARE: Final = (sys.executable, "-c", "import typer, rich.console, lxml.etree")
SNAPTREE: Final = str(Path(sys.executable).with_name("snaptree"))
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "snaptree rules MERGE-3": (SNAPTREE, "rules", "MERGE-3"),
    "snaptree profiles": (SNAPTREE, "profiles"),
    "snaptree --help": (SNAPTREE, "--help"),
}


@dataclass(frozen=True)
class Start:
    """The time of one process, in processor seconds and on the wall clock."""

    processors: float
    wall: float


def start(command: Sequence[str], compiled: str) -> Start:
    """Run a command to its end, with compiled modules in a folder. Raises CalledProcessError if it fails."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    before = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Start(used.ru_utime + used.ru_stime, perf_counter() - before)


def main() -> int:
    """Print the table; the exit code is 1 if the first command misses its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="starts of each command")
    parser.add_argument("--quick", action="store_true", help="five rounds")
    options = parser.parse_args()
    rounds = 5 if options.quick else max(2, options.rounds)
    bare: list[Start] = []
    taken: dict[str, list[Start]] = {name: [] for name in COMMANDS}
    with TemporaryDirectory() as compiled:
        for command in (BARE, *COMMANDS.values()):
            start(command, compiled)  # reads the files, and compiles them
        for _ in range(rounds):
            bare.append(start(BARE, compiled))
            for name, command in COMMANDS.items():
                taken[name].append(start(command, compiled))
    print_title("starting a command")
    rows = [("import typer, rich.console, lxml.etree", *_seconds(bare), "1.00", "", "")]
    ratios = {name: _ratios(starts, bare) for name, starts in taken.items()}
    for name, starts in taken.items():
        low, _, high = quantiles(ratios[name], n=4)
        rows.append((name, *_seconds(starts), f"{median(ratios[name]):.2f}", f"{low:.2f}", f"{high:.2f}"))
    print_table(("median", "CPU s", "wall s", "times", "lower quartile", "upper quartile"), rows)
    first = next(iter(ratios))
    reached = median(ratios[first])
    verdict = "met" if reached <= GOAL else "missed"
    print(f"goal: {first} in at most {GOAL:g} times the import: {verdict}, {reached:.2f} times")
    return 0 if reached <= GOAL else 1


def _seconds(starts: Sequence[Start]) -> tuple[str, str]:
    return f"{median(one.processors for one in starts):.3f}", f"{median(one.wall for one in starts):.3f}"


def _ratios(starts: Sequence[Start], bare: Sequence[Start]) -> list[float]:
    return [mine.processors / theirs.processors for mine, theirs in zip(starts, bare, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
