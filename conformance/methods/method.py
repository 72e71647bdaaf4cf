"""A method: a class that lists its units of work, and performs one of them on a driver.

A new method is a class in a file of this folder, and a line in ``catalogue.METHODS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Protocol, TypeVar

from snaptree.conformance.driver import Driver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile


@dataclass(frozen=True)
class Part:
    """A part of a method with a line of its own in the report, such as one graph.

    ``key`` is its name within a run. ``total`` is the number of items, at the least; ``states``
    the states of its graph, if it has one. ``name`` is how the command line names it, if that is not the
    name of the method.
    """

    key: str
    title: str
    total: int = 0
    states: int = 0
    name: str = ""


class Unit(Protocol):
    """A piece of work for one worker: small and self-contained, since it is sent to other processes."""

    @property
    def part(self) -> str:
        """The key of its part."""


U = TypeVar("U", bound=Unit)


@dataclass
class Counts:
    """The amount of work done. ``missed`` are transitions that could not be reached."""

    covered: int = 0
    missed: int = 0
    deviated: int = 0
    sequences: int = 0

    def add(self, other: Counts) -> None:
        """Add the counts of another worker."""
        self.covered += other.covered
        self.missed += other.missed
        self.deviated += other.deviated
        self.sequences += other.sequences

    def drain(self) -> Counts:
        """Return the counts so far and reset this one."""
        so_far = Counts(self.covered, self.missed, self.deviated, self.sequences)
        self.covered = self.missed = self.deviated = self.sequences = 0
        return so_far


def _never() -> bool:
    return False


@dataclass
class Ledger:
    """Holds the counts of a method, and tells it whether its time is up."""

    tally: Tally = field(default_factory=Tally)
    counts: Counts = field(default_factory=Counts)
    expired: Callable[[], bool] = _never


class Method(ABC, Generic[U]):
    """One way of finding sequences.

    ``name`` appears in reports, ``noun`` names the counted items. ``shrinks`` says whether a deviating
    sequence is shrunk. ``worth`` is its share of a budget, compared with those of the other methods.
    """

    name: ClassVar[str]
    noun: ClassVar[str]
    shrinks: ClassVar[bool] = True
    worth: ClassVar[int] = 1

    @abstractmethod
    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """The parts to report; none if the method has nothing to do."""

    @abstractmethod
    def units(self, profile: Profile, bounds: Bounds) -> Iterator[U]:
        """The units of work in order, the same for any number of workers.

        If only the budget ends a method, they never end.
        """

    @abstractmethod
    def perform(self, driver: Driver, unit: U, ledger: Ledger) -> Iterator[Run]:
        """Perform one unit, or as much of it as time allows; yields each run that deviated at once."""

    def asked_for(self, bounds: Bounds) -> bool:  # noqa: ARG002 - most methods cannot be asked for
        """Whether the user asked for this method by name: it comes first, and gets most of a budget."""
        return False
