"""What a plain Hypothesis state machine catches of the catalogue, beside ours, with the same number of calls.

    python benchmarks/plain_power.py [--calls N] [--every N] [--seed N] [--quick]

Each faulty hypervisor is hunted as ``snaptree mutants`` does, and by the rule-based state machine of
``plain_machine.py`` on the same engine, each with at most so many calls. ``--every`` takes each Nth of them.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Final

from plain_machine import machine_class, run_machine
from tables import print_table, print_title

from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.mutants import MUTANTS, Mutant, MutantDriver, hunt, options_for

CALLS: Final = 5000
LONGEST: Final = 50
EVERY: Final = 5


def main() -> int:
    """Hunt them both ways; print what each way caught, and what only one of them did."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--every", type=int, default=EVERY)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="every thirtieth, with 1,000 calls")
    options = parser.parse_args()
    calls, every = (1000, 30) if options.quick else (options.calls, options.every)
    faulty = [one for one in MUTANTS if not one.correct][::every]
    print_title(f"{len(faulty)} faulty hypervisors, at most {calls:,} calls each, seed {options.seed}")
    ours = {one.name for one in faulty if hunt(one, seed=options.seed, steps=calls).right}
    plain = {one.name for one in faulty if _fails(one, calls, options.seed)}
    rows = [
        ("ours", f"{len(ours)} of {len(faulty)}"),
        ("a plain state machine", f"{len(plain)} of {len(faulty)}"),
        ("only ours", str(len(ours - plain))),
        ("only the plain one", str(len(plain - ours))),
    ]
    print_table(("caught by", "number"), rows)
    for name in sorted(plain - ours):
        print(f"only the plain one catches {name}")
    return 0


def _fails(mutant: Mutant, calls: int, seed: int) -> bool:
    """Whether the plain machine sees a difference."""
    machine = machine_class("listed")
    machine.driver, machine.tally = MutantDriver(options_for(mutant)), Tally()
    said = StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            run_machine(machine, seed, calls // LONGEST, LONGEST)
    except Exception:  # noqa: BLE001 - a difference, or whatever the hypervisor raised
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
