"""Growth of the model: the cost of one step in domains of 1,000 to 100,000 snapshots.

State is persistent maps, so a step should cost the same in a large domain as in a small one. Each operation
is timed on random accepted targets, always from the same domain, so nothing accumulates. The sizes take
turns within a round.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import subprocess
import sys
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

from tables import print_table, print_title

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain

DISKS: Final = {"vda": 16 * BLOCK_STRIDE}
MOST_CHILDREN: Final = 3
TIME_GOAL: Final = 2.0
MEMORY_GOAL: Final = 2048

Parents = Callable[[int], int | None]
"""The parent of the nth snapshot, by number from 0; None for a root."""


def ternary(_size: int) -> Parents:
    """A complete tree in which each snapshot has three children: depth is log3 of the size."""
    return lambda number: (number - 1) // MOST_CHILDREN if number else None


def random_tree(size: int) -> Parents:
    """Each new snapshot grows from a random one that has room: depth is about log of the size."""
    chance = random.Random(size)
    room: list[int] = []
    children = [0] * size

    def parent(number: int) -> int | None:
        found = None
        if room:
            place = chance.randrange(len(room))
            found = room[place]
            children[found] += 1
            if children[found] == MOST_CHILDREN:
                room[place] = room[-1]
                room.pop()
        room.append(number)
        return found

    return parent


def branched_chain(_size: int) -> Parents:
    """One chain of half the snapshots, a leaf beside every link: as deep as trees get."""
    return lambda number: None if number == 0 else number - 1 if number % 2 else max(0, number - 2)


SHAPES: Final[dict[str, Callable[[int], Parents]]] = {
    "ternary": ternary,
    "random": random_tree,
    "branched chain": branched_chain,
}


@dataclass
class Grown:
    """A domain of a size and shape, and operations that it accepts, by what they do."""

    domain: Domain
    cases: dict[str, list[tuple[Domain, Operation]]]


def taken(domain: Domain, operation: Operation, profile: Profile) -> Domain:
    """The domain after a step that must be accepted."""
    outcome = step(domain, operation, profile)
    assert isinstance(outcome, Accepted), f"{operation} is refused: {outcome}"
    return outcome.domain


def grow(size: int, parents: Parents, profile: Profile) -> Domain:
    """A domain with so many snapshots, each with something written of its own."""
    domain = blank_domain(DISKS)
    for number in range(size):
        parent = parents(number)
        wanted = None if parent is None else f"s{parent + 1}"
        if wanted is not None and domain.current != wanted:
            domain = taken(domain, ops.Revert(wanted), profile)
        domain = taken(domain, ops.WriteDisk("vda", number % 16, 1 + number % 255), profile)
        domain = taken(domain, ops.Create(f"n{number}"), profile)
    return domain


def prepared(domain: Domain, profile: Profile, samples: int, seed: int) -> Grown:
    """Operations on random targets, each with its domain."""
    chance = random.Random(seed)
    ids = [f"s{number + 1}" for number in range(domain.serial)]
    inner = [one for one in ids if domain.children_of(one)]
    leaves = [one for one in ids if not domain.children_of(one) and one != domain.current]
    cases: dict[str, list[tuple[Domain, Operation]]] = defaultdict(list)
    for number in range(samples):
        anywhere, leaf = chance.choice(ids), chance.choice(leaves)
        there = taken(domain, ops.Revert(anywhere), profile)
        # An only child, made for the purpose: a full tree has none.
        grown = taken(taken(domain, ops.Revert(leaf), profile), ops.Create(f"only{number}"), profile)
        assert grown.current is not None, "just created"
        cases["create"].append((there, ops.Create(f"new{number}")))
        cases["revert"].append((domain, ops.Revert(anywhere)))
        cases["merge_into_children"].append((domain, ops.MergeIntoChildren(chance.choice(inner))))
        cases["merge_into_parent"].append((grown, ops.MergeIntoParent(grown.current)))
        cases["discard"].append((domain, ops.Discard(leaf)))
        cases["lookup_by_id"].append((domain, ops.LookupById(anywhere)))
    for one in (case for group in cases.values() for case in group):
        taken(*one, profile)
    return Grown(domain, dict(cases))


def timed(cases: list[tuple[Domain, Operation]], profile: Profile) -> float:
    """Seconds of CPU for one step, the mean over the cases."""
    started = process_time()
    for domain, operation in cases:
        step(domain, operation, profile)
    return (process_time() - started) / len(cases)


def steps_at(sizes: list[int], shape: str, rounds: int, samples: int, profile: Profile) -> None:
    """The table of one shape."""
    grown = {
        size: prepared(grow(size, SHAPES[shape](size), profile), profile, samples, size) for size in sizes
    }
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    gc.collect()
    for number in range(-1, rounds):
        for call in grown[sizes[0]].cases:
            for size in sizes:
                seconds = timed(grown[size].cases[call], profile)
                if number >= 0:
                    found[call, size].append(seconds)
    deepest = {size: deepest_of(one.domain) for size, one in grown.items()}
    print(f"{shape}: depth " + ", ".join(f"{depth:,} of {size:,}" for size, depth in deepest.items()) + "\n")
    smallest, *larger = sizes
    print_table(
        ("µs/step", *(f"{size:,}" for size in sizes), *(f"{size:,} / {smallest:,}" for size in larger)),
        (
            (
                call,
                *(f"{median(found[call, size]) * 1e6:.2f}" for size in sizes),
                *(f"{_ratio(found[call, size], found[call, smallest]):.2f}" for size in larger),
            )
            for call in grown[smallest].cases
        ),
    )


def _ratio(large: list[float], small: list[float]) -> float:
    """The median of the ratios within the rounds: a slow host slows both sides."""
    return median(one / other for one, other in zip(large, small, strict=True))


def deepest_of(domain: Domain) -> int:
    """The length of the longest way up. Parents are made before their children."""
    depths: dict[str | None, int] = {None: 0}
    for snapshot in domain.in_order():
        depths[snapshot.id] = depths[snapshot.parent] + 1
    return max(depths.values())


# --- memory ------------------------------------------------------------------------


def resident() -> int:
    """Resident memory of this process in bytes, as Linux counts it; 0 elsewhere."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def memory_here(size: int, shape: str) -> None:
    """Print bytes for each snapshot, from the system and from tracemalloc. Needs a fresh process."""
    profile = load_profile("rfc")
    grow(100, SHAPES[shape](100), profile)
    gc.collect()
    before = resident()
    domain = grow(size, SHAPES[shape](size), profile)
    gc.collect()
    from_system = resident() - before
    del domain
    gc.collect()
    tracemalloc.start()
    domain = grow(size, SHAPES[shape](size), profile)
    gc.collect()
    traced, _peak = tracemalloc.get_traced_memory()
    print(traced / len(domain.snapshots), from_system / size)


def memory_at(sizes: list[int], shapes: list[str]) -> None:
    """The table of memory; each figure comes from a process of its own."""
    rows = []
    for shape in shapes:
        for size in sizes:
            asked = [sys.executable, __file__, "--memory-of", shape, str(size)]
            answer = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=600).stdout
            traced, from_system = (float(word) for word in answer.split())
            rows.append((shape, f"{size:,}", f"{traced:,.0f}", f"{from_system:,.0f}" if from_system else "-"))
    print_table(("bytes/snapshot", "snapshots", "tracemalloc", "resident"), rows)
    print("tracemalloc does not see the nodes of the persistent maps, which Rust allocates; 'resident' does.")
    print(f"Goals: a step at most {TIME_GOAL:g} times as long; below {MEMORY_GOAL:,} bytes for a snapshot.\n")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to 10,000 snapshots, few samples")
    parser.add_argument("--rounds", type=int, help="default 15, or 5 with --quick")
    parser.add_argument("--memory-of", nargs=2, metavar=("SHAPE", "SIZE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory_of:
        memory_here(int(asked.memory_of[1]), asked.memory_of[0])
        return
    sizes = [1_000, 10_000] if asked.quick else [1_000, 10_000, 100_000]
    print_title("How the model grows")
    profile = load_profile("rfc")
    for shape in SHAPES:
        steps_at(
            sizes, shape, asked.rounds or (5 if asked.quick else 15), 100 if asked.quick else 400, profile
        )
    memory_at(sizes[1:], list(SHAPES))


if __name__ == "__main__":
    main()
