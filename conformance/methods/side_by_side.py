"""side by side: two domains of one driver, with the same names, whose calls alternate.

What an adapter keeps for the host and not for the domain shows only where there is a second one: a tree, a
table of names, a folder that the first close removes.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import CallBarred, Driver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.fixed import FixedSequences
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.stories import Story, told
from snaptree.conformance.methods.witnesses import Begun
from snaptree.conformance.sequences.beside import NoSecondDomain, run_beside
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

Sequence = tuple[Operation, ...]

TOGETHER: Final = (
    "write; create(a); write; create(b); write; revert(a); write; revert(b); list(); lookup_by_name(a)",
    "write; create(a); write; create(b); write; merge_into_children(a); merge_into_children(b); current()",
    "write; create(a); write; create(b); revert(a); discard(b); write; create(b); revert(b)",
    "write; create(a); rename(a, b); write; create(a); describe(a, text); lookup_by_name(b); revert(b)",
    "write; create(a); write; create(b); merge_into_parent(b); write; create(b); revert(a)",
    "write; create(a); write; create(b); retire(a); write; create(a); reclaim(s1); revert(b)",
    "start(); memory; create(a); memory; managed_save(); start(); stop(); revert(a)",
    "configure(key, one); create(a); configure(key, two); create(b); revert(a); revert(b)",
    "write; create(a); attach_disk(vdc, 1048576); write(vdc); create(b); revert(a); revert(b)",
    "write; create(a); write; create(b); undefine_forced()",
)
"""What both domains do, in the words of the stories."""


@cache
def sequences_side_by_side(profile: Profile) -> tuple[Sequence, ...]:
    """The sequences that the profile agrees with."""
    found = (told(Story("", "", "", tuple(one.split("; "))), profile) for one in TOGETHER)
    return tuple(one for one in found if one)


class SideBySide(FixedSequences):
    """The sequences, each on two domains."""

    name: ClassVar[str] = "side-by-side"
    noun: ClassVar[str] = "sequence"
    title: ClassVar[str] = "two domains of one driver, one closed before the other"

    def sequences(self, profile: Profile) -> tuple[Sequence, ...]:
        """``sequences_side_by_side``."""
        return sequences_side_by_side(profile)

    def applies(self, bounds: Bounds) -> bool:
        """Only if the bounds ask for more than small things."""
        return bounds.limits

    def run(self, driver: Driver, begun: Begun, ledger: Ledger) -> Run:
        """Run one sequence on two domains. Raises CallBarred if the driver has one domain at a time.

        What goes wrong on one domain as well is told of that.
        """
        sequence, _ = begun
        try:
            run = run_beside(driver, sequence, tally=ledger.tally)
        except NoSecondDomain as none:
            raise CallBarred("open") from none
        alone = run_sequence(driver, sequence) if run.differences else run
        return alone if alone.differences else run
