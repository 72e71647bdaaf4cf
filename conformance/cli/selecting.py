"""The rules that a command line names, with a word on stderr about names and ids that have changed."""

from __future__ import annotations

from collections.abc import Sequence

from snaptree.conformance.reports.console import TextConsole
from snaptree.spec.renumbered import renumbered
from snaptree.spec.rules import RENAMED, Rule, select


def select_rules(patterns: Sequence[str]) -> list[Rule]:
    """The rules that any pattern names.

    A former name of a chapter selects the chapter, and its new name is printed on stderr; so it is with an
    id that ended, and its successors.
    """
    console = TextConsole(stderr=True, soft_wrap=True)
    for pattern in patterns:
        old = pattern.strip().upper()
        if renumbered().get(old):
            console.print(f"snaptree: {old} ended; its demand is now {' and '.join(renumbered()[old])}")
        name = RENAMED.get(pattern.strip().lower())
        if name is not None:
            console.print(f"snaptree: the chapter {pattern.strip().lower()} is now called {name}")
    return select(patterns)
