"""What does a step cost on a running QEMU, beside one on images at rest? ``benchmarks/live.py [--quick]``."""

from __future__ import annotations

import argparse
import resource
from time import perf_counter
from typing import Final

from tables import print_table, print_title

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import open_driver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.methods.exhaustive import Tour, chunks
from snaptree.conformance.methods.graph import Scope, graph_of
from snaptree.conformance.methods.method import Counts

HEAD: Final = ("driver and graph", "transitions", "steps", "seconds", "CPU s", "steps/CPU s", "deviated")

TOURS: Final[tuple[tuple[str, Scope], ...]] = (
    ("qemu", "tree"), ("qemu:live", "tree"), ("qemu:live", "running"), ("qemu:live", "memory"),
)  # fmt: skip


def measure(name: str, scope: Scope, bound: int) -> tuple[str, ...]:
    """Tour the first part of a graph. CPU includes that of processes, once they have ended."""
    driver = open_driver(name, DriverOptions())
    counts, tally = Counts(), Tally()
    begun, before = perf_counter(), _cpu()
    try:
        graph = graph_of(driver.profile, bound, scope)
        for _ in Tour.over(driver, graph, chunks(graph)[0]).walk(counts, tally, expired=lambda: False):
            pass  # deviations are counted
    finally:
        driver.close()
    took, cpu = perf_counter() - begun, _cpu() - before
    return (
        f"{name} {scope}={bound}",
        f"{counts.covered:,}",
        f"{tally.steps:,}",
        f"{took:.1f}",
        f"{cpu:.1f}",
        f"{tally.steps / cpu:.1f}",
        str(counts.deviated),
    )


def _cpu() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Tour each graph by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one snapshot, for a first look")
    bound = 1 if parser.parse_args().quick else 2
    print_title("live: steps on a running QEMU and on images at rest")
    rows = []
    for name, scope in TOURS:
        try:
            rows.append(measure(name, scope, bound))
        except DriverUnavailable as error:
            print(f"{name} is not usable here: {error}\n")
    print_table(HEAD, rows)


if __name__ == "__main__":
    main()
