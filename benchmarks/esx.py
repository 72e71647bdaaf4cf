"""The ESX driver beside bare pyvmomi, on vcsim: what a call costs more, and what a long session holds.

Each operation is done by the driver and by the calls that anybody would write by
hand for the same meaning: the task started, and its state and result read until it is
done; before a removal, the tree read, since it must not go where it is not a leaf. The
two take turns on machines of their own, in this process and on the same simulator, and
what counts is the ratio within a round. Behind the process boundary the driver is
measured once more. The last part does thousands of operations in one session and looks
at the memory of this process, which is the client.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from tables import print_table, print_title

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.esx import EsxDriver
from snaptree.conformance.drivers.esx.serving import ServedEsx

OVERHEAD_GOAL: Final = 0.15
GROWTH_GOAL: Final = 5.0
"""MiB, from operation 1,000 on."""

OPERATIONS: Final = ("create", "revert", "remove", "tree")


class Bare:
    """The same by hand: nothing but pyvmomi, on a session that somebody else opened."""

    def __init__(self, driver: ServedEsx) -> None:
        domain = driver.open()
        self._machine = domain.machine
        self._session = domain.session
        self._collector = self._session.content.propertyCollector
        query = self._session.pyvmomi.vmodl.query.PropertyCollector
        self._query = query

    def _read(self, thing: Any, paths: list[str]) -> dict[str, Any]:
        query = self._query
        wanted = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=thing)],
            propSet=[query.PropertySpec(type=type(thing), pathSet=paths)],
        )
        page = self._collector.RetrievePropertiesEx([wanted], query.RetrieveOptions())
        return {one.name: one.val for one in page.objects[0].propSet}

    def _done(self, task: Any) -> Any:
        while True:
            info = self._read(task, ["info.state", "info.error", "info.result"])
            if info["info.state"] == "success":
                return info.get("info.result")
            if info["info.state"] == "error":
                raise info["info.error"]

    def create(self) -> Any:
        """Capture the active state."""
        return self._done(self._machine.CreateSnapshot_Task("n", "", False, False))

    def revert(self, snapshot: Any) -> None:
        """Go back to a snapshot."""
        self._done(snapshot.RevertToSnapshot_Task(suppressPowerOn=False))

    def remove(self, snapshot: Any) -> None:
        """Look whether it is a leaf that is not current, and remove it."""
        self.tree()
        self._done(snapshot.RemoveSnapshot_Task(removeChildren=False))

    def tree(self) -> Any:
        """Read the tree."""
        return self._read(self._machine, ["snapshot"])


def timed(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Seconds, and the result."""
    started = perf_counter()
    result = call(*arguments)
    return perf_counter() - started, result


def one_round(create: Any, revert: Any, remove: Any, tree: Any, root: Any) -> list[float]:
    """Seconds for one of each operation, on a machine that has the snapshot ``root``."""
    created, leaf = timed(create)
    reverted, _ = timed(revert, root)
    looked, _ = timed(tree)
    removed, _ = timed(remove, leaf)
    return [created, reverted, removed, looked]


def calls_of(domain: Any) -> tuple[Any, Any, Any, Any]:
    """A domain's calls in the order of ``one_round``."""
    return (lambda: domain.create("n", "", False, None, False), lambda one: domain.revert(one, None),
            domain.discard, domain.list)  # fmt: skip


def overhead(rounds: int) -> bool:
    """Compare call by call; whether the goal is met."""
    inside = ServedEsx(DriverOptions(target="vcsim"))
    outside = EsxDriver(DriverOptions(target="vcsim"))
    with closing(inside), closing(outside):
        bare = Bare(inside)
        sides = [
            (bare.create, bare.revert, bare.remove, bare.tree),
            calls_of(inside.open()),
            calls_of(outside.open()),
        ]
        roots = [side[0]() for side in sides]
        times: list[list[list[float]]] = [[], [], []]
        for number in range(rounds):
            for place in range(3):
                side = (place + number) % 3
                times[side].append(one_round(*sides[side], roots[side]))
    rows = []
    ratios = []
    for place, name in enumerate((*OPERATIONS, "all four")):
        seconds = [[sum(one) if place == len(OPERATIONS) else one[place] for one in side] for side in times]
        ratio = [
            median(mine / theirs for mine, theirs in zip(seconds[side], seconds[0], strict=True))
            for side in (1, 2)
        ]
        ratios.append(ratio)
        rows.append(
            (
                name,
                *(f"{median(side) * 1e3:.2f}" for side in seconds),
                f"{ratio[0] - 1:+.0%}",
                f"{ratio[1] - 1:+.0%}",
            )
        )
    print_table(("", "bare ms", "driver ms", "in a process ms", "driver", "in a process"), rows)
    met = ratios[-1][0] - 1 < OVERHEAD_GOAL
    verdict = "met" if met else "MISSED"
    print(f"'driver' is the median of the ratios within {rounds} rounds, less one; 'in a process' adds")
    print(f"the boundary, the harness's. The goal for the driver is below {OVERHEAD_GOAL:.0%}: {verdict}")
    print()
    return met


def growth(operations: int) -> bool:
    """Do many operations in one session; whether the goal on memory is met."""
    driver = ServedEsx(DriverOptions(target="vcsim"))
    rows = []
    with closing(driver):
        domain = driver.open()
        root = domain.create("root")
        done, first, started = 1, 0.0, perf_counter()
        marks = [1_000, *range(2_000, operations, 1_000), operations]
        for mark in marks:
            while done < mark:
                leaf = domain.create(f"n{done}", "", False, None, False)
                domain.observe()
                domain.revert(root, None)
                domain.discard(leaf)
                done += 3
            gc.collect()
            now = resident()
            first = first or now
            rows.append((f"{mark:,}", f"{now:.1f}", f"{now - first:+.1f}", f"{perf_counter() - started:.0f}"))
    print_table(("operations", "resident MiB", "since 1,000", "seconds"), rows)
    met = now - first < GROWTH_GOAL
    print(f"The goal is below {GROWTH_GOAL:g} MiB: {'met' if met else 'MISSED'}\n")
    return met


def resident() -> float:
    """MiB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def main() -> int:
    """Both parts; the exit code is 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a first look")
    quick = parser.parse_args().quick
    try:
        print_title("the ESX driver beside bare pyvmomi, on vcsim")
        met = overhead(60 if quick else 400)
        print_title("memory of the client in one session")
        return 0 if growth(1_600 if quick else 5_000) and met else 1
    except DriverUnavailable as error:
        print(f"not measured: {error}" + (f"; {error.install}" if error.install else ""))
        return 0


if __name__ == "__main__":
    sys.exit(main())
