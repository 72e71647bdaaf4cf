"""The classes of arguments that the steps of a run met, of those that the model finds feasible.

A hole in what was drawn is a class or a pair that no step met: it is named, whether or not anything deviated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from snaptree.conformance.engine.coverage import ClassKey, Tally
from snaptree.spec.domains.search import Cell, Pair, Way, feasible_cells, feasible_pairs
from snaptree.spec.domains.table import ARGUMENTS, DIMENSIONS
from snaptree.spec.profiles import Profile


@dataclass(frozen=True)
class PairCoverage:
    """The feasible pairs of classes of one call, and those that no step met.

    Each of these has a shortest way from a fresh domain to where it can be chosen: it was not drawn there.
    """

    feasible: int
    empty: Mapping[Pair, Way]

    @property
    def met(self) -> int:
        """The number of feasible pairs that a step met."""
        return self.feasible - len(self.empty)


@dataclass(frozen=True)
class ClassCoverage:
    """The steps without difference in each cell, feasible ones first, and the pairs if they were asked for.

    ``empty`` are the feasible cells without a step.
    """

    steps: Mapping[Cell, int]
    empty: tuple[Cell, ...]
    feasible: int
    pairs: PairCoverage | None = None

    @property
    def met(self) -> int:
        """The number of feasible cells that a step met."""
        return self.feasible - len(self.empty)


def class_coverage(tally: Tally, profile: Profile, *, pairs: bool) -> ClassCoverage:
    """What the steps of a run met. Computing the feasible ``pairs`` can take a few seconds."""
    found = _cells(tally.classes)
    feasible = feasible_cells(profile)
    steps = {cell: found.pop(cell, 0) for cell in feasible}
    empty = tuple(cell for cell, number in steps.items() if not number)
    # Sorted: they were met in another order under another number of jobs.
    claimed = {cell: number for cell, number in sorted(found.items()) if profile.claims(cell.call)}
    met = _pairs(tally.classes, feasible_pairs(profile)) if pairs else None
    return ClassCoverage({**steps, **claimed}, empty, len(feasible), met)


def _cells(classes: Mapping[ClassKey, int]) -> Counter[Cell]:
    found: Counter[Cell] = Counter()
    for (call, answer, names), number in classes.items():
        arguments = ARGUMENTS[call]
        if not arguments:
            found[Cell(call, "", "", answer)] += number
        for argument, name in zip(arguments, names[-len(arguments) :], strict=False):
            found[Cell(call, argument.name, name, answer)] += number
    return found


def _pairs(classes: Iterable[ClassKey], feasible: Mapping[Pair, Way]) -> PairCoverage:
    met: set[Pair] = set()
    for call, names in {(call, names) for call, _, names in classes}:
        row = [(one.name, name) for one, name in zip(DIMENSIONS[call], names, strict=True)]
        met.update(Pair(call, *one, *other) for one, other in combinations(row, 2))
    return PairCoverage(len(feasible), {pair: feasible[pair] for pair in sorted(feasible.keys() - met)})


def text_of_cell(cell: Cell) -> str:
    """A cell in words: ``create name 'empty' refused``."""
    argument = f" {cell.argument} '{cell.name}'" if cell.argument else ""
    return f"{cell.call}{argument} {cell.answer}"


def text_of_pair(pair: Pair) -> str:
    """A pair in words: ``create name 'empty' with uuid 'fresh'``."""
    return f"{pair.call} {pair.argument} '{pair.name}' with {pair.other} '{pair.other_name}'"
