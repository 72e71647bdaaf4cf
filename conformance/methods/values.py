"""values: each class of each argument, once where the call is accepted and once where it is refused.

Random sequences meet most classes seldom, and some never: the classes are declared in ``spec.domains``, and a
search in the model finds a shortest way to each. Beside them, every odd name is used to create a snapshot, to
look it up, to rename another, and as a description: a class has many values. If the driver claims crashes,
a few names at a time exist when the hypervisor is killed, and must exist afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import Driver
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.fixed import MOST_UNITS, play, run_on_fresh_domain
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import concerns
from snaptree.conformance.methods.visits import Visits, Wanted
from snaptree.conformance.sequences.running import Run
from snaptree.spec import operations as ops
from snaptree.spec.domains.names import odd_names
from snaptree.spec.domains.search import feasible_cells
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

CLASSES: Final = "classes"
NAMES: Final = "names"

CELLS: Final = 60
"""Cells in one unit of work."""

AT_ONCE: Final = 8
"""Names that are there when the hypervisor is killed, which takes it a while to come back from."""

Sequenced = tuple[Operation, ...]


@dataclass(frozen=True)
class Cells:
    """Cells to visit, each with a way to it."""

    cells: tuple[Wanted, ...]
    part: str = CLASSES


@dataclass(frozen=True)
class Lives:
    """Sequences of odd names."""

    sequences: tuple[Sequenced, ...]
    part: str = NAMES


class Values(Method[Cells | Lives]):
    """The classes of values, and values that often break code."""

    name: ClassVar[str] = "values"
    noun: ClassVar[str] = "value"

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """The classes, and the odd names."""
        cells, lives = len(_cells(profile, bounds.calls)), len(_lives(profile, bounds.calls))
        parts = (
            Part(CLASSES, "each class of each argument, accepted and refused", cells),
            Part(NAMES, "names and texts that trip code up", lives),
        )
        return [part for part in parts if part.total]

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Cells | Lives]:
        """The cells in the order of their ways, and then the names."""
        cells = sorted(
            _cells(profile, bounds.calls), key=lambda item: (not item[1].persistent, len(item[1].way))
        )
        for first in range(0, len(cells), CELLS):
            yield Cells(tuple(cells[first : first + CELLS]))
        lives = tuple(_lives(profile, bounds.calls))
        every = min(MOST_UNITS, len(lives))
        yield from (Lives(lives[number::every]) for number in range(every))

    def perform(self, driver: Driver, unit: Cells | Lives, ledger: Ledger) -> Iterator[Run]:
        """Visit the cells, or run the sequences, each of those on a fresh domain."""
        if isinstance(unit, Cells):
            return Visits.of(driver, unit.cells, ledger).make()
        lives = ((one, True) for one in unit.sequences)
        return play(lives, ledger, lambda begun: run_on_fresh_domain(driver, begun, ledger))


def _cells(profile: Profile, calls: Calls) -> list[Wanted]:
    return [one for one in feasible_cells(profile).items() if calls is None or one[0].call in calls]


def _lives(profile: Profile, calls: Calls) -> list[Sequenced]:
    return [one for one in name_sequences(profile) if concerns(one, calls)]


@cache
def name_sequences(profile: Profile) -> tuple[Sequenced, ...]:
    """The sequences for each odd name, and for names that survive a crash; unclaimed calls are left out."""
    names = odd_names(profile)
    lives = [life for name in names if (life := _life(profile, name))]
    if profile.claims("crash"):
        allowed = [name for name in names if profile.names.allows(name)]
        lives += [_survived(allowed[first : first + AT_ONCE]) for first in range(0, len(allowed), AT_ONCE)]
    return tuple(lives)


def _life(profile: Profile, name: str) -> Sequenced:
    life = (
        ops.Create("first"),
        ops.Create(name),
        ops.LookupByName(name),
        ops.Rename("s1", f"{name}{name}"),
        ops.Describe("s1", name),
        ops.LookupByName(f"{name}{name}"),
        ops.Rename("s1", name),
    )
    # Where the profile says "any", no driver is asked to keep what its protocol may be unable to carry.
    described = profile.names.allows(name) or profile.descriptions == "xml"
    return tuple(one for one in life if profile.claims(one.call) and (described or one.op != "describe"))


def _survived(names: list[str]) -> Sequenced:
    return (*(ops.Create(name, description=name) for name in names), ops.Crash())
