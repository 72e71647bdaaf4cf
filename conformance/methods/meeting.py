"""A meeting: one caller is held inside a call, another one calls, the first is let go, and all look again.

Every call is made in a thread of its own. A call that does not return while the other one is held *waits*: it
is given a moment, which decides what the table says and never what is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from threading import Thread
from time import monotonic
from typing import Any, Final, Literal

from snaptree.conformance.driver import Driver, Pace, can_fail, open_domain, opened_domain, pace_of
from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.judging.moments import Moment
from snaptree.conformance.sequences.history import Call, Observe
from snaptree.spec.operations import SNAPSHOT_ARGUMENTS, Operation, with_ids

Ending = Literal["let go", "failed", "gave up"]
"""What becomes of the call that is held: it goes on; it fails where it is; its caller closes meanwhile."""

MOMENT: Final[dict[Pace, float]] = {"fast": 0.01, "ordinary": 0.1, "slow": 2.0}
"""Seconds after which a call waits, by the pace of a driver; another one then gets a tenth of that."""

LONGEST: Final = 30.0
"""Seconds after which a call that nothing holds any more never returns."""

HELD: Final = "first caller"
OTHER: Final = "second caller"


@dataclass(frozen=True)
class Place:
    """A state with a call that is held there, and the calls that lead to the state."""

    preparation: tuple[Operation, ...]
    held: Operation
    number: int


@dataclass(frozen=True)
class Meeting:
    """What came of one: the calls of all callers, and where the first one was held.

    ``made`` are the calls as they ended; of ``calls`` the one that was held has no answer if its caller did
    not hear of it. ``released`` is the place of the clock at which it was let go. ``waited`` are the begins
    of calls that did not return before, ``stuck`` are calls that never did.
    """

    beginning: Moment
    steps: tuple[StepResult, ...]
    where: str
    made: tuple[Call, ...]
    calls: tuple[Call, ...]
    released: int
    waited: frozenset[int] = frozenset()
    stuck: tuple[Call, ...] = ()

    @property
    def held(self) -> Call:
        """The call that was held, which is the first."""
        return self.calls[0]

    @property
    def beside(self) -> tuple[Call, ...]:
        """The calls of others that were made while the first one was held."""
        return tuple(call for call in self.calls[1:] if call.begin < self.released)


NO_GATE: Final = "no call of the driver can be held inside"
"""Why calls are not held where several callers can meet all the same."""


class NotHeld(Exception):
    """The call returned before its place of this number."""


class NotReached(Exception):
    """A call that leads to the state deviates: other methods tell of it."""


def why_not_held(driver: Driver) -> str:
    """Why the calls of a driver cannot be held for another caller to meet; empty if they can be."""
    if not driver.profile.concurrency.single:
        return "the profile lists no call under [concurrency] single"
    if not driver.profile.can_observe("tree"):
        return "the profile does not show the tree"
    with opened_domain(driver) as domain:
        if not callable(getattr(domain, "attach", None)):
            return "the driver has no second caller"
        gates = ("hold_at", "held_at", "let_go")
        missing = [one for one in gates if not callable(getattr(domain, one, None))]
    return NO_GATE if missing else ""


class _Running:
    """A call in its thread."""

    def __init__(self, lockstep: Lockstep, caller: str, operation: Operation, clock: Iterator[int]) -> None:
        self.caller, self.operation, self.began = caller, operation, next(clock)
        self._answer: Answer | None = None
        self._ended: int | None = None
        self._raised: BaseException | None = None

        def make() -> None:
            try:
                self._answer = lockstep.ask_as_named(operation)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the call is waited for
                self._raised = error
            self._ended = next(clock)

        self._thread = Thread(target=make, name=f"snaptree {caller}", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it ended in time. Raises what ends the run, such as DriverUnavailable."""
        self._thread.join(seconds)
        if self._raised is not None:
            raise self._raised
        return not self._thread.is_alive()

    @property
    def call(self) -> Call:
        """The call as it is now."""
        return Call(self.caller, self.operation, self.began, self._ended, self._answer)


class Party:
    """A domain in a state, with two callers on it; ``close`` ends all."""

    def __init__(self, driver: Driver, place: Place) -> None:
        self._moment = MOMENT[pace_of(driver)]
        domain: Any = open_domain(driver)
        self._domain = domain
        self._clock = count()
        self._all: list[_Running] = []
        self._stuck: list[_Running] = []
        self._attached: Any = None
        self._others: list[Any] = []
        self.waited: set[int] = set()
        try:
            lockstep = Lockstep(self._domain, driver.profile, tally=Tally())
            steps = [lockstep.do(one, look=False) for one in place.preparation]
            if any(taken.differences for taken in steps):
                raise NotReached(place.preparation[len(steps) - 1].call)
            self.steps = tuple(steps)
            lockstep.look_once()
            self._names = lockstep.model.names
            self.beginning = Moment.known(lockstep.model, lockstep.identities, driver.profile)
            self._second = lockstep
            self._first = self._another()
            self._attached = self._others[0]
            self.held, self.where = self._hold(place)
        except BaseException:
            self.close()
            raise

    def _another(self) -> Lockstep:
        """One more caller, who knows what the first one knew."""
        domain: Any = self._domain
        self._others.append(domain.attach())
        other = Lockstep(self._others[-1], self.beginning.profile, tally=Tally())
        other.resume(self.beginning.domain, self.beginning.identities)
        return other

    @property
    def can_fail(self) -> bool:
        """Whether the call that is held can be made to fail."""
        return can_fail(self._attached)

    def _hold(self, place: Place) -> tuple[_Running, str]:
        self._attached.hold_at(place.number)
        held = self._make(self._first, HELD, place.held)
        give_up = monotonic() + LONGEST
        while (where := self._attached.held_at()) is None:
            if held.wait(0.0005):
                raise NotHeld
            if monotonic() > give_up:
                self._attached.let_go()
                raise NotHeld
        return held, str(where)

    def _make(self, lockstep: Lockstep, caller: str, operation: Operation) -> _Running:
        running = _Running(lockstep, caller, self._named(operation), self._clock)
        self._all.append(running)
        return running

    def _named(self, operation: Operation) -> Operation:
        """The operation with the driver's ids; an id that no snapshot has stays one."""
        asked = [getattr(operation, key, None) for key in SNAPSHOT_ARGUMENTS]
        known = self.beginning.identities
        return with_ids(operation, {one: known.driver_id(one, self._names) for one in asked if one})

    def look(self, looks: Sequence[Operation]) -> None:
        """Make each look while the first caller is held, those that wait beside each other."""
        moment = self._moment
        for number, operation in enumerate(looks):
            running = self._make(self._second, f"caller {number + 2}", operation)
            if not running.wait(moment):
                self.waited.add(running.began)
                moment = self._moment / 10
                # Who waits cannot make another call.
                self._second = self._another()

    def change(self, operation: Operation) -> bool:
        """Make a call that changes something; whether it was refused, and the first one is held still."""
        running = self._make(self._second, OTHER, operation)
        if not running.wait(self._moment):
            self.waited.add(running.began)
            return False
        return not isinstance(running.call.answer, Returned)

    def end(self, ending: Ending, looks: Sequence[Operation], afterwards: Operation) -> Meeting:
        """Let the first caller go, wait for every call, look, make one more change, and look again."""
        released = next(self._clock)
        if ending == "failed":
            self._attached.let_go(fail=True)
        else:
            if ending == "gave up":
                self._others.remove(self._attached)
                self._attached.close()
            self._attached.let_go()
        patient = True
        for running in self._all:
            if not running.wait(LONGEST if patient else 0.0):
                self._stuck.append(running)
                patient = False
        for operation in (*looks, Observe(), afterwards, Observe()):
            if not self._stuck:
                self._quiet(operation)
        ended = [running.call for running in self._all]
        made = (ended[0], *(call for call in ended[1:] if not is_unsupported(call)))
        # A call that fails leaves either state where it is storage that fails (DURABLE-2).
        unheard = ending == "gave up" or (ending == "failed" and isinstance(made[0].answer, Failed))
        calls = (replace(made[0], answer=None), *made[1:]) if unheard else made
        stuck = tuple(running.call for running in self._stuck)
        waited = frozenset(self.waited)
        return Meeting(self.beginning, self.steps, self.where, made, calls, released, waited, stuck)

    def _quiet(self, operation: Operation) -> None:
        """Make a call alone."""
        running = self._make(self._second, OTHER, operation)
        if not running.wait(LONGEST):
            self._stuck.append(running)

    def close(self) -> None:
        """Let everything go, and remove the domain."""
        if self._attached is not None:
            with suppress(Exception):
                self._attached.let_go()
        for running in self._all:
            with suppress(BaseException):
                running.wait(0.0 if self._stuck else LONGEST)
        for one in (*self._others, self._domain):
            with suppress(Exception):
                one.close()


def is_unsupported(call: Call) -> bool:
    """Whether the driver does not have the call, also when it is made alone: other methods tell of it."""
    return isinstance(call.answer, Declined) and call.answer.kind == "Unsupported"
