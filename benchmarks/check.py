"""The main job: every transition of the bounded state graph, on the simulator and on QEMU.

What is printed is what a driver author pays: transitions, driver calls, seconds,
and which share of all workers' time is the harness's and not the driver's.
"""

from __future__ import annotations

import argparse
import os
import shutil
from contextlib import closing
from typing import Final

from tables import print_table, print_title

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import SHIPPED, open_driver
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.run import Bounds, MethodResult, Outcome, run_methods
from snaptree.spec.profiles import Profile

HEAD: Final = (
    "", "jobs", "transitions", "covered", "calls", "seconds", "driver", "harness", "ms/call", "deviations",
)  # fmt: skip


def bounds_for(profile: Profile, snapshots: int, jobs: int, sampling: float) -> Bounds:
    """What ``snaptree check --snapshots N`` tours; no sampling unless asked, so that the work is fixed."""
    # With two snapshots the storage graph is larger than the tree graph with three.
    scopes: list[tuple[Scope, int]] = [("tree", snapshots), ("storage", 2 if snapshots > 2 else 1)]
    if profile.claims("start"):
        scopes.append(("power", 1))
    return Bounds(tuple(scopes), seed=0, sampling=sampling, jobs=jobs)


def measure(name: str, snapshots: int, jobs: int, sampling: float) -> tuple[str, ...]:
    """Run the job on one driver; a row of the table."""
    options = DriverOptions()
    with closing(open_driver(name, options)) as driver:
        profile = driver.profile
    outcome = run_methods(name, options, profile, bounds_for(profile, snapshots, jobs, sampling), _quiet)
    toured = [result for result in outcome.methods.values() if result.method == "exhaustive"]
    tally = outcome.tally
    return (
        name,
        str(jobs),
        f"{sum(result.total for result in toured):,}",
        f"{sum(result.covered for result in toured):,}",
        f"{tally.calls:,}",
        f"{outcome.seconds:.1f}",
        f"{tally.driver_seconds:.1f}",
        f"{1 - tally.driver_seconds / (outcome.seconds * jobs):.0%}",
        f"{tally.driver_seconds / tally.calls * 1e3:.3f}" if tally.calls else "-",
        str(len(outcome.deviations)),
    )


def _quiet(_outcome: Outcome, _result: MethodResult) -> None:
    pass


def jobs_for(name: str, asked: int | None) -> int:
    """As many as there are cores, for a driver that can work side by side with itself."""
    shipped = SHIPPED.get(name.partition(":")[0])
    return asked or ((os.cpu_count() or 1) if shipped is not None and shipped.parallel else 1)


def main() -> None:
    """Run the job on each driver that is asked for, or usable here."""
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
        "--sampling", type=float, default=0.0, help="seconds of sampled sequences as well; default 0"
    )
    asked = parser.parse_args()
    snapshots = asked.snapshots or (2 if asked.quick else 4)
    usable = ["simulator", *(["qemu"] if shutil.which("qemu-img") else [])]
    print_title(f"check: every transition of every tree of up to {snapshots} snapshots")
    rows: list[tuple[str, ...]] = []
    for name in asked.driver or usable:
        try:
            rows.append(measure(name, snapshots, jobs_for(name, asked.jobs), asked.sampling))
        except DriverUnavailable as error:
            print(f"{name} is not usable here: {error}\n")
    print_table(HEAD, rows)
    print("'driver' is seconds inside of driver calls, summed over all workers, observations included;")
    print("'harness' is the rest of jobs * seconds: the model, comparing, planning, and starting workers.\n")


if __name__ == "__main__":
    main()
