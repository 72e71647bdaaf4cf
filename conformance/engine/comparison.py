"""Compares answers, states and digests of a driver with those of the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned, answer_text
from snaptree.conformance.engine.differences import (
    Difference,
    Viewpoint,
    in_names,
    in_words,
    of_domain,
    of_process,
    of_target,
)
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.engine.state_comparison import StateComparison, digest
from snaptree.schemas.wording import value
from snaptree.spec.observation import Observation
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

_NO_SNAPSHOT: Final = ("active", "base")


class Comparison:
    """Compares a driver's domain with its model under a profile; ``identities`` maps their snapshots."""

    def __init__(self, profile: Profile, identities: Identities) -> None:
        self.profile = profile
        self.identities = identities
        self._states = StateComparison(profile, identities)

    def of_answer(
        self, operation: Operation, before: Domain, outcome: Outcome, answer: Answer
    ) -> Iterator[Difference]:
        """The differences in the answer; also records the id of a new snapshot."""
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
        if isinstance(answer, Failed) and answer.fault is not None:
            yield of_process(operation.call, answer.fault, expected, answer.error)
        else:
            yield of_target("outcome", before, operation, expected, answer_text(answer))

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
        if wanted is None and not operation.reads_only:
            if not operation.is_void(result):
                yield of_domain("form", "null: the call has no result", value(result))
            return
        seen = self._in_model_ids(result)
        if not operation.agrees(wanted, seen, before):
            same_members = isinstance(seen, list) and sorted(map(str, seen)) == sorted(map(str, wanted))
            part = "order" if same_members else "result"
            expected, observed = in_words(outcome.domain, wanted), in_words(outcome.domain, seen)
            yield of_target(part, before, operation, (expected,), observed)

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
            expected = in_words(before, outcome.casualties.to_json())
            yield Difference("casualties", "target", "domain", (expected,), in_words(before, seen))

    def of_state(
        self, operation: Operation, before: Domain, after: Domain, seen: Observation
    ) -> Iterator[Difference]:
        """The differences between an observation and the model after the operation."""
        if operation.shows_nothing(after, seen):
            yield of_domain(
                "existence", "a transient domain that is on, or none", "it is off, and still there"
            )
        if not self._states.met_by(seen, after):
            yield from self._states.differences(Viewpoint(operation, before, after), seen)
        if "events" in seen:
            wrong = operation.wrong_event(before, after, seen["events"])
            if wrong is not None:
                yield of_domain("events", *wrong)

    def of_digests(self, model: Domain, seen: dict[str, dict[str, str]]) -> tuple[list[Difference], int, int]:
        """The disks whose digest differs from the model; how many disks were compared, and were left out."""
        points = {"active": model.active, "base": model.base}
        points |= {snapshot.id: snapshot.point for snapshot in model.in_order()}
        differences: list[Difference] = []
        compared = omitted = 0
        keys = {
            where: where if where in _NO_SNAPSHOT else self.identities.driver_id(where) for where in points
        }
        # Where the name is the identity, a snapshot may be called "active"; its digest and that of the
        # active state cannot be told apart, so neither is compared.
        shared = {key for key, times in Counter(keys.values()).items() if times > 1}
        for where, point in points.items():
            shown = {} if keys[where] in shared else seen.get(keys[where], {})
            for name, disk in point.disks.items():
                if name not in shown:
                    omitted += 1
                    continue
                compared += 1
                if shown[name] != digest(disk):
                    differences.append(
                        Difference(
                            "content",
                            where if where in _NO_SNAPSHOT else "other",
                            in_names(model, where),
                            (f"{name}: the digest of the whole disk",),
                            f"{name}: another digest, with every addressable block right",
                        )
                    )
        return differences, compared, omitted

    def _in_model_ids(self, result: Json) -> Json:
        if isinstance(result, list):
            return [self.identities.model_id(one) for one in result]
        if isinstance(result, str):
            return self.identities.model_id(result)
        return result
