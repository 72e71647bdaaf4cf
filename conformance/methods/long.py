"""long: a chain, a fan and a comb of many snapshots, and many merges into one parent.

Some systems go wrong from a number on: the thirteenth snapshot, the ninth level, the fifth child, the third
merge into one parent. The graphs end at four snapshots, and a drawn tree is pruned at eight. These trees are
built with a comparison of answers alone, looked at cheaply, and then merged and discarded at both ends and in
the middle, with the whole state compared after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import CallBarred, Driver, Pace
from snaptree.conformance.methods import trees
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.selecting import concerns
from snaptree.conformance.methods.trees import Building, shapes_of, size_of
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

MERGES: Final[dict[Pace, int]] = {"fast": 6, "ordinary": 4, "slow": 3}
"""Merges into one parent."""


@dataclass(frozen=True)
class Tree:
    """One of the trees, of ``size`` snapshots."""

    part: str
    shape: str
    size: int


@dataclass(frozen=True)
class Work:
    """What to do: of the first ``built`` operations the answers alone are compared."""

    operations: tuple[Operation, ...]
    built: int


class Long(Method[Tree]):
    """Trees of many snapshots."""

    name: ClassVar[str] = "long"
    noun: ClassVar[str] = "tree"

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One part, unless the bounds ask for small things."""
        shapes = _needed(profile, bounds) if bounds.limits else ()
        if not shapes:
            return ()
        size = size_of("chain", profile, bounds.pace)
        return (Part(self.name, f"chain, fan and comb of {size} snapshots", len(shapes)),)

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Tree]:
        """A unit for each tree."""
        for part in self.parts(profile, bounds):
            for shape in _needed(profile, bounds):
                yield Tree(part.key, shape, long_size(shape, profile, bounds.pace))

    def perform(self, driver: Driver, unit: Tree, ledger: Ledger) -> Iterator[Run]:
        """Build the tree, and take it apart.

        A run that deviates is made again with every step watched: it then ends where the state first differs.
        """
        if ledger.expired():
            return
        work = work_on(unit.shape, unit.size, driver.profile)
        try:
            run = run_sequence(driver, work.operations, tally=ledger.tally, unwatched=work.built)
            if run.differences:
                again = run_sequence(driver, work.operations, tally=ledger.tally)
                run = again if again.differences else run
        except CallBarred:
            ledger.counts.missed += 1
            return
        if run.differences:
            ledger.counts.deviated += 1
            yield run
        else:
            ledger.counts.covered += 1


def long_size(shape: str, profile: Profile, pace: Pace) -> int:
    """The number of snapshots of a tree, or of merges into one parent."""
    return MERGES[pace] if shape == "merges" else size_of(shape, profile, pace)


@cache
def work_on(shape: str, size: int, profile: Profile) -> Work:
    """The operations on one tree; those that the profile does not claim are left out."""
    building = _Long(profile)
    take_apart = SHAPES[shape](building, size)
    building.look()
    built = len(building.operations)
    take_apart()
    building.look()
    return Work(tuple(building.operations), built)


def _needed(profile: Profile, bounds: Bounds) -> tuple[str, ...]:
    """The trees whose operations contain one of the calls of the bounds."""
    return tuple(
        shape
        for shape in _shapes(profile)
        if bounds.calls is None
        or concerns(work_on(shape, long_size(shape, profile, bounds.pace), profile).operations, bounds.calls)
    )


def _shapes(profile: Profile) -> tuple[str, ...]:
    """The trees that a profile can have, and the merges into one parent where it has both."""
    merging = profile.claims("merge_into_parent") or profile.claims("merge_into_children")
    shapes = shapes_of(profile)
    return (*shapes, "merges") if merging and len(shapes) > 1 else shapes


class _Long(Building):
    """A tree that is looked at cheaply."""

    def look(self) -> None:
        """Look at the whole, and at the snapshots at both ends and in the middle."""
        self.do(ops.ListSnapshots(), ops.Count(), ops.Current(), ops.Children())
        listed = self.domain.in_order()
        names = {one.id: one.name for one in listed}
        for snapshot in _ends_and_middle([one.id for one in listed]):
            self.do(ops.LookupByName(names[snapshot]), ops.LookupById(snapshot))
            self.do(ops.Parent(snapshot), ops.Children(snapshot))


def _ends_and_middle(snapshots: Sequence[str]) -> list[str]:
    """The first, the middle and the last of some snapshots."""
    places = sorted({0, len(snapshots) // 2, len(snapshots) - 1}) if snapshots else []
    return [snapshots[place] for place in places]


def _chain(building: _Long, size: int) -> Callable[[], None]:
    chain = trees.chain(building, size)

    def take_apart() -> None:
        first, middle, last = chain[0], chain[size // 2], chain[-1]
        building.write()
        building.do(*(ops.MergeIntoChildren(one) for one in (first, middle, last)))
        building.do(ops.MergeIntoParent(chain[2]), ops.MergeIntoParent(chain[size // 2 + 2]))
        building.do(ops.Revert(chain[size // 4]), ops.Revert(chain[-2]))
        building.write()
        building.do(ops.MergeIntoParent(chain[-2]), ops.Revert(chain[-4]), ops.Discard(chain[-3]))
        building.do(ops.Rename(chain[size // 4], "renamed"), ops.DiscardForced(chain[size // 2 - 2]))
        building.create()

    return take_apart


def _fan(building: _Long, size: int) -> Callable[[], None]:
    root, *leaves = trees.fan(building, size)

    def take_apart() -> None:
        building.do(ops.Revert(root))
        for leaf in _ends_and_middle(leaves):
            building.do(ops.Revert(leaf), ops.Revert(root), ops.Discard(leaf), ops.RemoveSubtree(leaf))
        building.do(ops.MergeIntoParent(leaves[1]), ops.MergeIntoChildren(root))
        building.do(ops.Revert(leaves[2]), ops.Discard(leaves[3]), ops.Retire(leaves[4]))
        building.create()
        building.do(ops.MergeIntoChildren(leaves[2]), ops.Reclaim(leaves[4]))

    return take_apart


def _comb(building: _Long, size: int) -> Callable[[], None]:
    made = trees.comb(building, size)
    spine, teeth = made[::2], made[1::2]

    def take_apart() -> None:
        for tooth in _ends_and_middle(teeth):
            building.do(ops.Discard(tooth))
        for one in _ends_and_middle(spine):
            building.do(ops.MergeIntoChildren(one))
        middle = len(spine) // 2
        building.do(ops.Revert(teeth[1]), ops.Revert(spine[middle + 1]), ops.MergeIntoParent(teeth[2]))
        building.do(ops.RemoveSubtree(spine[middle + 1], keep_root=True), ops.Revert(spine[1]))
        building.do(ops.DiscardForced(spine[middle - 1]))
        building.create()

    return take_apart


def _merges(building: _Long, size: int) -> Callable[[], None]:
    parent = building.create()
    chain = [building.create() for _ in range(size)]

    def take_apart() -> None:
        building.write()
        building.do(*(ops.MergeIntoChildren(one) for one in chain[:-1]))
        building.do(ops.Revert(parent), ops.Discard(chain[-1]))
        for _ in range(size):
            child = building.create()
            building.write()
            building.do(ops.MergeIntoParent(child))
        building.do(ops.Revert(parent))
        for _ in range(size):
            building.do(ops.Revert(parent))
            building.create()
            building.do(ops.Revert(parent))
            child = building.create()
            building.do(ops.MergeIntoParentForced(child))
        building.do(ops.Revert(parent))

    return take_apart


SHAPES: Final[dict[str, Callable[[_Long, int], Callable[[], None]]]] = {
    "chain": _chain,
    "fan": _fan,
    "comb": _comb,
    "merges": _merges,
}
"""The trees: each is built, and returns what takes it apart."""
