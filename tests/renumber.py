"""Carries ``spec/renumbered.toml`` into every file that names a rule: ``python -m tests.renumber``.

An ended id with one successor is replaced by it. With several it is replaced by the first, or, in a known
deviation, by the first that speaks of its operation; the place is printed, for a person to look at.
``--check`` changes nothing and fails if a file names an ended id.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snaptree.spec.renumbered import renumbered
from snaptree.spec.rules import rules

TOP: Final = Path(__file__).resolve().parents[1]
EXCEPT: Final = (
    "CHANGELOG.md",
    "conformance/reports/rule_index.json",
    "spec/renumbered.toml",
    "tests/spec/test_renumbered.py",
)
"""What tells of ended ids on purpose, and the index, which ``make index`` writes."""
_OPERATION: Final = re.compile(r'^operation = "([a-z_A-Z]+)"')


@dataclass(frozen=True)
class Change:
    """One replaced id; ``choice`` holds the successors if there were several."""

    line: int
    old: str
    new: str
    choice: tuple[str, ...]


def carry(text: str, table: Mapping[str, tuple[str, ...]], names: str = "") -> tuple[str, list[Change]]:
    """The text with every ended id replaced, and what was replaced. ``names`` is its file's name.

    An id whose demand was dropped stays, and is a change to an empty id.
    """
    if not table:
        return text, []
    ended = re.compile(rf"\b(?:{'|'.join(map(re.escape, table))})\b(?!-)")
    lines = text.splitlines(keepends=True)
    changes: list[Change] = []
    for index, line in enumerate(lines):
        call = _operation(lines, index) if names.endswith(".toml") else None

        def successor(match: re.Match[str], number: int = index + 1, call: str | None = call) -> str:
            old = match[0]
            choice = table[old]
            if not choice:
                changes.append(Change(number, old, "", ()))
                return old
            fitting = [one for one in choice if call is not None and _speaks(one, call)]
            new = (fitting or choice)[0]
            changes.append(Change(number, old, new, choice if len(fitting or choice) > 1 else ()))
            return new

        lines[index] = ended.sub(successor, line)
    return "".join(lines), changes


def _operation(lines: list[str], index: int) -> str | None:
    """The operation of the known deviation whose rule stands in this line."""
    if not lines[index].startswith("rule = "):
        return None
    for line in lines[index : index + 8]:
        found = _OPERATION.match(line)
        if found is not None:
            return found[1]
    return None


def _speaks(identifier: str, call: str) -> bool:
    return any(
        call in aspect.calls or not aspect.calls
        for one in rules()
        if one.id == identifier
        for aspect in one.aspects
    )


def texts() -> Iterator[Path]:
    """Every file of the project that may name a rule."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True)
    for name in sorted(listed.stdout.decode().split("\0")):
        path = TOP / name
        if name and name not in EXCEPT and not path.is_symlink() and path.is_file():
            yield path


def main(arguments: list[str]) -> int:
    """Replace ended ids; returns 1 if a place needs a person, or with ``--check`` if one was found."""
    open_places = 0
    for path in texts():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        after, changes = carry(text, renumbered(), path.name)
        for one in changes:
            where = f"{path.relative_to(TOP)}:{one.line}"
            told = f"one of {', '.join(one.choice)}" if one.choice else ""
            print(f"{where}: {one.old} -> {one.new or 'dropped'} {told}".rstrip())
            open_places += bool(one.choice or not one.new or "--check" in arguments)
        if changes and "--check" not in arguments:
            path.write_text(after, encoding="utf-8")
    return 1 if open_places else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
