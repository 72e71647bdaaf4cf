"""The one pipeline: open a driver, run every method on it, and judge the deviations.

A run that has begun always ends in an Assessment with everything found so far, and why it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.record import Ending, MethodResult, RunRecord
from snaptree.conformance.judging.rule_results import RuleResult
from snaptree.conformance.judging.verdict import Judgement, judge
from snaptree.conformance.methods.bounds import WHOLE, Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.method import Method
from snaptree.conformance.processes.interruption import is_interruption
from snaptree.conformance.running.heading import Heading
from snaptree.conformance.running.known_list import KnownList
from snaptree.conformance.running.plan import Plan
from snaptree.conformance.running.prepare import Preparation, prepare
from snaptree.conformance.running.request import Level, Request
from snaptree.conformance.running.tasks import WorkerFailed
from snaptree.conformance.running.workers import Workers
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import rule, rules


class Progress(Protocol):
    """Watches a run."""

    def begin(self, preparation: Preparation) -> None:
        """The driver is open, and the run begins."""

    def update(self, record: RunRecord, result: MethodResult) -> None:
        """The record grew by this part; called several times a second."""


def _ignore(record: RunRecord, result: MethodResult) -> None:
    """Ignores progress."""


class Unwatched:
    """Progress of a run that is not shown."""

    def begin(self, preparation: Preparation) -> None:
        """Nothing to show."""

    def update(self, record: RunRecord, result: MethodResult) -> None:
        """Nothing to show."""


@dataclass(frozen=True)
class Terms:
    """By what a run is judged: the ids of its rules, the level, and what may stay unfinished."""

    rules: tuple[str, ...]
    level: Level
    accept_incomplete: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """One run on one driver: heading, bounds, terms, record, judgement, and why it ended."""

    heading: Heading
    bounds: Bounds
    known: KnownList
    terms: Terms
    record: RunRecord
    judgement: Judgement

    @property
    def ending(self) -> Ending:
        """Why the run ended."""
        return self.record.ending

    @property
    def exit_code(self) -> int:
        """The exit code of ``check``."""
        return self.judgement.exit_code

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """All deviations: the new ones, then the known ones."""
        return (*self.judgement.new, *self.judgement.known)

    def result_of(self, rule: str) -> RuleResult:
        """The result of a rule by its id. Raises KeyError if the rule was not selected."""
        for result in self.judgement.rules:
            if result.rule.id == rule:
                return result
        raise KeyError(rule)


def assess(request: Request, announce: Callable[[str], None], progress: Progress) -> Assessment:
    """Run the whole suite on a driver.

    ``announce`` is called with a text about what the driver will create on its host, before it does. Raises
    what ``prepare`` raises; nothing after that.
    """
    return assess_prepared(prepare(request, announce), progress)


def assess_prepared(preparation: Preparation, progress: Progress) -> Assessment:
    """Run the whole suite on a driver that passed the smoke test."""
    request, heading, bounds = preparation.request, preparation.heading, preparation.bounds
    try:
        progress.begin(preparation)
        methods = request.methods or METHODS
        record = run_methods(preparation.workers, heading.profile, bounds, progress.update, methods)
    except BaseException as error:
        preparation.workers.close(early=True)
        if not is_interruption(error):
            raise
        # What watches the run was told that it begins: the run ends in a report, though with nothing found.
        record = RunRecord(uncrashed=bounds.uncrashed, ending=Ending("interrupted"))
    chosen = rules() if request.rules is None else request.rules
    terms = Terms(tuple(one.id for one in chosen), request.level, request.accept_incomplete)
    return judged_by(terms, heading, bounds, preparation.known, record)


def judged_by(
    terms: Terms, heading: Heading, bounds: Bounds, known: KnownList, record: RunRecord
) -> Assessment:
    """The assessment of a record. Raises UnknownRule for the id of a rule that is none."""
    judgement = judge(
        record,
        heading.profile,
        [rule(one) for one in terms.rules],
        known.entries,
        level=terms.level,
        accept_incomplete=terms.accept_incomplete,
    )
    return Assessment(heading, bounds, known, terms, record, judgement)


def run_methods(
    workers: Workers,
    profile: Profile,
    bounds: Bounds,
    update: Callable[[RunRecord, MethodResult], None] = _ignore,
    methods: Sequence[Method[Any]] = METHODS,
) -> RunRecord:
    """Run every method, or the given ones, and collect the results. Closes the workers.

    If the run ends early, also by Ctrl-C, the record holds everything found so far.
    """
    started = monotonic()
    record = RunRecord(
        uncrashed="" if bounds.crash_scopes else bounds.uncrashed,
        unheld="" if bounds.held or bounds.rounds else bounds.unheld,
    )
    try:
        plan = Plan(profile, bounds, record, update, methods=methods)
    except BaseException as error:
        workers.close(early=True)
        if not is_interruption(error):
            raise
        # The size of the work takes seconds to compute where a graph is large.
        record.ending = Ending("interrupted")
        return record
    record.ending = _ending(workers, plan)
    plan.conclude()
    if not record.complete and record.ending.why == "done":
        record.ending = _incomplete(record, plan, bounds)
    record.seconds = monotonic() - started
    return record


def _incomplete(record: RunRecord, plan: Plan, bounds: Bounds) -> Ending:
    """Why all that was handed out is done, and still something is missing."""
    if plan.gave_up:
        return Ending("processes ended")
    if record.too_many_undecided:
        return Ending("undecided", f"{record.tally.undecided:,}")
    if bounds.shard != WHOLE and not plan.late:
        return Ending("shard", str(bounds.shard))
    return Ending("budget")


def _ending(workers: Workers, plan: Plan) -> Ending:
    """Do all work, and return why it ended."""
    done = False
    try:
        try:
            workers.work(plan)
            done = True
        finally:
            for text, kind in workers.close(early=not done):
                if done:  # what ended the run early says more
                    plan.end_in_shutdown(text, kind)
    except DriverUnavailable as error:
        return Ending("host gave out", str(error), error.install)
    except WorkerFailed as error:
        return Ending("worker died", str(error))
    except (KeyboardInterrupt, TypeError) as error:
        if not is_interruption(error):
            raise
        return Ending("interrupted")
    return Ending()
