"""The one engine: model and driver take the same step, and everything is compared.

Every method feeds operations to a ``Lockstep``. It translates snapshot ids,
calls the driver, asks the model what is allowed, looks at everything that the
driver lets it see, and says what differs in the words of ``aspects``. It decides
nothing about where operations come from or what becomes of a deviation.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from snaptree.conformance.answers import Answer, Declined, Failed, Returned
from snaptree.conformance.aspects import conditions_of, relations_present
from snaptree.conformance.differences import Comparison, Difference
from snaptree.conformance.driver import DEFAULT_DISKS, DriverUnavailable, Json, NotObserved
from snaptree.conformance.identities import Identities
from snaptree.conformance.native import in_kinds
from snaptree.conformance.tally import Tally
from snaptree.spec.bindings.libvirt_calls import NativeCall, any_step
from snaptree.spec.operations import Operation, Revert
from snaptree.spec.outcomes import Accepted, Outcome, Refusal, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Snapshot, blank_domain

SNAPSHOT_ARGUMENTS: Final = ("snapshot", "parent")
"""The arguments of calls that are ids of snapshots, which the driver knows under its own."""


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


class Lockstep:
    """A model and a driver's domain that take every step together.

    After a difference the pair is ``broken``: drop it and open another. It is not
    where the answer alone was wrong, and the state before is the one seen after.
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
        self._comparison = Comparison(profile, self.identities)
        self.tally = Tally() if tally is None else tally
        self.broken = False
        self.watches = profile.can_observe("tree")

    def do(self, operation: Operation, *, look: bool = True) -> Taken:
        """Take one step on both sides and compare everything that can be seen.

        Without ``look`` the answers are compared only, and the step counts for no rule.
        """
        before = self.model
        outcome = any_step(before, operation, self.profile)
        uuid = getattr(operation, "uuid", None)
        if uuid is not None:
            # A uuid that was asked for is not learned from the driver: it is this one.
            self.identities.learned.setdefault(("uuid", uuid), uuid)
        started = perf_counter()
        answer = self._call(operation)
        if isinstance(operation, NativeCall):
            outcome, answer = in_kinds(operation, before, outcome, answer)
        observation: dict[str, Json] | None = None
        unseen: list[Difference] = []
        compared = look
        after = outcome.domain if isinstance(outcome, Accepted) else before
        if look and self.watches and after.defined:  # a domain that was removed cannot be looked at
            try:
                observation = self.domain.observe()
            except NotObserved:
                compared = False
            except DriverUnavailable:
                raise
            except (Exception, SystemExit) as error:
                if _is_full(error):
                    raise DriverUnavailable(f"the disk is full: observe failed with {error}") from error
                unseen = [_error("observe", error)]
            self.tally.calls += 1
        self.tally.driver_seconds += perf_counter() - started
        self.tally.calls += 1
        self.tally.steps += 1
        differences = [*self._comparison.of_answer(operation, before, outcome, answer)]
        said = len(differences)
        differences.extend(unseen)
        if isinstance(outcome, Accepted):
            self.model = outcome.domain
        if observation is not None:
            differences.extend(self._comparison.of_state(operation, before, self.model, observation))
        # What is lost comes before when it was captured: a deviation is known by its first difference.
        differences.sort(key=lambda difference: difference.part == "captured")
        if differences:
            # A wrong answer alone, after which both sides are where they were, breaks nothing.
            untouched = observation is not None and after is before and len(differences) == said
            hidden = self.profile.observes.get("disks") == "by-reverting" and not operation.reads_only
            self.broken = not untouched or hidden
        elif compared or isinstance(outcome, Refused):
            # A refusal is its answer; that it had no effect is seen wherever it is looked at.
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

    def finish(self, steps: list[Taken] | None = None) -> tuple[Difference, ...]:
        """What can only be seen at the end of a sequence.

        Points that can only be read by reverting are read now, and whole disks
        are compared by digest where the driver computes them: damage outside of
        the addressable blocks shows there. Each revert is a step like any other
        and is added to ``steps``: what differs after it is put down to it.
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
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is a finding
                differences.append(_error("digests", error))
            else:
                differences.extend(self._comparison.of_digests(self.model, seen))
            self.tally.driver_seconds += perf_counter() - started
            self.tally.calls += 1
        if self.profile.claims("revert"):
            for snapshot in [] if differences else self._read_by_reverting():
                taken = self.do(Revert(snapshot.id))
                if steps is not None:
                    steps.append(taken)
                if taken.differences:
                    differences.extend(taken.differences)
                    break
        self.broken = self.broken or bool(differences)
        return tuple(differences)

    def _read_by_reverting(self) -> list[Snapshot]:
        """The snapshots whose points show more when they are reverted to than at any time."""
        seen = self.profile.observes
        if seen.get("disks") == "by-reverting":
            return self.model.in_order()
        if seen.get("memory") == "by-reverting":
            return [one for one in self.model.in_order() if isinstance(one.point.memory, int)]
        return []

    def _call(self, operation: Operation) -> Answer:
        arguments = operation.arguments()
        for key in SNAPSHOT_ARGUMENTS:
            snapshot = arguments.get(key)
            if snapshot is not None:
                arguments[key] = self.identities.to_driver.get(snapshot, snapshot)
        if isinstance(operation, NativeCall):
            arguments = {"name": operation.call, "arguments": arguments}
            call = getattr(self.domain, "native_call", None)
        else:
            call = getattr(self.domain, operation.call, None)
        if call is None:
            return self._absent(operation)
        try:
            return Returned(call(**arguments))
        except DriverUnavailable:
            raise  # the host gave out: nothing that follows would say anything about the driver
        except Refusal as refusal:
            return Declined(refusal.kind, refusal.casualties, refusal.native, str(refusal))
        except (Exception, SystemExit) as error:
            if _is_full(error):
                raise DriverUnavailable(f"the disk is full: {operation.call} failed with {error}") from error
            return Failed(f"{type(error).__name__}: {error}"[:2000])

    def _absent(self, operation: Operation) -> Answer:
        if self.profile.claims(operation.call):
            return Failed(f"the profile claims {operation.call}, but the driver has no such call")
        return Declined("Unsupported", text="the driver does not have this call")


def _is_full(error: BaseException) -> bool:
    """Whether the host has no space left, as the system or a tool on it says."""
    full = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "errno", None) in full or any(os.strerror(one) in str(error) for one in full)


def _error(call: str, error: BaseException) -> Difference:
    return Difference(
        "outcome",
        "domain",
        "domain",
        ("an observation",),
        f"{call} failed with {type(error).__name__}: {error}",
    )
