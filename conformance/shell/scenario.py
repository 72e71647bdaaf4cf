"""A scenario: calls in the words of the shell, written down for a driver to make from a fresh domain.

``write; create mon; create tue; merge_into_parent(tue)``, in one line or in several. The model reads it
under a profile: a snapshot is named by the name that it has when the call is made. A call that the model
refuses is part of the scenario; the driver has to refuse it as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.fixed import FixedSequences
from snaptree.conformance.shell.calls import parse_operation
from snaptree.conformance.shell.reading import commands_of
from snaptree.conformance.shell.session import Mistake
from snaptree.spec.files import read_regular
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain
from snaptree.spec.text import plain

LARGEST: Final = 1 << 20
"""The largest file of a scenario, in bytes."""


class ScenarioError(ValueError):
    """A scenario that cannot be read; the text says where, and what is wrong."""


@dataclass
class _Reading:
    """What was read so far: the operations, and the domain that the model has after them."""

    domain: Domain
    steps: list[Operation] = field(default_factory=list)


def read_scenario(
    text: str,
    profile: Profile,
    *,
    disks: Mapping[str, int] = DEFAULT_DISKS,
    before: Sequence[Operation] = (),
    origin: str = "the scenario",
) -> tuple[Operation, ...]:
    """The operations of a scenario that goes on after those ``before``; the ids are the model's.

    Raises ScenarioError, with ``origin`` and the number of the line, for what is no call.
    """
    reading = _Reading(blank_domain(disks))
    for operation in before:
        _take(reading, operation, profile)
    # A name in quotes may have a separator of lines other than a line feed.
    lines = text.rstrip("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            for command in commands_of(line):
                _take(reading, parse_operation(command, reading), profile)
        except Mistake as mistake:
            place = origin if len(lines) == 1 else f"{origin}:{number}"
            raise ScenarioError(f"{place}: {mistake}") from None
    return tuple(reading.steps[len(before) :])


def _take(reading: _Reading, operation: Operation, profile: Profile) -> None:
    reading.steps.append(operation)
    outcome = step(reading.domain, operation, profile)
    if isinstance(outcome, Accepted):
        reading.domain = outcome.domain


@dataclass(frozen=True)
class ScenarioFile:
    """The text of a file with a scenario."""

    name: str
    text: str


def open_scenario(path: Path) -> ScenarioFile:
    """Read a file. Raises ScenarioError if it cannot be read, or has no call."""
    name = plain(str(path), 200)
    try:
        text = read_regular(path, LARGEST).decode("utf-8")
    except OSError as error:
        raise ScenarioError(f"{name}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{name}: it is not UTF-8 text") from None
    if not any(commands_of(line) for line in text.split("\n")):
        raise ScenarioError(f"{name}: there is no call in it")
    return ScenarioFile(name, text)


class Scenarios(FixedSequences):
    """The method that runs the scenarios of files, each on a fresh domain."""

    name: ClassVar[str] = "scenarios"
    noun: ClassVar[str] = "scenario"
    title: ClassVar[str] = "what the files of --scenario say"

    def __init__(self, scenarios: Sequence[ScenarioFile]) -> None:
        self._scenarios = tuple(scenarios)

    def sequences(self, profile: Profile) -> Sequence[tuple[Operation, ...]]:
        """The operations of each file. Raises ScenarioError."""
        return [read_scenario(one.text, profile, origin=one.name) for one in self._scenarios]

    def asked_for(self, bounds: Bounds) -> bool:  # noqa: ARG002 - it is there because it was asked for
        """Always."""
        return True
