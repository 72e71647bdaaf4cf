"""The whole check: every transition of the bounded state graph, on the simulator and on QEMU.

It prints the cost for a driver author: transitions, driver calls, seconds, and the share of the harness, as
opposed to the driver, in the time of all workers.
"""

from __future__ import annotations

import argparse
import os
import shutil
from contextlib import closing
from typing import Final

from tables import print_table, print_title

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import open_driver, shipped_driver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.running.assess import run_methods
from snaptree.conformance.running.workers import open_workers
from snaptree.spec.profiles import Profile

HEAD: Final = (
    "", "jobs", "transitions", "covered", "calls", "seconds", "driver", "harness", "ms/call", "deviations",
)  # fmt: skip


def bounds_for(profile: Profile, snapshots: int, jobs: int, sequences: int) -> Bounds:
    """The graphs of ``snaptree check --snapshots N``; no sampling unless requested, so that the work is
    fixed.
    """
    # With two snapshots the storage graph is larger than the tree graph with three.
    scopes: list[tuple[Scope, int]] = [("tree", snapshots), ("storage", 2 if snapshots > 2 else 1)]
    if profile.claims("start"):
        scopes.append(("power", 1))
    return Bounds(tuple(scopes), seed=0, sequences=sequences, jobs=jobs)


def measure(name: str, snapshots: int, jobs: int, sequences: int) -> tuple[str, ...]:
    """Run the job on one driver; a row of the table."""
    options = DriverOptions()
    with closing(open_driver(name, options)) as driver:
        profile = driver.profile
    record = run_methods(
        open_workers(name, options, jobs), profile, bounds_for(profile, snapshots, jobs, sequences)
    )
    toured = [result for result in record.methods.values() if result.method == "exhaustive"]
    tally = record.tally
    return (
        name,
        str(jobs),
        f"{sum(result.total for result in toured):,}",
        f"{sum(result.covered for result in toured):,}",
        f"{tally.calls:,}",
        f"{record.seconds:.1f}",
        f"{tally.driver_seconds:.1f}",
        f"{1 - tally.driver_seconds / (record.seconds * jobs):.0%}",
        f"{tally.driver_seconds / tally.calls * 1e3:.3f}" if tally.calls else "-",
        str(len(record.deviations)),
    )


def jobs_for(name: str, asked: int | None) -> int:
    """The number of cores, for a driver whose instances can run side by side."""
    shipped = shipped_driver(name)
    return asked or ((os.cpu_count() or 1) if shipped is not None and shipped.parallel else 1)


def main() -> None:
    """Run the job on the named drivers, or on each that is usable here."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two snapshots, for a first look")
    parser.add_argument(
        "--driver", action="append", help="may repeat; default is simulator, and qemu where qemu-img is"
    )
    parser.add_argument("--snapshots", type=int, help="bound of the graph; default 4, or 2 with --quick")
    parser.add_argument(
        "--jobs", type=int, help="default is all cores, 1 for drivers that are alone on a host"
    )
    parser.add_argument(
        "--sequences", type=int, default=0, help="number of sampled sequences as well; default 0"
    )
    asked = parser.parse_args()
    snapshots = asked.snapshots or (2 if asked.quick else 4)
    usable = ["simulator", *(["qemu"] if shutil.which("qemu-img") else [])]
    print_title(f"check: every transition of every tree of up to {snapshots} snapshots")
    rows: list[tuple[str, ...]] = []
    for name in asked.driver or usable:
        try:
            rows.append(measure(name, snapshots, jobs_for(name, asked.jobs), asked.sequences))
        except DriverUnavailable as error:
            print(f"{name} is not usable here: {error}\n")
    print_table(HEAD, rows)
    print("'driver' is seconds inside of driver calls, summed over all workers, observations included;")
    print("'harness' is the rest of jobs * seconds: the model, comparing, planning, and starting workers.\n")


if __name__ == "__main__":
    main()
