"""The tasks of a worker, and its messages.

A task is self-contained, so it can be sent to another process. A worker sends counts several times a
second, and a deviating run at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Protocol

from snaptree.conformance.driver import Driver
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.differences import PROCESS
from snaptree.conformance.engine.own_calls import OwnCall
from snaptree.conformance.judging.deviations import Deviation, Sign, examine, sign_of
from snaptree.conformance.methods.method import Counts, Ledger, Method, Unit
from snaptree.conformance.running.watching import Fault, Watch
from snaptree.conformance.sequences.running import Run


class WorkerFailed(Exception):
    """A worker ended, or failed by a defect of snaptree; the text says how."""


HEARTBEAT: Final = 0.2
"""Seconds between two messages about progress."""


@dataclass(frozen=True)
class Suspect:
    """A run that deviated, before its examination; runs with the same ``sign`` show the same deviation."""

    sign: Sign
    method: str
    shrinks: bool
    run: Run


@dataclass(frozen=True)
class Work:
    """One unit of a method. ``deadline`` is a reading of ``time.monotonic``, or None."""

    number: int
    method: Method[Any]
    unit: Unit
    deadline: float | None = None


@dataclass(frozen=True)
class Examination:
    """Run a deviating sequence again, and shrink it, until the deadline."""

    suspect: Suspect
    deadline: float | None = None


Task = Work | Examination


@dataclass(frozen=True)
class ProgressMessage:
    """A message of a worker: the work since its last message."""

    tally: Tally | None = None
    counts: Counts | None = None
    suspect: Suspect | None = None
    deviation: Deviation | None = None


class Tasks(Protocol):
    """The source of tasks, and the receiver of messages about them."""

    def next(self) -> Task | None:
        """The next task. None while no task is running means that there are no more."""

    def heard(self, task: Task, message: ProgressMessage) -> None:
        """Receive a message about a task."""

    def done(self, task: Task) -> None:
        """Record that a task is done."""

    def undone(self, task: Task) -> None:
        """Forget what was counted for a task: it is done again, or given up."""

    def ended_in(self, work: Work, fault: Fault) -> None:
        """Record a fault of the driver's process that no run of the task describes."""


Say = Callable[[ProgressMessage], None]


class Performer:
    """Performs tasks on one driver, one after the other.

    Of runs with the same sign it sends the first. It gets units in ascending order, so the first of all
    workers' runs is among those sent.
    """

    def __init__(self, driver: Driver, watch: Watch | None = None) -> None:
        self._driver = driver
        self._watch = watch
        self._sent: set[Sign] = set()

    def perform(self, task: Task, say: Say) -> None:
        """Perform a task; counts are sent even if the driver fails in the middle."""
        if isinstance(task, Examination):
            suspect = task.suspect
            beat = _Heartbeat(Ledger(), task.deadline, say)
            say(ProgressMessage(deviation=examine(self._driver, suspect.run, suspect.method, beat.expired)))
            return
        ledger = Ledger()
        beat = _Heartbeat(ledger, task.deadline, say)
        ledger.expired = beat.expired
        try:
            for run in task.method.perform(self._driver, task.unit, ledger):
                sign = sign_of(run, self._driver.profile)
                if sign not in self._sent:
                    self._sent.add(sign)
                    shrinks = task.method.shrinks and self._can_be_made_again(run)
                    say(ProgressMessage(suspect=Suspect(sign, task.method.name, shrinks, run)))
        finally:
            beat.flush()

    def _can_be_made_again(self, run: Run) -> bool:
        """Whether a run can be examined: not if it ended a process, or failed around its sequence."""
        if isinstance(run.steps[-1].operation, OwnCall):
            return False
        of_process = any(one.part == PROCESS for one in run.differences)
        return not (of_process and self._watch is not None and self._watch.replayed)


class _Heartbeat:
    """Sends the counts of the ledger now and then, when a method asks whether its time is up."""

    def __init__(self, ledger: Ledger, deadline: float | None, say: Say) -> None:
        self._ledger = ledger
        self._deadline = deadline
        self._say = say
        self._next = monotonic() + HEARTBEAT

    def expired(self) -> bool:
        """Whether time is up."""
        now = monotonic()
        if now >= self._next:
            self.flush()
        return self._deadline is not None and now > self._deadline

    def flush(self) -> None:
        """Send the counts since the last message."""
        self._say(ProgressMessage(self._ledger.tally.drain(), self._ledger.counts.drain()))
        self._next = monotonic() + HEARTBEAT
