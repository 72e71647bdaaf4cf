"""Properties of whole sequences, drawn with the public strategies and tried on the driver under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from hypothesis import HealthCheck, given, seed, settings

from snaptree.conformance.driver import DomainFault, Driver, NotObserved, ProcessFault, opened_domain
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.judging.deviations import deviation_of
from snaptree.conformance.judging.known import Known
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.prepare import prepare
from snaptree.conformance.running.request import Request
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.conformance.sequences.strategies import sequences
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted

EXAMPLES: Final = 10
LONGEST: Final = 8
"""Few and short: the main job covers much more. A property is here for those who write their own."""

Property = Callable[["Subject", tuple[Operation, ...]], None]


@dataclass(frozen=True)
class Subject:
    """What a property looks at in the worker: the driver, and the deviations that are known of it."""

    driver: Driver
    known: tuple[Known, ...]

    def is_known(self, run: Run) -> bool:
        """Whether what this run showed is a known deviation."""
        found = deviation_of(run, self.driver.profile, "property", flaky=False)
        return any(entry.matches(found) for entry in self.known)


class _ProcessEnded(BaseException):
    """Not an Exception: Hypothesis shrinks what raises one."""


@dataclass(frozen=True)
class Candidate:
    """A driver under test, which a worker process has opened, and the seed of the session."""

    player: Player
    seed: int
    known: tuple[Known, ...]

    def objection(self, holds: Property, sequence: tuple[Operation, ...]) -> str | None:
        """What a property says against the driver in the worker; None if it holds."""
        return self.player.carry_out(partial(_objection, holds, self.known, sequence))


def _objection(
    holds: Property, known: tuple[Known, ...], sequence: tuple[Operation, ...], driver: Driver
) -> str | None:
    try:
        holds(Subject(driver, known), sequence)
    except AssertionError as error:
        return str(error) or "it does not hold"
    except (ProcessFault, DomainFault) as fault:
        return str(fault)
    return None


@contextmanager
def opened_candidate(request: Request, announce: Callable[[str], None]) -> Iterator[Candidate]:
    """Open the driver of a request in a worker. Raises what ``prepare`` raises."""
    preparation = prepare(request, announce)
    preparation.workers.close()
    with Player(request.driver, request.options) as player:
        yield Candidate(player, preparation.heading.seed, preparation.known.entries)


def try_property(candidate: Candidate, holds: Property) -> None:
    """Draw sequences for the driver's profile. Hypothesis shows the smallest that breaks the property.

    A sequence that ends the driver's process is shown as it was drawn: each try would cost two processes.
    ``holds`` is a function of a module that can be imported: the worker calls it.
    """

    @seed(candidate.seed)
    @settings(
        max_examples=EXAMPLES,
        database=None,  # what is found is shown, and kept as a trace by the main job
        deadline=None,  # drivers are slow, and that is no fault
        suppress_health_check=list(HealthCheck),
    )
    @given(sequences(candidate.player.profile, max_size=LONGEST))
    def draw(sequence: tuple[Operation, ...]) -> None:
        ends = candidate.player.ends
        objection = candidate.objection(holds, sequence)
        if objection is not None and candidate.player.ends > ends:
            raise _ProcessEnded(f"{objection}, by {list(sequence)}")
        assert objection is None, objection

    try:
        draw()
    except _ProcessEnded as ended:
        raise AssertionError(str(ended)) from None


def keeps_in_step_with_the_model(subject: Subject, sequence: tuple[Operation, ...]) -> None:
    """Answers and observations are those that the model allows, but for known deviations."""
    run = run_sequence(subject.driver, sequence)
    told = [f"{one.expected!r} expected, {one.observed!r} observed" for one in run.differences]
    assert not run.differences or subject.is_known(run), told


def refusal_changes_nothing(subject: Subject, sequence: tuple[Operation, ...]) -> None:
    """What ``observe`` returns is the same before and after a call that is refused."""
    with opened_domain(subject.driver) as domain:
        lockstep = Lockstep(domain, subject.driver.profile)
        for operation in sequence:
            before = _seen(domain)
            result = lockstep.do(operation)
            if result.differences:
                return  # that is a matter of the first property
            if not isinstance(result.outcome, Accepted):
                assert _seen(domain) == before, f"{operation.call} was refused and changed something"


def looking_changes_nothing(subject: Subject, sequence: tuple[Operation, ...]) -> None:
    """A second ``observe`` returns what the first one did."""
    with opened_domain(subject.driver) as domain:
        lockstep = Lockstep(domain, subject.driver.profile)
        for operation in sequence:
            if lockstep.do(operation).differences:
                return
            assert _seen(domain) == _seen(domain)


def _seen(domain: Any) -> Any:
    try:
        return domain.observe()
    except NotObserved:
        return None
