"""places: every call on a snapshot, at every place of a chain, a fan and a comb of many snapshots.

A fault that depends on a depth, on the number among siblings or on the place in the list is met only by a
call on a snapshot at that place. The method ``long`` goes to both ends and to the middle; this one goes
everywhere, on a fast driver. A tree is built with a comparison of answers alone. Calls that leave the tree as
it is are made on each snapshot in turn. What removes a snapshot is made from the last one to the first; after
a merge or a retirement another one is created, so that the tree keeps its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import CallBarred, Driver
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.sampled import runs_on_fresh_domain
from snaptree.conformance.methods.selecting import PREPARES, concerns
from snaptree.conformance.methods.trees import BUILT, SIZES, Building, shapes_of, size_of
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

ASKED: Final = "asked"
"""The calls after which every snapshot is where it was."""


@dataclass(frozen=True)
class Places:
    """One kind of call at every place of one tree of ``size`` snapshots."""

    part: str
    shape: str
    kind: str
    size: int


@dataclass(frozen=True)
class Walk:
    """Operations; the state is compared after those behind the first ``built`` that are about a place."""

    operations: tuple[Operation, ...]
    built: int


def _on_each(building: Building, snapshot: str) -> None:
    name = building.domain.snapshots[snapshot].name
    # The revert comes first: it would take away what a look-up did to the active state.
    building.do(
        ops.Revert(snapshot), ops.LookupById(snapshot), ops.LookupByName(name), ops.Parent(snapshot),
        ops.Children(snapshot), ops.Describe(snapshot, f"at {name}"), ops.Rename(snapshot, f"{name}-renamed"),
    )  # fmt: skip


def _merged(building: Building, snapshot: str) -> None:
    building.do(ops.Revert(snapshot), ops.MergeIntoChildren(snapshot))
    building.create()


def _merged_down(building: Building, snapshot: str) -> None:
    building.do(ops.Revert(snapshot), ops.MergeIntoParent(snapshot))


def _merged_down_by_force(building: Building, snapshot: str) -> None:
    parent = building.domain.snapshots[snapshot].parent
    _revert_to_parent(building, snapshot)
    building.do(ops.MergeIntoParentForced(snapshot))
    if parent is not None:
        building.do(ops.Revert(parent))


def _discarded(building: Building, snapshot: str) -> None:
    _revert_to_parent(building, snapshot)
    building.do(ops.Discard(snapshot))


def _forced(building: Building, snapshot: str) -> None:
    building.do(ops.Revert(snapshot), ops.DiscardForced(snapshot))


def _subtree(building: Building, snapshot: str) -> None:
    building.do(ops.Revert(snapshot), ops.RemoveSubtree(snapshot))


def _retired(building: Building, snapshot: str) -> None:
    building.do(ops.Revert(snapshot), ops.Retire(snapshot), ops.Reclaim(snapshot))
    building.create()


def _revert_to_parent(building: Building, snapshot: str) -> None:
    parent = building.domain.snapshots[snapshot].parent
    if parent is not None:
        building.do(ops.Revert(parent))


KINDS: Final[dict[str, Callable[[Building, str], None]]] = {
    ASKED: _on_each,
    "merge_into_children": _merged,
    "merge_into_parent": _merged_down,
    "merge_into_parent_forced": _merged_down_by_force,
    "discard": _discarded,
    "discard_forced": _forced,
    "remove_subtree": _subtree,
    "retire": _retired,
}
"""What is done at each place, by the call that it is about."""


REFILLED: Final = ("discard", "discard_forced", "remove_subtree")
"""What leaves room for another snapshot in a fan; in the other trees it would stand in the way."""

WIPES_OUT: Final = ("fan", "merge_into_parent_forced")
"""What leaves nothing of its tree, so that each place needs a tree of its own."""


@cache
def walks_over(shape: str, kind: str, size: int, profile: Profile) -> tuple[Walk, ...]:
    """The operations on one tree, or on many; those that the profile does not claim are left out."""
    if (shape, kind) != WIPES_OUT:
        return (_walk_over(shape, kind, size, profile),)
    return tuple(_walk_over(shape, kind, number, profile, last=1) for number in range(2, size + 1))


def _walk_over(shape: str, kind: str, size: int, profile: Profile, last: int | None = None) -> Walk:
    building = Building(profile)
    made = BUILT[shape](building, size)
    built = len(building.operations)
    for snapshot in made if kind == ASKED else [*reversed(made)][:last]:
        if snapshot in building.domain.snapshots:
            KINDS[kind](building, snapshot)
            if shape == "fan" and kind in REFILLED:
                building.create()
    building.create()  # what a call at a place spoils in the next create shows at the end
    return Walk(tuple(building.operations), built)


class EveryPlace(Method[Places]):
    """Every place of large trees, where a call costs nothing."""

    name: ClassVar[str] = "places"
    noun: ClassVar[str] = "walk"

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One part, unless the bounds ask for small things or the driver is not fast."""
        total = len(_walks(profile, bounds))
        if not total:
            return ()
        size = _size("chain", profile, bounds)
        return (Part(self.name, f"each call at each place of trees of {size} snapshots", total),)

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Places]:
        """A unit for each tree and kind of call."""
        for shape, kind in _walks(profile, bounds):
            yield Places(self.name, shape, kind, _size(shape, profile, bounds))

    def perform(self, driver: Driver, unit: Places, ledger: Ledger) -> Iterator[Run]:
        """Build the tree, and go over it. A run that deviates is made again with every step watched."""
        if ledger.expired():
            return
        for walk in walks_over(unit.shape, unit.kind, unit.size, driver.profile):
            try:
                run = next(_played(driver, walk, ledger), None)
            except CallBarred:
                ledger.counts.missed += 1
                return
            if run is not None:
                ledger.counts.deviated += 1
                again = run_sequence(driver, walk.operations, tally=ledger.tally)
                yield again if again.differences else run
                return
        ledger.counts.covered += 1


def _played(driver: Driver, walk: Walk, ledger: Ledger) -> Iterator[Run]:
    """The walk up to its first difference, with a look after each call that changes something at a place.

    Raises CallBarred if a call of it is not made any more.
    """

    def on(lockstep: Lockstep, steps: list[StepResult]) -> Iterator[Run]:
        for place, operation in enumerate(walk.operations):
            quiet = operation.reads_only or operation.op in PREPARES | {"create"}
            look = place + 1 == len(walk.operations) or (place >= walk.built and not quiet)
            steps.append(lockstep.do(operation, look=look))
            if steps[-1].differences:
                break
        differences = steps[-1].differences or lockstep.finish(steps)
        if differences:
            yield Run(tuple(steps), differences, dict(lockstep.identities.to_driver))

    return runs_on_fresh_domain(driver, on, ledger.tally, persistent=True)


def _size(shape: str, profile: Profile, bounds: Bounds) -> int:
    return min(size_of(shape, profile, bounds.pace), SIZES[bounds.pace])


def _walks(profile: Profile, bounds: Bounds) -> list[tuple[str, str]]:
    if not bounds.limits or bounds.pace != "fast":
        return []
    kinds = [kind for kind in KINDS if kind == ASKED or profile.claims(kind)]
    return [
        (shape, kind)
        for shape in shapes_of(profile)
        for kind in kinds
        if bounds.calls is None
        or _makes(bounds.calls, walks_over(shape, kind, _size(shape, profile, bounds), profile))
    ]


def _makes(calls: frozenset[str], walks: Sequence[Walk]) -> bool:
    return any(concerns(walk.operations, calls) for walk in walks)
