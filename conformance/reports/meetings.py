"""What other callers met while a call was held inside: one row for each call that was held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from snaptree.conformance.engine.coverage import Cell, Tally
from snaptree.spec.operations import KINDS

LOOKED = ("before", "after", "either", "neither", "waited", "Busy")
"""What a look-up shows: the state before the call that is held, after it, both alike, or none of them."""
CHANGED = ("done", "waited", "Busy", "refused", "failed")
"""What becomes of a call that changes something."""


@dataclass(frozen=True)
class Row:
    """A call that was held, and how often look-ups and other calls met what."""

    held: str
    looks: dict[str, int]
    changes: dict[str, int]

    @property
    def texts(self) -> tuple[str, str, str]:
        """The three columns of a table."""
        return self.held, _counted(self.looks), _counted(self.changes)


def _counted(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number)


def rows_of(tally: Tally) -> Iterator[Row]:
    """The rows, in the order of the calls."""
    held: dict[str, Counter[tuple[bool, str]]] = {}
    for cell, times in tally.cells.items():
        held.setdefault(cell.held, Counter())[_reads(cell), cell.met] += times
    for call in KINDS:
        if call in held:
            met = held[call]
            looks = {word: met[True, word] for word in LOOKED}
            yield Row(call, looks, {word: met[False, word] for word in CHANGED})


def cells_json(tally: Tally) -> list[dict[str, Any]]:
    """Every cell, in a fixed order."""
    return [{**cell._asdict(), "times": times} for cell, times in sorted(tally.cells.items())]


def _reads(cell: Cell) -> bool:
    return cell.call not in KINDS or KINDS[cell.call].reads_only
