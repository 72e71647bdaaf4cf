"""The laws: what holds between operations, whatever the tree.

A rule of the chapters speaks of one operation. A law says how several of them
fit together, on any domain and under any profile, and can be run: it finds a
counterexample or does not. ``step`` is an argument so that other readings of
the specification, and deliberately wrong ones, can be asked as well.
"""

from typing import Final

# Importing a module of laws declares them; this is the order in which they are listed.
from snaptree.spec.laws import removing, forcing, planning, stepping, capturing  # isort: skip
from snaptree.spec.laws.law import Law, Step, stated, visible
from snaptree.spec.laws.menu import menu

LAWS: Final[tuple[Law, ...]] = tuple(stated)
"""Every law."""

__all__ = [
    "LAWS", "Law", "Step", "capturing", "forcing", "menu", "planning", "removing", "stepping", "visible",
]  # fmt: skip
