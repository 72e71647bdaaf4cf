"""What does it cost to judge a history of several callers, and which histories are undecided?

Eight callers make calls that all overlap others, on a hypervisor that takes one call at a time; a fifth are
looks. In the second part one look is stale, and has to be found.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Final

from tables import print_table, print_title

sys.path.insert(0, str(Path(__file__).parents[1]))

from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.judging.histories import assess_history
from snaptree.conformance.sequences.history import History
from snaptree.spec.operations import ListSnapshots
from tests.conformance.judging.drawn_histories import PROFILE, Mix, draw_history

GOAL: Final = 5.0
"""Seconds of CPU for 1,000 calls of 8 callers with 20 % looks."""

EIGHT: Final = Mix(callers=8, calls=1000, looks=0.2, busy=0.05, whole_subtrees=False)

MIXES: Final = {
    "goal": EIGHT,
    "no removals": replace(EIGHT, removals=0.0),
    "1 % without an answer": replace(EIGHT, given_up=0.01),
    "2,000 calls": replace(EIGHT, calls=2_000),
    "removals of subtrees": replace(EIGHT, removals=0.1, whole_subtrees=True),
}


def stale(history: History) -> History:
    """The history whose last listing shows what the first one with snapshots showed."""
    looks = [number for number, call in enumerate(history.calls) if _lists(call.answer, call.operation)]
    calls = list(history.calls)
    calls[looks[-1]] = replace(calls[looks[-1]], answer=calls[looks[0]].answer)
    return History(history.header, tuple(calls))


def _lists(answer: object, operation: object) -> bool:
    return isinstance(operation, ListSnapshots) and isinstance(answer, Returned) and bool(answer.result)


def row(name: str, seed: int, mix: Mix, *, spoiled: bool = False) -> tuple[str, ...]:
    history = draw_history(seed, mix)
    history = stale(history) if spoiled else history
    started = process_time()
    opinion = assess_history(history, PROFILE, most_nodes=4_000)
    taken = process_time() - started
    blamed = "" if opinion.contradiction is None else opinion.contradiction.rule
    overlapping = len(history.overlapping()) / len(history.calls)
    counts = (str(seed), str(len(history.calls)), f"{overlapping:.2f}")
    return (name, *counts, opinion.result, blamed, str(opinion.nodes), f"{taken:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the mix of the goal alone")
    quick = parser.parse_args().quick
    print_title(f"histories of 8 callers (goal: 1,000 calls with 20 % looks in {GOAL:.0f} s)")
    heads = ("mix", "seed", "calls", "overlapping", "result", "rule", "states", "seconds")
    rows = [row("goal", seed, MIXES["goal"]) for seed in range(4)]
    if not quick:
        rows.append(row("goal, a stale look", 0, MIXES["goal"], spoiled=True))
        rows += [row(name, 0, mix) for name, mix in MIXES.items() if name != "goal"]
    print_table(heads, rows)
    slowest = max(float(one[-1]) for one in rows if one[0] == "goal" and one[4] == "explained")
    decided = all(one[4] == "explained" for one in rows if one[0] == "goal")
    print(f"slowest of the goal's mix: {slowest:.2f} s; all decided: {'yes' if decided else 'no'}")


if __name__ == "__main__":
    main()
