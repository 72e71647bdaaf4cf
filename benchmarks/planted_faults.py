"""Faults planted in one class, one way of using again or one place: how many does a default run catch?

    python benchmarks/planted_faults.py [--seed N] [--count N] [--only KIND] [--quick]

Three kinds of faults are drawn from the declared domains: in one class of an argument of one call, accepted
or refused; in a class of something that was used before, many of them showing only at a later call; and on a
snapshot at one place of a tree of up to 50, by depth, number among siblings or place in the list. Each is
hunted by the methods of a default run on the simulator, those with fixed sequences first, until one sees it.
Exit code 0: at least 95 % of each kind are caught, and each that is not is printed with how often it struck.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from time import process_time
from typing import Any, Final

from tables import print_table, print_title

from snaptree.conformance.methods.bounds import LOOKS, SIZES, Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.method import Ledger, Method
from snaptree.conformance.mutants.planting import (
    LATER,
    MEASURES,
    Effect,
    Planted,
    PlantedDriver,
    options_of,
)
from snaptree.spec.domains.search import Cell, feasible_cells
from snaptree.spec.operations import KINDS
from snaptree.spec.profiles import load_profile

SEED: Final = 14
COUNT: Final = 100
"""Faults of each kind."""

GOAL: Final = 0.95
LARGEST: Final = 50

KINDS_OF_FAULTS: Final = ("class", "again", "place")

USED_BEFORE: Final = (
    "borne before", "gone", "of a retired", "retired", "back again", "detached", "removed", "held by a point",
    "id that was in use", "cut off once", "once cut off", "grown",
)  # fmt: skip
"""What the classes of an identifier, disk, key or block that was used before begin with."""

FIRST: Final = ("stories", "values", "again", "long", "places", "examples", "aspects", "side-by-side")
"""The methods with fixed sequences, which take the fewest calls."""

LEFT_OUT: Final = ("held", "crashes", "power", "failures")
"""Methods with several callers, and with faults of the host: they look for something else."""

ENDING: Final = ("undefine", "undefine_forced")

_CHANGED: Final[tuple[Effect, ...]] = (
    "fails", "does nothing", "spoils the active state", "spoils the oldest snapshot", *LATER,
)  # fmt: skip
_READ: Final[tuple[Effect, ...]] = (
    "fails", "answers otherwise", "spoils the active state", "spoils the oldest snapshot",
)  # fmt: skip
_REFUSED: Final[tuple[Effect, ...]] = (
    "fails", "accepts", "refuses otherwise", "spoils the active state", "spoils the oldest snapshot",
)  # fmt: skip

PLACED: Final = {
    "depth": (
        "revert", "merge_into_children", "merge_into_parent", "merge_into_parent_forced", "discard",
        "discard_forced", "remove_subtree", "retire", "rename", "describe", "parent", "children",
        "lookup_by_id",
    ),
    "number among siblings": (
        "revert", "merge_into_children", "merge_into_parent_forced", "discard", "discard_forced",
        "remove_subtree", "retire", "rename", "describe", "parent", "children", "lookup_by_id",
    ),
    "place in the list": (
        "revert", "merge_into_children", "merge_into_parent_forced", "discard", "discard_forced",
        "remove_subtree", "retire", "rename", "describe", "parent", "children", "lookup_by_id",
    ),
}  # fmt: skip
"""The calls that can be accepted at every place: a plain merge into the parent needs an only child."""


def main() -> int:
    """Plant the faults one by one; print what caught each, and the sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--only", choices=KINDS_OF_FAULTS)
    parser.add_argument("--quick", action="store_true", help="ten faults of each kind")
    options = parser.parse_args()
    count = 10 if options.quick else options.count
    print_title(f"{count} planted faults of each kind, seed {options.seed}")
    rows: list[tuple[Any, ...]] = []
    met = True
    for kind in KINDS_OF_FAULTS if options.only is None else (options.only,):
        begun = process_time()
        caught: Counter[str] = Counter()
        faults = drawn(kind, options.seed, count)
        for fault in faults:
            method, steps, struck = hunted(fault, options.seed)
            caught[method] += 1
            if not method:
                print(
                    f"not caught in {steps:,} steps, in which it struck {struck} times: {fault}", flush=True
                )
        found = len(faults) - caught.pop("", 0)
        met = met and found >= GOAL * len(faults)
        by = ", ".join(f"{method} {times}" for method, times in caught.most_common())
        rows.append((kind, f"{found} of {len(faults)}", by, f"{process_time() - begun:.0f} s"))
    print_table(("kind", "caught", "by", "CPU"), rows)
    print(f"at least {GOAL:.0%} of each kind: {'yes' if met else 'no'}")
    return 0 if met else 1


def drawn(kind: str, seed: int, count: int) -> list[Planted]:
    """So many faults of a kind, each another one; fewer if there are fewer."""
    random = Random(f"{kind}:{seed}")
    every = [*_all(kind)]
    return random.sample(every, min(count, len(every)))


def _all(kind: str) -> Iterator[Planted]:
    if kind == "place":
        for measure in MEASURES:
            for call in PLACED[measure]:
                for number in range(1, LARGEST + 1):
                    for effect in _effects(call, "accepted"):
                        yield Planted(call, measure, str(number), "accepted", effect)
        return
    for cell in feasible_cells(load_profile("rfc")):
        if cell.name.startswith(USED_BEFORE) == (kind == "again"):
            yield from (Planted(*_of(cell), effect) for effect in _effects(cell.call, cell.answer))


def _of(cell: Cell) -> tuple[Any, ...]:
    return cell.call, cell.argument, cell.name, cell.answer


def _effects(call: str, answer: str) -> Sequence[Effect]:
    if answer == "refused":
        return _REFUSED
    if call in ENDING:
        return ("fails", "answers otherwise")  # nothing can be seen of what it did
    return _READ if KINDS[call].reads_only else _CHANGED


def hunted(fault: Planted, seed: int) -> tuple[str, int, int]:
    """The method that catches a fault, empty for none; the steps up to then, and how often it struck."""
    driver = PlantedDriver(options_of(fault))
    steps = 0
    for method in _methods():
        ledger = Ledger()
        for unit in method.units(driver.profile, bounds(seed)):
            if next(iter(method.perform(driver, unit, ledger)), None) is not None:
                return method.name, steps + ledger.tally.steps, driver.struck
        steps += ledger.tally.steps
    return "", steps, driver.struck


def _methods() -> list[Method[Any]]:
    chosen = [one for one in METHODS if one.name not in LEFT_OUT]
    return sorted(chosen, key=lambda one: FIRST.index(one.name) if one.name in FIRST else len(FIRST))


def bounds(seed: int) -> Bounds:
    """What a default run has on the simulator."""
    size = SIZES["fast"]
    return Bounds(
        (("tree", 4), ("ages", 3), ("storage", 2), ("power", 1), ("libvirt", 1)),
        seed,
        sequences=size.sequences,
        longest=size.longest,
        batch=size.batch,
        limits=True,
        pace="fast",
        history=1,
        history_scopes=(("tree", 3),),
        looks=LOOKS,
    )


if __name__ == "__main__":
    sys.exit(main())
