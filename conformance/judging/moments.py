"""A moment of a history: a state that the domain may be in, and what becomes of it by a call.

``step`` says what a call does; the comparison of the engine says whether its answer was right. A moment never
changes: each explanation of a call is a moment of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator
from hashlib import blake2b
from itertools import permutations, product
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned, in_kinds
from snaptree.conformance.engine.comparison import Comparison
from snaptree.conformance.engine.differences import Difference, of_domain
from snaptree.conformance.engine.documented import documented_refusal
from snaptree.conformance.engine.form import fault_of_form, fits_form
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.sequences.history import BUSY, Call, Observe
from snaptree.conformance.sequences.start import Start
from snaptree.spec.operations import SNAPSHOT_ARGUMENTS, Create, Operation, with_ids
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, Snapshot

_MOST_CASUALTIES: Final = 4
"""Casualties without an id whose order is tried; of more, the first."""


class Moment:
    """A domain, and the bijection between its snapshots and the ids that the hypervisor issued.

    A snapshot whose create has no answer has no id until a look shows one.
    """

    __slots__ = ("comparison", "domain", "identities")

    def __init__(self, domain: Domain, identities: Identities, comparison: Comparison) -> None:
        self.domain = domain
        self.identities = identities
        self.comparison = comparison

    @classmethod
    def first(cls, domain: Domain, profile: Profile, start: Start | None = None) -> Moment:
        """The moment before the first call."""
        identities = Identities(profile)
        if start is not None:
            for snapshot, issued in start.driver_ids.items():
                identities.issue(snapshot, issued, start.domain)
            for uuid, shown in start.uuids.items():
                identities.learned["uuid", uuid] = shown
        return cls(domain, identities, Comparison(profile, identities))

    @classmethod
    def known(cls, domain: Domain, identities: Identities, profile: Profile) -> Moment:
        """A moment whose state and ids are known, such as the end of calls that one caller made."""
        own = identities.copy()
        return cls(domain, own, Comparison(profile, own))

    @property
    def profile(self) -> Profile:
        """The profile that the history is judged by."""
        return self.comparison.profile

    def current_id(self) -> str | None:
        """The hypervisor's id of the current snapshot, None for base; empty if it has none yet."""
        current = self.domain.current
        return None if current is None else self.identities.to_driver.get(current, "")

    def nameless(self) -> list[Snapshot]:
        """The listed snapshots whose id is not known yet, in order of creation."""
        if len(self.identities.to_driver) >= self.domain.serial:
            return []
        return [one for one in self.domain.in_order() if one.id not in self.identities.to_driver]

    def with_domain(self, domain: Domain) -> Moment:
        """The same ids with another domain."""
        return self if domain is self.domain else Moment(domain, self.identities, self.comparison)

    def with_own_ids(self) -> Moment:
        """The same moment, whose ids may be changed without changing this one."""
        identities = self.identities.copy()
        return Moment(self.domain, identities, Comparison(self.profile, identities))

    def with_issued(self, bound: dict[str, str]) -> Moment:
        """The moment with the ids of more snapshots, by the model's; the same one if there are none."""
        if not bound:
            return self
        changed = self.with_own_ids()
        for snapshot, issued in bound.items():
            changed.identities.issue(snapshot, issued, self.domain)
        return changed


def explanations(moment: Moment, call: Call) -> Iterator[Moment]:
    """The moments after a call that takes effect here, if its answer is right here; none otherwise.

    A call without an answer has none here where it would be refused. Whether ``Busy`` or a failure was right
    depends on the other calls, not on the state.
    """
    answer = call.answer if call.is_answered else None
    if isinstance(answer, Failed) or (isinstance(answer, Declined) and answer.kind == BUSY):
        yield moment
        return
    for bound, operation in readings(moment, call):
        here, outcome = moment.with_issued(bound), step(moment.domain, operation, moment.profile)
        if answer is None:
            if isinstance(outcome, Accepted):
                yield _unanswered(here, operation, outcome)
            continue
        for shown in _shown(here, operation, outcome, answer):
            after, differences = _compared(here.with_issued(shown), operation, outcome, answer)
            if not differences:
                if isinstance(outcome, Accepted) and isinstance(answer, Returned):
                    after = after.with_domain(outcome.domain)
                yield after


def _unanswered(here: Moment, operation: Operation, outcome: Accepted) -> Moment:
    after = here.with_domain(outcome.domain)
    if isinstance(operation, Create) and here.profile.identity == "name":
        return after.with_issued({outcome.result: operation.name})
    return after


def faults(moment: Moment, call: Call) -> tuple[Difference, ...]:
    """What is wrong with the answer of a call that takes effect here, in the words of the engine."""
    for bound, operation in readings(moment, call):
        here, outcome = moment.with_issued(bound), step(moment.domain, operation, moment.profile)
        if call.answer is not None:
            differences = _compared(here, operation, outcome, call.answer)[1]
            if differences:
                return differences
    return ()


def readings(moment: Moment, call: Call) -> Iterator[tuple[dict[str, str], Operation]]:
    """The ways to read the ids that a call names: the ids that become known, and the model's operation.

    An id that no caller was given yet may be that of a snapshot whose create has no answer, or of none.
    """
    known = moment.identities.to_model
    named = {key: getattr(call.operation, key, None) for key in SNAPSHOT_ARGUMENTS}
    asked = [one for one in dict.fromkeys(named.values()) if one is not None]
    strange = [one for one in asked if one not in known]
    ids = {one: known.get(one, f"no snapshot: {one}") for one in asked}
    yield {}, with_ids(call.operation, ids)
    nameless = [one.id for one in moment.nameless()] if strange else []
    for chosen in product(nameless, repeat=len(strange)) if nameless else ():
        if len(set(chosen)) == len(chosen):
            read = ids | dict(zip(strange, chosen, strict=True))
            yield dict(zip(chosen, strange, strict=True)), with_ids(call.operation, read)


def _compared(
    here: Moment, operation: Operation, outcome: Outcome, answer: Answer
) -> tuple[Moment, tuple[Difference, ...]]:
    """The moment with what the answer taught, and how the answer differs from the outcome."""
    if isinstance(answer, Declined):
        outcome, answer = in_kinds(operation, here.domain, outcome, answer)
        if documented_refusal(operation, here.domain, outcome, answer, here.profile) is not None:
            return here, ()
    if isinstance(answer, Returned) and isinstance(outcome, Accepted):
        if isinstance(operation, Observe):
            return _observed(here, operation, answer.result)
        if operation.creates:
            here = here.with_own_ids()
            here.identities.note(operation)
    return here, tuple(here.comparison.of_answer(operation, here.domain, outcome, answer))


def _observed(here: Moment, operation: Operation, seen: Json) -> tuple[Moment, tuple[Difference, ...]]:
    if not fits_form(seen):
        fault = fault_of_form(seen)
        return here, (of_domain("form", "an observation (observation.schema.json)", fault),)
    after = here.with_own_ids()  # what the hypervisor generates is learned from what it shows
    return after, tuple(after.comparison.of_state(operation, after.domain, after.domain, seen))


def _shown(here: Moment, operation: Operation, outcome: Outcome, answer: Answer) -> Iterator[dict[str, str]]:
    """The ids that an answer may show for snapshots without one: by their place, casualties in any order."""
    nameless = {one.id for one in here.nameless()}
    if not nameless or operation.creates:
        yield {}
        return
    known = here.identities.to_model
    if isinstance(answer, Declined):
        lost = (
            ()
            if isinstance(outcome, Accepted) or outcome.casualties is None
            else outcome.casualties.snapshots
        )
        ours = [one for one in lost if one in nameless]
        theirs = [one for one in answer.casualties or () if one not in known and one != "active"]
        if len(theirs) != len(ours):
            yield {}
        for chosen in permutations(theirs[:_MOST_CASUALTIES], len(ours)) if len(theirs) == len(ours) else ():
            yield dict(zip(ours, chosen, strict=True))
        return
    wanted, seen = _in_places(here, operation, outcome, answer)
    bound = {
        ours: issued
        for ours, issued in zip(wanted, seen, strict=False)
        if isinstance(ours, str) and ours in nameless and isinstance(issued, str) and issued not in known
    }
    yield bound if len(set(bound.values())) == len(bound) and "" not in bound.values() else {}


def _in_places(
    here: Moment, operation: Operation, outcome: Outcome, answer: Answer
) -> tuple[list[Json], list[Json]]:
    """What a look should show and what it shows, as lists."""
    if not operation.reads_only or not isinstance(outcome, Accepted) or not isinstance(answer, Returned):
        return [], []
    wanted, seen = outcome.result, answer.result
    if isinstance(operation, Observe):
        shown = seen.get("snapshots", ()) if fits_form(seen) else ()
        return [one.id for one in here.domain.in_order()], [entry["id"] for entry in shown]
    return (wanted, seen) if isinstance(wanted, list) and isinstance(seen, list) else ([wanted], [seen])


class Fingerprints:
    """Short keys of moments: two moments have the same key only if no call can tell them apart.

    Snapshots count by the hypervisor's ids, so that two orders of calls that lead to one state have one key.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._kept: dict[int, tuple[Snapshot, int]] = {}

    def key(self, moment: Moment) -> bytes:
        """The key of a moment."""
        domain, names = moment.domain, moment.identities.to_driver
        kept, parts = self._kept, array("q")
        for snapshot in domain.in_order():
            known = kept.get(id(snapshot))
            if known is None:
                known = self._of_snapshot(snapshot, names)
            parts.append(known[1])
        rest = (
            names.get(domain.current or "", domain.current), domain.active, domain.base, domain.defined,
            domain.managed_save, domain.independent,
            frozenset((names.get(one, one), gone.point) for one, gone in domain.retired.items()),
        )  # fmt: skip
        parts.append(self._number(rest))
        return blake2b(parts.tobytes(), digest_size=16).digest()

    def _of_snapshot(self, snapshot: Snapshot, names: dict[str, str]) -> tuple[Snapshot, int]:
        born = f"s{snapshot.captured}"
        value = (
            names.get(snapshot.id, (snapshot.id,)), names.get(snapshot.parent or "", snapshot.parent),
            names.get(born, born), snapshot.name, snapshot.description, snapshot.point,
        )  # fmt: skip
        known = snapshot, self._number(value)
        if {snapshot.id, snapshot.parent or snapshot.id, born} <= names.keys():
            self._kept[id(snapshot)] = known
        return known

    def _number(self, value: Hashable) -> int:
        return self._numbers.setdefault(value, len(self._numbers))
