"""The one engine: model and driver take the same step, and the engine compares everything.

Every method feeds operations to a ``Lockstep``. It translates snapshot ids, calls the driver, asks the
model what is allowed, observes the domain, and states the differences in the vocabulary of the rules. It
does not decide where operations come from, or what happens to a deviation.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final, NamedTuple

from snaptree.conformance.driver import (
    DEFAULT_DISKS,
    CallBarred,
    DigestsDisks,
    DriverUnavailable,
    Json,
    NotObserved,
    ProcessFault,
    error_text,
)
from snaptree.conformance.driver import Domain as DriverDomain
from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned, in_kinds
from snaptree.conformance.engine.comparison import Comparison
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.differences import SECOND_LOOK, Difference, of_domain, of_process
from snaptree.conformance.engine.documented import documented_refusal
from snaptree.conformance.engine.form import (
    are_digests,
    digest_fault,
    fault_of_form,
    fits_form,
    is_json,
    not_json,
)
from snaptree.conformance.engine.identities import Identities
from snaptree.schemas.wording import value
from snaptree.spec.domains.history import NO_HISTORY
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.table import classes_of
from snaptree.spec.observation import Observation
from snaptree.spec.operations import (
    Count,
    Current,
    ListSnapshots,
    Operation,
    Revert,
    Start,
    WriteBlocks,
)
from snaptree.spec.outcomes import Accepted, Outcome, Refusal, Refused
from snaptree.spec.profiles import DocumentedRefusal, Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, Snapshot, blank_domain
from snaptree.spec.vocabulary import Holdings, conditions_of, told_by


class StepResult(NamedTuple):
    """One step of both sides; ``sent`` are the arguments of the call, in the driver's ids.

    ``observation`` is None if there was none. What ``observe`` returned that is no observation is the one
    item of ``malformed``: the driver may have returned None. What is no JSON stands there as a text.
    """

    operation: Operation
    before: Domain
    outcome: Outcome
    answer: Answer
    observation: Observation | None
    differences: tuple[Difference, ...]
    sent: dict[str, Json]
    documented: DocumentedRefusal | None = None
    """The limit of the profile by which the driver refused what is accepted otherwise."""
    malformed: tuple[Json, ...] = ()

    @property
    def after(self) -> Domain:
        """The domain that the model expects after the step."""
        return self.outcome.domain if isinstance(self.outcome, Accepted) else self.before


class Sight(NamedTuple):
    """The result of an observation, if there was one.

    It is not ``complete`` if the driver could not observe at that moment. ``malformed`` holds what the driver
    returned that is no observation.
    """

    observation: Observation | None = None
    failures: tuple[Difference, ...] = ()
    complete: bool = True
    looks: int = 0
    malformed: tuple[Json, ...] = ()


class Lockstep:
    """A model and a driver's domain that take every step together.

    After a difference the pair is ``broken``: drop it and open another. It is not broken if only the answer
    was wrong, and the state did not change.
    """

    def __init__(
        self,
        domain: DriverDomain,
        profile: Profile,
        disks: Mapping[str, int] = DEFAULT_DISKS,
        *,
        persistent: bool = True,
        tally: Tally | None = None,
    ) -> None:
        self.domain = domain
        self.profile = profile
        self.model = blank_domain(disks, persistent=persistent)
        self.history = NO_HISTORY
        self.identities = Identities(profile)
        self._holdings = Holdings(self.identities.time_of)
        self._comparison = Comparison(profile, self.identities)
        self.tally = Tally() if tally is None else tally
        self.broken = False
        self.watches = profile.can_observe("tree")
        self._unseen = False
        self._begun = False
        self._end_unseen = False

    def begin_at(self, model: Domain, driver_ids: Mapping[str, str], uuids: Mapping[str, str]) -> None:
        """Begin with a tree instead of a fresh domain: the driver's ids and uuids by the model's."""
        self.model = model
        for snapshot, issued in driver_ids.items():
            self.identities.issue(snapshot, issued, model)
        for uuid, shown in uuids.items():
            self.identities.learned["uuid", uuid] = shown

    def resume(self, model: Domain, identities: Identities) -> None:
        """Go on with a domain that was opened again, from the state and with the ids of an earlier pair."""
        self.model = model
        self.identities = identities.copy()
        self._holdings = Holdings(self.identities.time_of)
        self._comparison = Comparison(self.profile, self.identities)

    def look_once(self) -> None:
        """Learn what the driver generates, and shows: uuids and times of capture."""
        sight = self._look() if self.watches else Sight()
        if sight.observation is not None:
            list(self._comparison.of_state(Count(), self.model, self.model, sight.observation))

    def ask(self, operation: Operation) -> Answer:
        """Make a call for its answer alone: nothing is compared, and the model stays where it is."""
        return self._ask(operation, self.identities.arguments_of(operation, self.model))

    def ask_as_named(self, operation: Operation) -> Answer:
        """The same for an operation that names snapshots by the driver's ids."""
        return self._ask(operation, operation.arguments())

    def do(self, operation: Operation, *, look: bool = True, twice: bool = False) -> StepResult:
        """Take one step on both sides and compare everything that can be seen.

        With ``look=False`` only the answers are compared, and no rule gains coverage. With ``twice`` the
        state is observed again, and has to look the same.
        """
        self._begun = True
        before = self.model
        self._end_unseen = before.defined
        outcome = step(before, operation, self.profile)
        self.identities.note(operation)
        sent = self.identities.arguments_of(operation, before)
        started = perf_counter()
        answer, named = self._ask(operation, sent), None
        if isinstance(answer, Declined):
            outcome, answer = in_kinds(operation, before, outcome, answer)
            named = documented_refusal(operation, before, outcome, answer, self.profile)
            if named is not None:
                outcome = Refused(frozenset({named.kind}))
        after = outcome.domain if isinstance(outcome, Accepted) else before
        # A domain that was removed, or whose process is gone, cannot be looked at.
        gone = not after.defined or (isinstance(answer, Failed) and answer.fault is not None)
        sight = self._look() if look and self.watches and not gone else Sight(complete=look)
        self.tally.add_step(perf_counter() - started, looks=sight.looks)
        situation = Situation(before, self.profile, self.history)
        self.model, self.history = after, self.history.after(before, operation, after)
        compare = self._comparison
        in_answer = [*compare.of_answer(operation, before, outcome, answer)]
        in_state = [*sight.failures]
        if sight.observation is not None:
            in_state += compare.of_state(operation, before, after, sight.observation)
            if twice:
                sight, in_state = self._look_twice(operation, before, sight, in_state)
        differences = in_answer + in_state
        if differences:
            # What is lost comes before when it was captured: a deviation is known by its first difference.
            differences.sort(key=lambda difference: difference.part == "captured")
            # A wrong answer alone, after which both sides are where they were, breaks nothing.
            unharmed = sight.observation is not None and after is before and not in_state
            self.broken = not unharmed or self._hides_content(operation)
        elif named is not None:
            self.tally.documented[operation.call, named.kind, named.condition] += 1
        elif sight.complete or isinstance(outcome, Refused):
            # A refusal is its answer; without a look it tells of nothing else.
            self._count(operation, situation, outcome, answer, looked=sight.observation is not None)
        return StepResult(
            operation,
            before,
            outcome,
            answer,
            sight.observation,
            tuple(differences),
            sent,
            documented=named,
            malformed=sight.malformed,
        )

    def finish(self, steps: list[StepResult] | None = None) -> tuple[Difference, ...]:
        """The differences that only show at the end of a sequence.

        Points that can only be read by a revert are read now, and whole disks are compared by digest if the
        driver computes them: that shows damage outside of the addressable blocks. A domain that ended in the
        last step is asked once more, since it cannot be looked at. Each revert, and that call, is a step
        like any other and is added to ``steps``; a difference after it belongs to it.
        """
        if self.broken or not self._begun:
            return ()
        if not self.model.defined:
            return self._ask_what_is_gone(steps)
        differences = [*self._look_at_last(), *self._compare_digests()]
        if self.profile.claims("revert") and not differences:
            for snapshot in self._read_by_reverting():
                try:
                    result = self.do(Revert(snapshot.id))
                except CallBarred:
                    break
                if steps is not None:
                    steps.append(result)
                if result.differences:
                    differences.extend(result.differences)
                    break
        self.broken = self.broken or bool(differences)
        return tuple(differences)

    def _ask_what_is_gone(self, steps: list[StepResult] | None) -> tuple[Difference, ...]:
        """Make one call on a domain that the last step ended: it would answer if it were still there."""
        asked = next((one for one in _ASKED_WHEN_GONE if self.profile.claims(one.call)), None)
        if not self._end_unseen or asked is None:
            return ()
        try:
            result = self.do(asked)
        except CallBarred:
            return ()
        if steps is not None:
            steps.append(result)
        return result.differences

    def _look_at_last(self) -> tuple[Difference, ...]:
        """Look again if nothing could be seen after the last step.

        A moment at which nothing can be seen is no deviation, a driver that went blind is one.
        """
        if not self._unseen:
            return ()
        sight = self._look()
        self.tally.add_call(0.0)
        if sight.observation is not None:
            return (*self._comparison.of_state(Count(), self.model, self.model, sight.observation),)
        return sight.failures or (
            of_domain(
                "visibility",
                "an observation when the sequence ends: the profile says tree = always",
                "observe() raised NotObserved after the last step, and again",
            ),
        )

    def _compare_digests(self) -> list[Difference]:
        if not isinstance(self.domain, DigestsDisks):
            return []
        started = perf_counter()
        try:
            seen = self.domain.digests()
        except NotObserved:
            seen = {}
        except _RAISED as error:
            return [_failure("digests", error)]
        finally:
            self.tally.add_call(perf_counter() - started)
        if not are_digests(seen):
            return [of_domain("form", "digests as texts, by snapshot id and disk", digest_fault(seen))]
        differences, compared, omitted = self._comparison.of_digests(self.model, seen)
        self.tally.add_digests(compared, omitted)
        return differences

    def _hides_content(self, operation: Operation) -> bool:
        """Whether the operation may have changed content that only a revert shows."""
        return self.profile.observes.get("disks") == "by-reverting" and not operation.reads_only

    def _count(
        self, operation: Operation, situation: Situation, outcome: Outcome, answer: Answer, *, looked: bool
    ) -> None:
        """Count a step without differences, with what it told of and its classes; a refusal by its kind."""
        before = situation.domain
        classes = classes_of(operation, situation)
        if classes is not None:
            accepted = isinstance(outcome, Accepted)
            self.tally.classes[operation.call, "accepted" if accepted else "refused", classes] += 1
        kind = answer.kind if isinstance(answer, Declined) else "accepted"
        conditions = conditions_of(before, operation, self.profile)
        told = told_by(before, operation, outcome, conditions, self._holdings, looked=looked)
        coverage, key = self.tally.coverage, (operation.call, kind, told, conditions)
        coverage[key] = coverage.get(key, 0) + 1

    def _read_by_reverting(self) -> list[Snapshot]:
        """The snapshots whose points show more after a revert than before."""
        seen = self.profile.observes
        if seen.get("disks") == "by-reverting":
            return self.model.in_order()
        if seen.get("memory") == "by-reverting":
            return [one for one in self.model.in_order() if isinstance(one.point.memory, int)]
        return []

    def _ask(self, operation: Operation, sent: dict[str, Json]) -> Answer:
        """Make the call, and return the driver's answer."""
        method, keywords = operation.request(sent)
        call: Callable[..., Json] | None = getattr(self.domain, method, None)
        if call is None:
            if isinstance(operation, WriteBlocks):
                return self._write_singly(operation)
            return self._absent(operation)
        try:
            result = call(**keywords)
        except Refusal as refusal:
            return _declined(refusal)
        except ProcessFault as fault:
            return Failed(str(fault)[:2000], fault.kind)
        except _RAISED as error:
            _end_if_the_host_gave_out(operation.call, error)
            return Failed(error_text(error))
        if not is_json(result):
            return Failed(not_json(result, f"the result of {operation.call}"))
        return Returned(result)

    def _write_singly(self, operation: WriteBlocks) -> Answer:
        """Make the single calls that it stands for, up to the first that does not return.

        Where the model refuses one of them, only that is made: a refusal has no effect.
        """
        singles = operation.single_writes()
        if not singles:
            return Declined("InvalidArgument", text="there is no block to write")
        refused = (one for one in singles if isinstance(step(self.model, one, self.profile), Refused))
        wrong = next(refused, None)
        answer: Answer = Returned(None)
        for one in singles if wrong is None else (wrong,):
            answer = self._ask(one, one.arguments())
            if not isinstance(answer, Returned) or answer.result is not None:
                break
        return answer

    def _look(self) -> Sight:
        """Observe the domain."""
        self._unseen = False
        try:
            seen = self.domain.observe()
        except NotObserved:
            self._unseen = True
            return Sight(complete=False, looks=1)
        except _RAISED as error:
            return Sight(failures=(_failure("observe", error),), looks=1)
        if fits_form(seen):
            return Sight(seen, looks=1)
        fault = of_domain("form", "an observation (observation.schema.json)", fault_of_form(seen))
        shown = seen if is_json(seen) else not_json(seen, "observe()")
        return Sight(failures=(fault,), looks=1, malformed=(shown,))

    def _look_twice(
        self, operation: Operation, before: Domain, first: Sight, told: list[Difference]
    ) -> tuple[Sight, list[Difference]]:
        """Observe again, and compare what both observations tell of the model: no more is claimed.

        Of two that differ, the one with something wrong is returned, with the difference between them.
        """
        assert first.observation is not None, "there was a first look"
        second = self._look()
        self.tally.add_call(0.0)
        if second.observation is None and not second.failures:
            return first, told  # not observed at this moment, which may happen
        again = [*second.failures]
        if second.observation is not None:
            seen = second.observation
            if "events" in first.observation:
                seen = {**seen, "events": first.observation["events"]}  # those of the call are told once
            again += self._comparison.of_state(operation, before, self.model, seen)
        if again == told:
            return first, told
        between = of_domain(SECOND_LOOK, f"what the first look showed: {_tells(told)}", _tells(again))
        return (second, [between]) if again else (first, [between])

    def _absent(self, operation: Operation) -> Answer:
        if self.profile.claims(operation.call):
            return Failed(f"the profile claims {operation.call}, but the driver has no such call")
        return Declined("Unsupported", text="the driver does not have this call")


_ASKED_WHEN_GONE: Final = (Count(), ListSnapshots(), Current(), Start())
"""Calls that tell whether a domain is still there; the first that the profile claims is made."""

_RAISED: Final = (Exception, SystemExit, GeneratorExit)
"""Whatever a driver raises is a finding; an interrupt is the user's."""


def _tells(differences: list[Difference]) -> str:
    """What a look told that is wrong, in words."""
    if not differences:
        return "all that is specified"
    first = differences[0]
    return f"{first.part} of {first.where}: {first.observed}, instead of {' or '.join(first.expected)}"


def _declined(refusal: Refusal) -> Answer:
    """The answer of a refusal, whose parts a driver may have made of anything."""
    kind, casualties, native = refusal.kind, refusal.casualties, refusal.native
    text = error_text(refusal).partition(": ")[2]
    if not isinstance(kind, str):
        return Failed(f"refused as {value(kind)}, which is no kind of refusal: {text}")
    if casualties is not None and not (
        isinstance(casualties, list) and all(isinstance(one, str) for one in casualties)
    ):
        return Failed(f"refused as {kind}, and its casualties are no list of ids: {text}")
    if native is not None and not (isinstance(native, dict) and is_json(native)):
        return Failed(f"refused as {kind}, and its native error is no object of JSON: {text}")
    return Declined(kind, casualties, native, text)


def _end_if_the_host_gave_out(call: str, error: BaseException) -> None:
    """Raise DriverUnavailable if the host gave out: later results would not be about the driver."""
    if isinstance(error, DriverUnavailable):
        raise error
    full = (errno.ENOSPC, errno.EDQUOT)
    text = error_text(error)
    if getattr(error, "errno", None) in full or any(os.strerror(one) in text for one in full):
        raise DriverUnavailable(f"the disk is full: {call} failed with {text}") from error


def _failure(call: str, error: BaseException) -> Difference:
    """The difference for a failed observation. Raises DriverUnavailable if the host gave out."""
    if isinstance(error, ProcessFault):
        return of_process(call, error.kind, ("an observation",), str(error)[:2000])
    _end_if_the_host_gave_out(call, error)
    return of_domain("outcome", "an observation", f"{call} failed with {error_text(error)}")
