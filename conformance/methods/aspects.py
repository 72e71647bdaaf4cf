"""aspects: each call and outcome that a rule speaks of and that no example shows, once.

A rule passes only if every call and outcome that it speaks of was compared. Random sequences would reach
most of them by luck; this method leaves none to luck that the model finds near the examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import Driver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.examples import example_sequences, transient_sequences
from snaptree.conformance.methods.fixed import play, run_on_fresh_domain
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import concerns
from snaptree.conformance.methods.witnesses import Begun, witnesses
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile

TOGETHER: Final = 8
"""Sequences in one unit of work."""


@cache
def aspect_sequences(profile: Profile) -> tuple[Begun, ...]:
    """What the examples leave out, under this profile."""
    shown = [(one, True) for one in example_sequences(profile)]
    shown += [(one, False) for one in transient_sequences(profile)]
    return tuple(witnesses(profile, shown))


def _needed(profile: Profile, bounds: Bounds) -> tuple[Begun, ...]:
    """Those of the sequences that show one of the calls of the bounds; the last step is what they show."""
    return tuple(one for one in aspect_sequences(profile) if concerns(one[0][-1:], bounds.calls))


@dataclass(frozen=True)
class Found:
    """Sequences that the model found. They are sent, so that no worker searches again."""

    part: str
    sequences: tuple[Begun, ...]


class Aspects(Method[Found]):
    """Each call and outcome that a rule speaks of and no example shows."""

    name: ClassVar[str] = "aspects"
    noun: ClassVar[str] = "aspect"

    def parts(self, profile: Profile, bounds: Bounds) -> tuple[Part, ...]:
        """One part, where the examples leave anything out."""
        total = len(_needed(profile, bounds))
        return (Part(self.name, "each call that a rule speaks of", total),) if total else ()

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Found]:
        """A few sequences each."""
        found = _needed(profile, bounds)
        for first in range(0, len(found), TOGETHER):
            yield Found(self.name, found[first : first + TOGETHER])

    def perform(self, driver: Driver, unit: Found, ledger: Ledger) -> Iterator[Run]:
        """Run one sequence after the other, each on a fresh domain."""
        return play(unit.sequences, ledger, lambda begun: run_on_fresh_domain(driver, begun, ledger))
