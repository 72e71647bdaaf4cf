"""What is not as the specification says: answers, states and digests beside those of the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from snaptree.conformance.answers import Answer, Declined, Returned, said
from snaptree.conformance.aspects import relation_of, target_of
from snaptree.conformance.driver import Json
from snaptree.conformance.identities import Identities
from snaptree.conformance.observation import compare_state, digest
from snaptree.spec.bindings.libvirt_calls import NativeCall
from snaptree.spec.bindings.libvirt_events import told, wrong_reasons
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


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
class Comparison:
    """Compares a driver's domain with the model of it, under a profile; ``identities`` say which is which."""

    profile: Profile
    identities: Identities

    def of_answer(
        self, operation: Operation, before: Domain, outcome: Outcome, answer: Answer
    ) -> Iterator[Difference]:
        """What differs in the answer; the id of a new snapshot is issued by the way."""
        if isinstance(outcome, Accepted):
            if isinstance(answer, Returned):
                yield from self._of_result(operation, before, outcome, answer.result)
                return
            expected: tuple[str, ...] = ("accepted",)
        else:
            if isinstance(answer, Declined) and answer.kind in outcome.kinds:
                yield from self._of_casualties(before, outcome, answer)
                return
            expected = tuple(f"refused as {kind}" for kind in sorted(outcome.kinds))
        relation = "target" if target_of(operation) is not None else "domain"
        yield Difference("outcome", relation, _target_name(before, operation), expected, said(answer))

    def _of_result(
        self, operation: Operation, before: Domain, outcome: Accepted, result: Json
    ) -> Iterator[Difference]:
        wanted: Json = outcome.result
        if operation.creates:
            problem = self.identities.issue(outcome.result, result, before)
            if problem is not None:
                name = outcome.domain.snapshots[outcome.result].name
                yield Difference("id", "new", name, ("a new opaque string",), problem)
            return
        if wanted is None and operation.op != "parent" and operation.op != "current":
            return  # nothing is promised about what these calls return
        seen = self._in_model_ids(result)
        agrees = seen == wanted
        if isinstance(operation, NativeCall):
            agrees = operation.agrees(wanted, seen, before)
        if not agrees:
            same_members = isinstance(seen, list) and sorted(map(str, seen)) == sorted(map(str, wanted))
            part = "order" if same_members else "result"
            relation = "target" if target_of(operation) is not None else "domain"
            expected = _named(outcome.domain, wanted)
            yield Difference(
                part, relation, _target_name(before, operation), (expected,), _named(outcome.domain, seen)
            )

    def _of_casualties(self, before: Domain, outcome: Refused, answer: Declined) -> Iterator[Difference]:
        if (
            answer.kind != "WouldDiscard"
            or outcome.casualties is None
            or not self.profile.can_observe("casualties")
        ):
            return
        if answer.casualties is None:
            yield Difference("casualties", "target", "domain", ("a list of casualties",), "none were named")
            return
        # In the driver's ids: one of them may be "active" as well, where the name is the identity.
        wanted = [self.identities.driver_id(one) for one in outcome.casualties.snapshots]
        wanted += ["active"] if outcome.casualties.active else []
        if sorted(map(str, answer.casualties)) != sorted(wanted):
            seen = [one if one == "active" else self.identities.model_id(one) for one in answer.casualties]
            expected = _named(before, outcome.casualties.to_json())
            yield Difference("casualties", "target", "domain", (expected,), _named(before, seen))

    def of_state(
        self, operation: Operation, before: Domain, after: Domain, observation: dict[str, Json]
    ) -> Iterator[Difference]:
        """What an observation shows otherwise than the model has it after the operation."""
        if isinstance(operation, NativeCall) and _is_ghost(after, observation):
            allowed = "a transient domain that is on, or none"
            yield Difference("existence", "domain", "domain", (allowed,), "it is off, and still there")
        for found in compare_state(after, observation, self.profile, self.identities):
            snapshot = found.snapshot
            if snapshot in ("active", "base", "domain"):
                relation, where = snapshot, snapshot
            else:
                relation = relation_of(before, target_of(operation), snapshot)
                where = _named(after if snapshot in after.snapshots else before, snapshot)
            expected, observed = found.expected, found.observed
            if found.part in ("parent", "current"):
                expected, observed = _tree_name(after, expected), _tree_name(after, observed)
            yield Difference(found.part, relation, where, (expected,), observed)
        if isinstance(operation, NativeCall) and "events" in observation:
            yield from self._of_events(operation, before, after, observation["events"])

    def _of_events(
        self, operation: NativeCall, before: Domain, after: Domain, seen: Json
    ) -> Iterator[Difference]:
        events = [(int(event), int(detail)) for event, detail in seen]
        power, wanted = told(events, before.active.power), after.active.power
        if power != wanted:
            tell = f"events that tell of a domain that is {wanted}"
            yield Difference("events", "domain", "domain", (tell,), f"the domain is {power}: {events}")
        else:
            wrong = wrong_reasons(operation, before, events)
            if wrong is not None:
                yield Difference("events", "domain", "domain", (wrong[0],), wrong[1])

    def of_digests(self, model: Domain, seen: dict[str, dict[str, str]]) -> Iterator[Difference]:
        """Which whole disks have another digest than in the model."""
        points = {"active": model.active, "base": model.base}
        points |= {snapshot.id: snapshot.point for snapshot in model.in_order()}
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
                        _named(model, where),
                        (f"{name}: the digest of the whole disk",),
                        f"{name}: another digest, with every addressable block right",
                    )

    def _in_model_ids(self, result: Json) -> Json:
        if isinstance(result, list):
            return [self.identities.model_id(one) for one in result]
        if isinstance(result, str):
            return self.identities.model_id(result)
        return result


def _is_ghost(after: Domain, observation: dict[str, Json]) -> bool:
    """Whether a domain without a definition is shown as off: it would be nothing at all."""
    shown = observation.get("active")
    return not after.persistent and isinstance(shown, dict) and shown.get("power") == "off"


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
