"""Mechanical faults in the model, and who sees them: the laws, a check of the simulator, the tests.

    python benchmarks/model_faults.py [--seed N] [--count N] [--laws] [--quick]
                                      [--resume FILE [--most N]] [--shard I/N]

Each fault is one change in the syntax tree of ``spec/semantics`` or ``spec/plan.py``: a comparison turned, a
conjunct dropped, a constant off by one, branches swapped, a refusal dropped. It is planted in a process of
its own, and the laws, the check and the tests look for it in this order until one sees it.
``--laws`` asks the laws only. Exit code 0: the laws see at least half, and nothing that is missed by all
stands outside ``planting/equivalent.py``. 1: otherwise. 6: ``--most`` ended the run before that is known.

``--resume FILE`` adds each answer to FILE and asks for no answer that stands there, so that a run can be
made in pieces. The answers are those of one text of the model, laws and tests: delete FILE when it changes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import process_time, time
from typing import Final

from planting.equivalent import EQUIVALENT
from planting.faults import Fault, all_faults, drawn_faults
from planting.judges import Judge, by_check, by_laws, by_tests, spaces
from planting.process import MOST_CPU, seen_by
from tables import print_table, print_title

SEED: Final = 2010
COUNT: Final = 100

_CPU: Final = {"laws": MOST_CPU, "check": 300, "tests": 900}
"""Seconds of CPU that each judge may take."""


def main() -> int:
    """Plant the faults one by one; print who saw each, and the sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--laws", action="store_true", help="ask the laws only")
    parser.add_argument("--only", default="", help="faults whose key has this text")
    parser.add_argument("--quick", action="store_true", help="ten faults, and the laws only")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="answers of earlier pieces, and of this")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="the I-th of N parts of the faults")
    parser.add_argument("--most", type=int, metavar="N", help="with --resume: faults to ask about at most")
    options = parser.parse_args()
    count = 10 if options.quick else options.count
    faults = [fault for fault in drawn_faults(options.seed, count) if options.only in fault.key]
    number, of = map(int, options.shard.split("/"))
    faults = faults[number - 1 :: of]
    print_title(f"{len(faults)} of {len(all_faults())} mechanical faults of the model, seed {options.seed}")
    judges: dict[str, Judge] = {"laws": by_laws(spaces())}
    if not (options.laws or options.quick):
        judges |= {"check": by_check, "tests": by_tests}
    answers = Answers(options.resume)
    for name, judge in judges.items() if not options.only else ():
        if said := answers.of(None, name, judge):
            print(f"{name} blames the model without a fault: {said}")
            return 1
    seen: dict[Fault, str] = {}
    for fault in faults:
        if options.most is not None and answers.asked >= options.most:
            print(f"{len(seen)} of {len(faults)} faults have been asked about")
            return 6
        seen[fault] = _seen(fault, judges, answers)
    return verdict(seen, complete="tests" in judges)


class Answers:
    """What judges say, by fault; with a file, also what they said in earlier pieces of the run."""

    def __init__(self, file: Path | None) -> None:
        self.asked = 0
        """Faults that a judge was asked about in this run."""
        self._file = file
        self._last: Fault | None = None
        lines = file.read_text("utf-8").splitlines() if file is not None and file.exists() else []
        self._known = {(one["fault"], one["judge"]): str(one["said"]) for one in map(json.loads, lines)}

    def of(self, fault: Fault | None, name: str, judge: Judge) -> str:
        """What the judge says of the fault, of the sound model without one; "" if it sees nothing."""
        key = (fault.key if fault is not None else "", name)
        if key not in self._known:
            self._known[key] = seen_by(fault, judge, _CPU[name])
            self.asked += fault is not None and fault != self._last
            self._last = fault
            if self._file is not None:
                with self._file.open("a", encoding="utf-8") as file:
                    print(json.dumps(dict(zip(_ANSWER, (*key, self._known[key]), strict=True))), file=file)
        return self._known[key]


_ANSWER: Final = ("fault", "judge", "said")


def _seen(fault: Fault, judges: Mapping[str, Judge], answers: Answers) -> str:
    """The name of the first judge that sees the fault, else ``equivalent`` or ``missed``."""
    begun = time()
    who, said = "equivalent" if fault.key in EQUIVALENT else "missed", ""
    for name, judge in judges.items():
        said = answers.of(fault, name, judge)
        if said:
            who = name
            break
    said = " ".join(said.split())
    print(
        f"{who:10} {fault.kind}: {fault.key} (line {fault.line}; {time() - begun:.0f} s) {said[:160]}",
        flush=True,
    )
    return who


def verdict(seen: dict[Fault, str], *, complete: bool) -> int:
    """Print the sums by kind; the exit code."""
    kinds = sorted({fault.kind for fault in seen})
    columns = ("laws", "check", "tests", "equivalent", "missed")
    print()
    rows = [(kind, Counter(who for fault, who in seen.items() if fault.kind == kind)) for kind in kinds]
    rows.append(("all", Counter(seen.values())))
    print_table(("fault", "planted", *columns), [
        (kind, str(sum(sums.values())), *(str(sums[column]) for column in columns)) for kind, sums in rows
    ])  # fmt: skip
    sums = Counter(seen.values())
    half, missed = 2 * sums["laws"] >= len(seen), sums["missed"] if complete else 0
    print(f"the laws see {sums['laws']} of {len(seen)}; at least half: {'yes' if half else 'no'}")
    for fault in (fault for fault, who in seen.items() if who != "equivalent" and fault.key in EQUIVALENT):
        print(f"seen, though it is listed as equivalent: {fault.key}")
        missed += 1
    print(f"{process_time():.0f} s of CPU in this process")
    return 0 if half and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
