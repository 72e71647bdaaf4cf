"""The tasks of a run in order, and its record as it grows.

Units of work depend on the seed and the bounds alone. Of all runs that show the same deviation, the plan
examines that of the earliest unit, as soon as no earlier unit is running. A run therefore finds the same
under any number of jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from time import monotonic
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS, FaultKind
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.own_calls import fault_step
from snaptree.conformance.judging.deviations import Deviation, Sign, deviation_of, sign_of
from snaptree.conformance.judging.record import MethodResult, RunRecord, deviations_by_id, is_own
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.method import Counts, Method
from snaptree.conformance.running.tasks import Examination, ProgressMessage, Suspect, Task, Work
from snaptree.conformance.running.watching import SHUTDOWN, Fault
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile
from snaptree.spec.state import blank_domain

ASKED: Final = 4
"""How much more of a budget a method is worth that the user asked for."""

Update = Callable[[RunRecord, MethodResult], None]
"""Is called several times a second with the record and the part of it that grew."""


class Plan:
    """The tasks of one run. Workers take them, and report their results."""

    def __init__(
        self,
        profile: Profile,
        bounds: Bounds,
        record: RunRecord,
        update: Update,
        *,
        methods: Sequence[Method[Any]] = METHODS,
    ) -> None:
        asked = bounds.methods
        methods = [method for method in methods if asked is None or method.name in asked]
        self._methods = methods
        self._profile = profile
        self._bounds = bounds
        self._record = record
        self._update = update
        # Before the clock runs: what there is to do is the harness's to compute, and no time of the driver.
        self._parts = [(method, [*method.parts(profile, bounds)]) for method in methods]
        self._started = monotonic()
        self._examined_by = None if bounds.budget is None else self._started + bounds.budget * 1.1
        self.gave_up = False
        self.late = False
        self._under_way: set[int] = set()
        self._counted: dict[int, tuple[Tally, Counts]] = {}
        self._handed_out = 0
        self._suspects: dict[Sign, tuple[int, Suspect]] = {}
        self._taken_up: set[Sign] = set()
        self._explained: dict[Sign, Deviation] = {}
        self._work = self._all_work()

    def next(self) -> Task | None:
        """The next task. None means none at present: while tasks are running, more may follow."""
        examination = self._examination()
        if examination is not None:
            return examination
        work = next(self._work, None)
        if work is not None:
            self._under_way.add(work.number)
        return work

    def heard(self, task: Task, message: ProgressMessage) -> None:
        """Add a worker's message about its task to the record."""
        if isinstance(task, Examination):
            if message.deviation is not None:
                self._explain(task.suspect, message.deviation)
            return
        result = self._record.methods[task.unit.part]
        so_far = self._counted.setdefault(task.number, (Tally(), Counts()))
        if message.tally is not None:
            self._record.tally.add(message.tally)
            so_far[0].add(message.tally)
        if message.counts is not None:
            _count(result, message.counts)
            so_far[1].add(message.counts)
        if message.suspect is not None:
            self._suspect(task.number, message.suspect)
        self._update(self._record, result)

    def done(self, task: Task) -> None:
        """Record that a task is done."""
        if isinstance(task, Work):
            self.late = self.late or (task.deadline is not None and monotonic() > task.deadline)
            self._under_way.discard(task.number)
            self._counted.pop(task.number, None)

    def undone(self, task: Task) -> None:
        """Forget what was counted for a task: it is done again, or given up."""
        if isinstance(task, Work) and task.number in self._counted:
            tally, counts = self._counted.pop(task.number)
            self._record.tally.take_back(tally)
            _count(self._record.methods[task.unit.part], counts, sign=-1)

    def ended_in(self, work: Work, fault: Fault) -> None:
        """Record a fault of the driver's process that no run of the task describes."""
        self.gave_up = True
        self._addis_own(work.number, work.method.name, fault.call or "call", fault.text, fault.kind)

    def end_in_shutdown(self, text: str, kind: FaultKind) -> None:
        """Record that a driver could not be closed."""
        self._addis_own(self._handed_out + 1, SHUTDOWN, SHUTDOWN, text, kind)

    def _addis_own(self, number: int, method: str, call: str, text: str, kind: FaultKind) -> None:
        step = fault_step(blank_domain(DEFAULT_DISKS), call, text, kind)
        run = Run((step,), step.differences, {})
        self._suspect(number, Suspect(sign_of(run, self._profile), method, shrinks=False, run=run))

    def conclude(self) -> None:
        """End the plan: describe deviations that were not examined, and note where each was found."""
        for sign, (_, suspect) in self._suspects.items():
            if sign not in self._explained:
                self._explain(suspect, self._described(suspect))
        self._record.places = {
            sign: (self._suspects[sign][0], deviation) for sign, deviation in self._explained.items()
        }

    def _all_work(self) -> Iterator[Work]:
        """Every unit, in order; a method begins when its first unit is requested."""
        for method, parts in self._parts:
            for part in parts:
                self._record.methods[part.key] = MethodResult(
                    method.name,
                    method.noun,
                    part.title,
                    part.total,
                    part.name or method.name,
                    states=part.states,
                )
        ordered = sorted(self._methods, key=lambda method: not method.asked_for(self._bounds))
        places = count(1)
        for place, method in enumerate(ordered):
            deadline = self._deadline(ordered[place:])
            for unit in method.units(self._profile, self._bounds):
                number = next(places)
                if not self._bounds.shard.holds(number - 1):
                    continue
                if deadline is not None and monotonic() > deadline:
                    self.late = True
                    break
                # The place among the units of all shards: of the same deviation the first one counts.
                self._handed_out = number
                yield Work(self._handed_out, method, unit, deadline)

    def _deadline(self, left: Sequence[Method[Any]]) -> float | None:
        """When the first of the methods that are left has to end: its share of what is left of the budget."""
        if self._bounds.budget is None:
            return None
        end, now = self._started + self._bounds.budget, monotonic()
        worths = [
            method.worth * (ASKED if method.asked_for(self._bounds) else 1)
            for method in left
            if method.parts(self._profile, self._bounds)
        ]
        share = worths[0] / sum(worths) if left[0].parts(self._profile, self._bounds) else 0.0
        return end if share == 1.0 else now + max(0.0, end - now) * share

    def _suspect(self, number: int, suspect: Suspect) -> None:
        earlier = self._suspects.get(suspect.sign)
        if earlier is None or (is_own(suspect.run), number) < (is_own(earlier[1].run), earlier[0]):
            self._suspects[suspect.sign] = (number, suspect)

    def _examination(self) -> Examination | None:
        """An examination of a run, if no running unit can find an earlier one."""
        first = min(self._under_way, default=self._handed_out)
        for sign, (number, suspect) in self._suspects.items():
            if number > first or sign in self._taken_up:
                continue
            self._taken_up.add(sign)
            if suspect.shrinks:
                return Examination(suspect, self._examined_by)
            self._explain(suspect, self._described(suspect))
        return None

    def _described(self, suspect: Suspect) -> Deviation:
        return deviation_of(suspect.run, self._profile, suspect.method, flaky=False)

    def _explain(self, suspect: Suspect, deviation: Deviation) -> None:
        """Keep the deviation of a suspect."""
        self._explained[suspect.sign] = deviation
        self._record.deviations = deviations_by_id(self._explained)


def _count(result: MethodResult, counts: Counts, sign: int = 1) -> None:
    result.covered += sign * counts.covered
    result.closed_off += sign * counts.missed
    result.deviated += sign * counts.deviated
    result.sequences += sign * counts.sequences
