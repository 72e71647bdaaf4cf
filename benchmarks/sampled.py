"""The sampled method beside a plain Hypothesis state machine: checked steps per second.

Both run the same engine, model, simulator and comparison, in one process, in
rounds that take turns, so that whatever else the host does falls on both. A
second part says where the time of the sampled method goes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any, Final
from unittest.mock import patch

from plain_machine import machine_class, run_machine
from tables import print_table, print_title

from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine import comparison, lockstep
from snaptree.conformance.engine.comparison import Comparison
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods import sampled
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.sampled import Batch, Decoder, Sampled

GOAL: Final = 5.0
LONGEST: Final = 50


class Sizes:
    """How large the trees were: the work of a step grows with them."""

    def __init__(self) -> None:
        self.steps = 0
        self.snapshots = 0


def run_sampled(seed: int, sequences: int) -> Tally:
    """One batch of the sampled method on the simulator, exactly as a unit of work runs it."""
    ledger = Ledger()
    found = Sampled().perform(SimulatorDriver(), Batch("sampled", seed, 0, sequences, LONGEST), ledger)
    assert not list(found), "model and simulator disagree: no time for benchmarks"
    return ledger.tally


def _nothing() -> None:
    pass


# --- side by side ---------------------------------------------------------------


def side_by_side(rounds: int, sequences: int, seed: int) -> None:
    """Rounds of each kind in turn; the ratio is taken within a round."""
    machines = {targets: machine_class(targets) for targets in ("bundle", "listed")}
    kinds: dict[str, Callable[[int], tuple[int, float]]] = {
        "sampled method": lambda batch: _timed(lambda: run_sampled(batch, sequences).steps),
        "state machine, bundle": lambda batch: _timed(
            partial(_steps_of, machines["bundle"], batch, sequences)
        ),
        "state machine, listed": lambda batch: _timed(
            partial(_steps_of, machines["listed"], batch, sequences)
        ),
    }
    rates: dict[str, list[float]] = defaultdict(list)
    steps: dict[str, int] = defaultdict(int)
    for number in range(-1, rounds):
        # Round -1 fills caches. The order turns, so that nobody is always first.
        names = list(kinds)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            taken, seconds = kinds[name](seed + number)
            if number >= 0:
                rates[name].append(taken / seconds)
                steps[name] += taken
    print(f"{rounds} rounds of {sequences} sequences of up to {LONGEST} steps, seed {seed}; seconds of CPU\n")
    ours = rates["sampled method"]
    print_table(
        ("", "steps", "steps/s", "lowest", "highest", "snapshots", "ratio", "quartile", "quartile"),
        (
            (
                name,
                f"{steps[name]:,}",
                f"{median(found):,.0f}",
                f"{min(found):,.0f}",
                f"{max(found):,.0f}",
                f"{_mean_size(name, machines, seed, sequences):.2f}",
                *_ratios(ours, found),
            )
            for name, found in rates.items()
        ),
    )
    print(f"Goal: a ratio of at least {GOAL:g}. 'snapshots' is the mean size of the tree after a step.\n")


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    started = process_time()
    done = work()
    return done, process_time() - started


def _steps_of(machine: Any, seed: int, sequences: int) -> int:
    before = machine.tally.steps
    run_machine(machine, seed, sequences, LONGEST)
    return int(machine.tally.steps - before)


def _mean_size(name: str, machines: dict[str, Any], seed: int, sequences: int) -> float:
    if name != "sampled method":
        machine = machines[name.rpartition(" ")[2]]
        return float(machine.sizes / machine.tally.steps)
    sizes = Sizes()
    do = Lockstep.do

    def counted(pair: Lockstep, operation: Any) -> Any:
        taken = do(pair, operation)
        sizes.steps += 1
        sizes.snapshots += len(pair.model.snapshots)
        return taken

    with patch.object(Lockstep, "do", counted):
        run_sampled(seed, sequences)
    return sizes.snapshots / sizes.steps


def _ratios(ours: list[float], theirs: list[float]) -> tuple[str, str, str]:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    lower, middle, upper = quantiles(ratios, n=4)
    return f"{middle:.2f}", f"{lower:.2f}", f"{upper:.2f}"


# --- shares ------------------------------------------------------------------------


class Clock:
    """Seconds inside of functions that are called through it; what lies inside another is its own."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls = 0
        self._inner = [0.0]

    def around(self, part: str, function: Callable[..., Any], *, exhaust: bool = False) -> Callable[..., Any]:
        """The function, timed. A generator is run to its end at once if it is to be exhausted."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            self._inner.append(0.0)
            started = perf_counter()
            try:
                result = function(*args, **kwargs)
                return list(result) if exhaust else result
            finally:
                spent = perf_counter() - started
                self.seconds[part] += spent - self._inner.pop()
                self._inner[-1] += spent

        return timed

    @staticmethod
    def cost(times: int = 50_000) -> float:
        """Seconds that one clock takes itself."""
        around = Clock().around("nothing", _nothing)
        started = perf_counter()
        for _ in range(times):
            around()
        clocked_seconds = perf_counter() - started
        started = perf_counter()
        for _ in range(times):
            _nothing()
        return (clocked_seconds - (perf_counter() - started)) / times


@contextmanager
def clocked(clock: Clock) -> Iterator[None]:
    """Clocks around the parts of the sampled method, for a while."""
    parts: list[tuple[Any, str, str, bool]] = [
        (sampled, "_runs", "rest: opening, steps, engine", True),
        (Decoder, "operation", "drawing: decoding bytes", False),
        (lockstep, "step", "model: step", False),
        (Lockstep, "_ask", "simulator: calls", False),
        (SimulatorDriver.domain_class, "observe", "simulator: observe", False),
        (comparison, "compare_state", "comparison: state", True),
        (Comparison, "of_answer", "comparison: outcome", True),
        (lockstep, "relations_present", "coverage of rules", False),
        (lockstep, "conditions_of", "coverage of rules", False),
    ]
    patches = [
        patch.object(owner, name, clock.around(part, getattr(owner, name), exhaust=exhaust))
        for owner, name, part, exhaust in parts
    ]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()


def shares(rounds: int, sequences: int, seed: int) -> None:
    """Where the time goes, and what the clocks themselves cost."""
    clock = Clock()
    total = 0.0
    steps = 0
    with clocked(clock):
        for number in range(rounds):
            started = perf_counter()
            steps += run_sampled(seed + number, sequences).steps
            total += perf_counter() - started
    seconds_of = {"drawing: bytes": total - sum(clock.seconds.values()), **clock.seconds}
    groups: dict[str, float] = defaultdict(float)
    for part, seconds in seconds_of.items():
        groups[part.partition(":")[0]] += seconds
    print("Where the time of the sampled method goes\n")
    print_table(
        ("", "share", "µs/step"),
        [
            *((part, f"{took / total:.0%}", f"{took / steps * 1e6:.1f}") for part, took in groups.items()),
            ("all", "100%", f"{total / steps * 1e6:.1f}"),
        ],
    )
    print_table(
        ("in detail", "share", "µs/step"),
        ((part, f"{took / total:.0%}", f"{took / steps * 1e6:.1f}") for part, took in seconds_of.items()),
    )
    cost = Clock.cost()
    share = clock.calls * cost / total
    print(f"{clock.calls / steps:.1f} clocks a step, {cost * 1e6:.2f} µs each: {share:.0%} of all time.")
    print("Small parts look larger than they are.\n")


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, for a first look")
    parser.add_argument("--rounds", type=int, help="at least 2; default 12, or 3 with --quick")
    parser.add_argument("--sequences", type=int, help=f"in a round; default {Bounds().batch}, as in a run")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rounds = max(2, asked.rounds) if asked.rounds else 3 if asked.quick else 12
    sequences = asked.sequences or Bounds().batch
    print_title("The sampled method and a plain state machine, on the simulator")
    side_by_side(rounds, sequences, asked.seed)
    shares(rounds, sequences, asked.seed)


if __name__ == "__main__":
    main()
