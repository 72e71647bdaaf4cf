"""The one engine: model and driver take the same step, and everything is compared.

Every method feeds operations to a ``Lockstep``. It translates snapshot ids,
calls the driver, asks the model what is allowed, looks at everything that the
driver lets it see, and says what differs in the words of ``aspects``. It decides
nothing about where operations come from or what becomes of a deviation.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from snaptree.conformance.aspects import conditions_of, relation_of, relations_present, target_of
from snaptree.conformance.driver import DEFAULT_DISKS, DriverUnavailable, Json, NotObserved
from snaptree.conformance.observation import compare_state, digest
from snaptree.spec.operations import Operation, Revert
from snaptree.spec.outcomes import Accepted, Outcome, Refusal, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain


@dataclass(frozen=True, slots=True)
class Returned:
    """The driver accepted the call and returned this."""

    result: Json

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        return {"accepted": self.result}


@dataclass(frozen=True, slots=True)
class Declined:
    """The driver refused the call; casualties are driver ids and ``active``, or None."""

    kind: str
    casualties: list[str] | None = None
    native: Mapping[str, Json] | None = None
    text: str = ""

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        refused: dict[str, Json] = {"kind": self.kind, "text": self.text}
        if self.casualties is not None:
            refused["casualties"] = self.casualties
        if self.native is not None:
            refused["native"] = dict(self.native)
        return {"refused": refused}


@dataclass(frozen=True, slots=True)
class Failed:
    """The driver did neither: an exception that is no refusal, with its text."""

    error: str

    def to_json(self) -> dict[str, Json]:
        """The form in traces."""
        return {"error": self.error}


Answer = Returned | Declined | Failed


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the specification says.

    ``where`` names the snapshot by its name, or says ``active``, ``base`` or
    ``domain``; ``expected`` lists everything that is allowed.
    """

    part: str
    relation: str
    where: str
    expected: tuple[str, ...]
    observed: str


@dataclass(frozen=True, slots=True)
class Taken:
    """One step as it was taken by both sides."""

    operation: Operation
    before: Domain
    outcome: Outcome
    answer: Answer
    observation: dict[str, Json] | None
    differences: tuple[Difference, ...]

    @property
    def after(self) -> Domain:
        """The domain that the model expects after the step."""
        return self.outcome.domain if isinstance(self.outcome, Accepted) else self.before


class Identities:
    """The bijection between the model's snapshot ids and the driver's.

    Ids of snapshots that are gone stay known, so that a call on one of them
    reaches the driver as it would in life. What a driver generates, uuids and
    times of capture, is learned when it is first seen and has to stay.
    """

    def __init__(self, *, reusable: bool) -> None:
        self.to_driver: dict[str, str] = {}
        self.to_model: dict[str, str] = {}
        self.learned: dict[tuple[str, str], Json] = {}
        self.bearers: dict[str, str] = {}
        self._reusable = reusable

    def driver_id(self, snapshot: str) -> str:
        """What the driver calls a snapshot; an id that never was passes through."""
        return self.to_driver.get(snapshot, snapshot)

    def model_id(self, snapshot: Json) -> str:
        """What the model calls a snapshot of the driver's, marked if it knows none."""
        known = self.to_model.get(snapshot) if isinstance(snapshot, str) else None
        return known if known is not None else f"unknown:{snapshot}"

    def issue(self, snapshot: str, issued: Json, live: Domain) -> str | None:
        """Record a new snapshot's id; the reason, if the driver's id cannot be one."""
        if not isinstance(issued, str) or not issued:
            return f"{issued!r} is not a snapshot id"
        earlier = self.to_model.get(issued)
        if earlier is not None and (earlier in live.snapshots or not self._reusable):
            return f"the id {issued!r} was issued before"
        self.to_driver[snapshot] = issued
        self.to_model[issued] = snapshot
        return None


CoverageKey = tuple[str, str, int, frozenset[str]]


@dataclass
class Tally:
    """What was done and compared, over many domains.

    ``coverage`` counts the steps that were found equal by (call, outcome,
    relations present, conditions that held). ``driver_seconds`` is the time spent in driver calls,
    observations included; ``calls`` counts them.
    """

    coverage: Counter[CoverageKey] = field(default_factory=Counter)
    steps: int = 0
    calls: int = 0
    driver_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Count what another tally counted as well."""
        self.coverage.update(other.coverage)
        self.steps += other.steps
        self.calls += other.calls
        self.driver_seconds += other.driver_seconds

    def taken(self) -> Tally:
        """What was counted so far; this tally begins again at nothing."""
        so_far = Tally(self.coverage.copy(), self.steps, self.calls, self.driver_seconds)
        self.coverage.clear()
        self.steps = self.calls = 0
        self.driver_seconds = 0.0
        return so_far


class Lockstep:
    """A model and a driver's domain that take every step together.

    After a difference the pair is ``broken``: drop it and open another.
    """

    def __init__(
        self,
        domain: Any,
        profile: Profile,
        disks: Mapping[str, int] = DEFAULT_DISKS,
        *,
        persistent: bool = True,
        tally: Tally | None = None,
    ) -> None:
        self.domain = domain
        self.profile = profile
        self.model = blank_domain(disks, persistent=persistent)
        self.identities = Identities(reusable=profile.identity == "name")
        self.tally = Tally() if tally is None else tally
        self.broken = False
        self.watches = profile.can_observe("tree")

    def do(self, operation: Operation) -> Taken:
        """Take one step on both sides and compare everything that can be seen."""
        before = self.model
        outcome = step(before, operation, self.profile)
        uuid = getattr(operation, "uuid", None)
        if uuid is not None:
            # A uuid that was asked for is not learned from the driver: it is this one.
            self.identities.learned.setdefault(("uuid", uuid), uuid)
        started = perf_counter()
        answer = self._call(operation)
        observation: dict[str, Json] | None = None
        unseen: list[Difference] = []
        compared = True
        after = outcome.domain if isinstance(outcome, Accepted) else before
        if self.watches and after.defined:  # a domain that was removed cannot be looked at
            try:
                observation = self.domain.observe()
            except NotObserved:
                compared = False
            except DriverUnavailable:
                raise
            except Exception as error:
                if _is_full(error):
                    raise DriverUnavailable(f"the disk is full: observe failed with {error}") from error
                unseen = [_error("observe", error)]
            self.tally.calls += 1
        self.tally.driver_seconds += perf_counter() - started
        self.tally.calls += 1
        self.tally.steps += 1
        differences = [*self._outcome_differences(operation, before, outcome, answer), *unseen]
        if isinstance(outcome, Accepted):
            self.model = outcome.domain
        if observation is not None:
            differences.extend(self._state_differences(operation, before, observation))
        if differences:
            self.broken = True
        elif compared:
            kind = "accepted" if isinstance(outcome, Accepted) else answer.kind  # type: ignore[union-attr]
            # No difference means that a refusal was answered by a refusal: the answer has a kind.
            key = (
                operation.call,
                kind,
                relations_present(before, operation, outcome),
                conditions_of(before, operation, self.profile),
            )
            self.tally.coverage[key] += 1
        return Taken(operation, before, outcome, answer, observation, tuple(differences))

    def finish(self) -> tuple[Difference, ...]:
        """What can only be seen at the end of a sequence.

        Points that can only be read by reverting are read now, and whole disks
        are compared by digest where the driver computes them: damage outside of
        the addressable blocks shows there.
        """
        if self.broken or not self.model.defined:
            return ()
        differences: list[Difference] = []
        digests = getattr(self.domain, "digests", None)
        if digests is not None:
            started = perf_counter()
            try:
                seen = digests()
            except DriverUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a driver raises is a finding
                differences.append(_error("digests", error))
            else:
                differences.extend(self._digest_differences(seen))
            self.tally.driver_seconds += perf_counter() - started
            self.tally.calls += 1
        if self.profile.observes.get("disks") == "by-reverting":
            for snapshot in self.model.in_order():
                differences.extend(self.do(Revert(snapshot.id)).differences)
        self.broken = self.broken or bool(differences)
        return tuple(differences)

    # --- calling ------------------------------------------------------------

    def _call(self, operation: Operation) -> Answer:
        arguments = operation.arguments()
        snapshot = arguments.get("snapshot")
        if snapshot is not None:
            arguments["snapshot"] = self.identities.to_driver.get(snapshot, snapshot)
        call = getattr(self.domain, operation.call, None)
        if call is None:
            return self._absent(operation)
        try:
            return Returned(call(**arguments))
        except DriverUnavailable:
            raise  # the host gave out: nothing that follows would say anything about the driver
        except Refusal as refusal:
            return Declined(refusal.kind, refusal.casualties, refusal.native, str(refusal))
        except Exception as error:
            if _is_full(error):
                raise DriverUnavailable(f"the disk is full: {operation.call} failed with {error}") from error
            return Failed(f"{type(error).__name__}: {error}"[:2000])

    def _absent(self, operation: Operation) -> Answer:
        if self.profile.claims(operation.call):
            return Failed(f"the profile claims {operation.call}, but the driver has no such call")
        return Declined("Unsupported", text="the driver does not have this call")

    # --- comparing ----------------------------------------------------------

    def _outcome_differences(
        self, operation: Operation, before: Domain, outcome: Outcome, answer: Answer
    ) -> Iterator[Difference]:
        if isinstance(outcome, Accepted):
            if isinstance(answer, Returned):
                yield from self._result_differences(operation, before, outcome, answer.result)
                return
            expected: tuple[str, ...] = ("accepted",)
        else:
            if isinstance(answer, Declined) and answer.kind in outcome.kinds:
                yield from self._casualty_differences(before, outcome, answer)
                return
            expected = tuple(f"refused as {kind}" for kind in sorted(outcome.kinds))
        relation = "target" if target_of(operation) is not None else "domain"
        yield Difference("outcome", relation, _target_name(before, operation), expected, said(answer))

    def _result_differences(
        self, operation: Operation, before: Domain, outcome: Accepted, result: Json
    ) -> Iterator[Difference]:
        wanted: Json = outcome.result
        if operation.op == "create":
            problem = self.identities.issue(outcome.result, result, before)
            if problem is not None:
                name = outcome.domain.snapshots[outcome.result].name
                yield Difference("id", "new", name, ("a new opaque string",), problem)
            return
        if wanted is None and operation.op != "parent" and operation.op != "current":
            return  # nothing is promised about what these calls return
        seen = self._in_model_ids(result)
        if seen != wanted:
            same_members = isinstance(seen, list) and sorted(map(str, seen)) == sorted(map(str, wanted))
            part = "order" if same_members else "result"
            relation = "target" if target_of(operation) is not None else "domain"
            expected = _named(outcome.domain, wanted)
            yield Difference(
                part, relation, _target_name(before, operation), (expected,), _named(outcome.domain, seen)
            )

    def _casualty_differences(
        self, before: Domain, outcome: Refused, answer: Declined
    ) -> Iterator[Difference]:
        if answer.kind != "WouldDiscard" or not self.profile.can_observe("casualties"):
            return
        if answer.casualties is None:
            yield Difference("casualties", "target", "domain", ("a list of casualties",), "none were named")
            return
        assert outcome.casualties is not None, "the model always names them"
        wanted = outcome.casualties.to_json()
        seen = [one if one == "active" else self.identities.model_id(one) for one in answer.casualties]
        if sorted(seen) != sorted(wanted):
            yield Difference(
                "casualties", "target", "domain", (_named(before, wanted),), _named(before, seen)
            )

    def _state_differences(
        self, operation: Operation, before: Domain, observation: dict[str, Json]
    ) -> Iterator[Difference]:
        for found in compare_state(self.model, observation, self.profile, self.identities):
            snapshot = found.snapshot
            if snapshot in ("active", "base", "domain"):
                relation, where = snapshot, snapshot
            else:
                relation = relation_of(before, target_of(operation), snapshot)
                where = _named(self.model if snapshot in self.model.snapshots else before, snapshot)
            expected, observed = found.expected, found.observed
            if found.part in ("parent", "current"):
                expected, observed = _tree_name(self.model, expected), _tree_name(self.model, observed)
            yield Difference(found.part, relation, where, (expected,), observed)

    def _digest_differences(self, seen: dict[str, dict[str, str]]) -> Iterator[Difference]:
        points = {"active": self.model.active, "base": self.model.base}
        points |= {snapshot.id: snapshot.point for snapshot in self.model.in_order()}
        for where, point in points.items():
            shown = seen.get(self.identities.driver_id(where))
            if shown is None:
                continue  # the driver does not digest this one
            for name, disk in point.disks.items():
                if shown.get(name) != digest(disk):
                    relation = where if where in ("active", "base") else "other"
                    yield Difference(
                        "content",
                        relation,
                        _named(self.model, where),
                        (f"{name}: the digest of the whole disk",),
                        f"{name}: another digest, with every addressable block right",
                    )

    def _in_model_ids(self, result: Json) -> Json:
        if isinstance(result, list):
            return [self.identities.model_id(one) for one in result]
        if isinstance(result, str):
            return self.identities.model_id(result)
        return result


def _is_full(error: Exception) -> bool:
    """Whether the host has no space left, as the system or a tool on it says."""
    full = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "errno", None) in full or any(os.strerror(one) in str(error) for one in full)


def said(answer: Answer) -> str:
    """An answer in words, for a report."""
    if isinstance(answer, Returned):
        return "accepted"
    if isinstance(answer, Failed):
        return f"failed with {answer.error}"
    return f"refused as {answer.kind}" + (f" ({answer.text})" if answer.text else "")


def _error(call: str, error: Exception) -> Difference:
    return Difference(
        "outcome",
        "domain",
        "domain",
        ("an observation",),
        f"{call} failed with {type(error).__name__}: {error}",
    )


def _target_name(before: Domain, operation: Operation) -> str:
    target = target_of(operation)
    return "domain" if target is None else _named(before, target)


def _tree_name(domain: Domain, value: str) -> str:
    return "base" if value == "None" else _named(domain, value)


def _named(domain: Domain, value: Json) -> str:
    """Ids as the names that people gave them, in words."""
    if isinstance(value, list):
        return "[" + ", ".join(_named(domain, one) for one in value) + "]"
    if isinstance(value, str) and value in domain.snapshots:
        return domain.snapshots[value].name
    return "none" if value is None else str(value)
