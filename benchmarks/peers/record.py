"""One move as a line of text, the form in which both models are compared.

``BEFORE call target kinds casualties AFTER``, with a single space between the parts. A state reads
``SNAPSHOTS/ACTIVE/BASE/RETIRED``:

- five characters a snapshot, in order of creation: its label, that of its parent, the label of the
  snapshot at whose creation its point was captured, and the content of the first and second block;
- three for the active state: the label of the current snapshot, and its two contents;
- two for the base;
- the label of the retired snapshot, or nothing.

A label is the place in the order of creation *before* the move, ``9`` for the base, ``8`` for a
snapshot that the move created, ``7`` for one that was retired already. Content is numbered in the
order in which base, snapshots and active state show it before the move, each block for itself. So the
state after a move is told in terms of the state before it, and no renumbering can hide a wrong one.
``kinds`` is 0 for accepted, else the sum of the numbers of KINDS. A refusal has no state after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CALLS: Final = (
    "write", "create", "revert", "merge_into_children", "merge_into_parent", "merge_into_parent_forced",
    "discard", "discard_forced", "retire", "reclaim", "remove_subtree", "remove_subtree, keep_root",
)  # fmt: skip
"""What the numbers of calls mean. The target of a write is 1 if it writes both blocks."""

KINDS: Final = {"NoSuchSnapshot": 1, "WouldDiscard": 2, "InvalidArgument": 4}

BASE: Final = "9"
NEW: Final = "8"
RETIRED: Final = "7"


@dataclass(frozen=True, slots=True)
class Move:
    """A line, taken apart."""

    before: str
    call: str
    target: int
    kinds: int
    casualties: str
    after: str

    @classmethod
    def parse(cls, line: str) -> Move:
        """Raises ValueError if the line is none."""
        before, call, target, kinds, casualties, *after = line.split(" ")
        return cls(before, CALLS[int(call)], int(target), int(kinds), casualties, after[0] if after else "")


@dataclass(frozen=True, slots=True)
class Tree:
    """A state, taken apart: labels of snapshots with parents and contents, by order of creation."""

    snapshots: tuple[tuple[str, str, str], ...]
    current: str
    active: str
    base: str
    retired: str

    @classmethod
    def parse(cls, state: str) -> Tree:
        snapshots, active, base, retired = state.split("/")
        each = [snapshots[start : start + 5] for start in range(0, len(snapshots), 5)]
        return cls(tuple((one[0], one[1], one[3:]) for one in each), active[0], active[1:], base, retired)

    def content(self, label: str) -> str:
        """What the point of a snapshot holds, or the base."""
        return next((holds for one, _, holds in self.snapshots if one == label), self.base)

    @property
    def dirty(self) -> bool:
        """Whether the active state differs from the point that it grew from."""
        return self.active != self.content(self.current)

    def draw(self) -> list[str]:
        """The tree, a line a point, children below their parent."""
        lines = [f"  base holds {self.base}"]
        waiting = [(BASE, 0)]
        while waiting:
            here, depth = waiting.pop()
            if here != BASE:
                lines.append(f"  {'   ' * depth}{here} holds {self.content(here)}")
            if here == self.current:
                lines.append(f"  {'   ' * (depth + 1)}active holds {self.active}")
            waiting += [(one, depth + 1) for one, parent, _ in reversed(self.snapshots) if parent == here]
        return lines + ([f"  retired: {self.retired}"] if self.retired else [])


def draw(line: str) -> list[str]:
    """What a move was asked and what became of it, in words and with both trees."""
    move = Move.parse(line)
    kinds = [kind for kind, number in KINDS.items() if move.kinds & number]
    answer = "accepted" if not move.kinds else "refused as " + " or ".join(kinds or [str(move.kinds)])
    if move.casualties:
        answer += f", casualties {' '.join(move.casualties).replace('a', 'active')}"
    lines = [f"{move.call}({move.target}): {answer}"]
    return lines + (Tree.parse(move.after).draw() if move.after else [])
