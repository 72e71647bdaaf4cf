"""A scene: a call in a state, both sides of it, and what a domain that was opened again may look like.

Two states are allowed after a kill inside a call, the one before it and the one after it; where the profile
claims ``prefix``, also those after some of its removals. A state that looks right is not yet sound: a write
to every disk and the interrupted call again have to do what the specification says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from snaptree.conformance.driver import Domain as DriverDomain
from snaptree.conformance.driver import DriverUnavailable, NotObserved, Observation, error_text
from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.engine.comparison import Comparison
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.engine.form import fault_of_form, fits_form
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.spec.operations import Count, Operation, WriteDisk
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

BEFORE: Final = "before"
AFTER: Final = "after"

PLACE: Final = 3
"""The block that is written on every disk after a recovery."""

MOST: Final = 4
"""Differences from an allowed state that are told."""


@dataclass(frozen=True)
class Scene:
    """An accepted call in a state: ``steps`` lead there.

    ``known`` are the ids that a caller has before the call, ``identities`` those after it.
    """

    operation: Operation
    before: Domain
    after: Domain
    known: Identities
    identities: Identities
    profile: Profile
    steps: tuple[StepResult, ...]

    @property
    def claim(self) -> str:
        """What the profile claims of a crash inside the call: atomic, prefix or nothing."""
        return self.profile.atomicity.get(self.operation.call, "nothing")

    def ids_in(self, model: Domain, seen: Observation) -> Identities:
        """The ids under which a state is compared: a new snapshot has the one id that is not known."""
        new = [one for one in model.snapshots if one not in self.before.snapshots]
        if not new or self.identities.to_driver[new[0]] in {
            entry["id"] for entry in seen.get("snapshots", ())
        }:
            return self.identities.copy()
        ids = self.known.copy()
        shown = [entry["id"] for entry in seen.get("snapshots", ()) if entry["id"] not in ids.to_model]
        for snapshot, issued in zip(new, shown, strict=False):
            ids.issue(snapshot, issued, self.before)
        return ids

    def allowed(self, *, finished: bool) -> dict[str, Domain]:
        """The states that may be there, by name; only the one after it where the call returned."""
        if finished:
            return {AFTER: self.after}
        states = {BEFORE: self.before, AFTER: self.after}
        if self.claim == "prefix":
            states |= {f"part {n}": one for n, one in enumerate(_parts(self.before, self.after), 1)}
        return states


def _parts(before: Domain, after: Domain) -> Iterator[Domain]:
    """The domain without some of what the call removes, descendants first."""
    gone = [one.id for one in before.in_order() if one.id not in after.snapshots]
    now = before
    for snapshot in reversed(gone[1:]):
        if any(one.parent == snapshot for one in now.snapshots.values()):
            return
        current = now.snapshots[snapshot].parent if now.current == snapshot else now.current
        now = replace(now, snapshots=now.snapshots.remove(snapshot), current=current)
        yield now


@dataclass(frozen=True)
class Sight:
    """What a domain looked like: the allowed states that it equals, or what is wrong with it."""

    states: tuple[str, ...] = ()
    wrong: str = ""
    observation: Observation | None = None
    identities: Identities | None = None
    against: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """How it differs from each state that is allowed, in words."""


def look(domain: DriverDomain, scene: Scene, allowed: Mapping[str, Domain]) -> Sight:
    """Compare a domain with every state that is allowed. Raises DriverUnavailable."""
    try:
        seen = domain.observe()
    except (DriverUnavailable, NotObserved):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is a finding
        return Sight(wrong=f"cannot be looked at: observe failed with {error_text(error)}")
    if not fits_form(seen):
        return Sight(wrong=f"shown in no form: {fault_of_form(seen)}")
    differing: dict[str, list[Difference]] = {}
    for name, model in allowed.items():
        comparison = Comparison(scene.profile, scene.ids_in(model, seen))
        differing[name] = list(comparison.of_state(Count(), model, model, seen))
    equal = tuple(name for name, found in differing.items() if not found)
    if equal:
        return Sight(equal, "", seen, scene.ids_in(allowed[equal[0]], seen))
    told = "; ".join(
        f"{_against(name, found)}" for name, found in differing.items() if name in (BEFORE, AFTER)
    )
    word = "neither state" if len(allowed) > 1 else "another state"
    against = {name: tuple(_difference(one) for one in found[:MOST]) for name, found in differing.items()}
    return Sight((), f"{word}: {told}", seen, against=against)


def _against(name: str, differences: Sequence[Difference]) -> str:
    return f"the state {name} has {_difference(differences[0])}"


def _difference(one: Difference) -> str:
    return f"{one.where} {one.part} {one.expected[0]}, seen {one.observed}"


def go_on(domain: DriverDomain, scene: Scene, sight: Sight) -> str:
    """Go on from the state that was seen; what went wrong, empty for nothing.

    Every disk is written, everything looked at, and the call made again.
    """
    lockstep = Lockstep(domain, scene.profile, tally=Tally())
    name = sight.states[0]
    state = scene.allowed(finished=False)[name]
    # The caller of a call that was killed has no id of what it would have made.
    lockstep.resume(state, scene.known if name == BEFORE else sight.identities or scene.identities)
    for operation in (*_writes(state, scene.profile), scene.operation):
        taken = lockstep.do(operation)
        wrong = [one for one in taken.differences if not _refused_in_other_words(taken, one)]
        if wrong:
            first = wrong[0]
            again = "the same call again" if operation is scene.operation else "a write"
            where = f"{first.where} {first.part}"
            return f"broken by {again}: {where} is to be {first.expected[0]}, {first.observed}"
    return ""


def _refused_in_other_words(taken: StepResult, difference: Difference) -> bool:
    """Whether a call is only declined for another reason than asked for: no damage, and judged elsewhere."""
    refused = not isinstance(taken.outcome, Accepted) and not isinstance(taken.answer, Returned)
    return refused and difference.part == "outcome"


def _writes(state: Domain, profile: Profile) -> Iterator[Operation]:
    """A write to every disk, of a value that it does not hold."""
    for disk, held in sorted(state.active.disks.items()):
        value = held.blocks.get(PLACE, 0)
        operation = WriteDisk(disk, PLACE, 1 + (value + 100) % 255)
        if profile.claims("write_disk") and isinstance(step(state, operation, profile), Accepted):
            yield operation
