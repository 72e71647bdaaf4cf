"""Hypervisors that confuse what looks alike: twins, points that are gone, blocks by who wrote them.

Each is right for most trees and most patterns of writers. The bounded graph alone has to catch each one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks
from snaptree.conformance.mutants.overlay import PLACES, Event, Place, Seen, Wrong, WrongContent, value_in

# --- twins and ages -----------------------------------------------------------------


def spoils_older_twin(event: Event) -> Iterator[Wrong]:
    """A discard puts the content of the discarded leaf into its older twin."""
    twin = event.before.older_twin(event.snapshot) if event.call == "discard" else None
    if twin is not None:
        yield from ((twin, place, event.before.value(event.snapshot, place)) for place in PLACES)


def spoils_younger_aunt(event: Event) -> Iterator[Wrong]:
    """A discard of a leaf changes the siblings of its parent that are younger than the leaf."""
    if event.call == "discard" and (parent := event.before.parents[event.snapshot]) is not None:
        ages = list(event.before.parents)
        for aunt in event.before.children(event.before.parents[parent]):
            if ages.index(aunt) > ages.index(event.snapshot):
                yield from ((aunt, place, event.before.value(event.snapshot, place)) for place in PLACES)


class RevertsToOlderTwin:
    """A revert to the younger of two leaves of one parent gives the older one."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        twin = Seen.of(self.observe()).older_twin(snapshot)  # type: ignore[attr-defined]
        super().revert(twin or snapshot, resume_as)  # type: ignore[misc]


class ForceTakesOlderTwin:
    """A forced discard of the younger of two leaves removes the older one as well."""

    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        seen = self.observe()  # type: ignore[attr-defined]
        twin = Seen.of(seen).older_twin(snapshot)
        super().discard_forced(snapshot, resume_as)  # type: ignore[misc]
        if twin is not None and twin != seen["current"]:
            super().discard_forced(twin, resume_as)  # type: ignore[misc]


# --- points that are gone -----------------------------------------------------------


def captures_removed(event: Event) -> Iterator[Wrong]:
    """A create captures a block that the last removed point had as it was there."""
    if event.call == "create" and event.gone:
        _, point = event.gone[-1]
        for disk, block in PLACES:
            value = value_in(point, disk, block)
            if value and event.after.wrote(event.snapshot, (disk, block)):
                yield event.snapshot, (disk, block), value


def revives_removed_child(event: Event) -> Iterator[Wrong]:
    """A merge gives a child blocks of a removed child of the same snapshot, where it has none of its own."""
    if event.call == "merge_into_children":
        removed = [point for parent, point in event.gone if parent == event.snapshot]
        for child, place in _each(event.before, event.snapshot):
            if removed and not event.before.wrote(child, place) and event.before.wrote(event.snapshot, place):
                yield child, place, value_in(removed[-1], *place)


# --- blocks by who wrote them -------------------------------------------------------


def loses_block_of_grandchild(event: Event) -> Iterator[Wrong]:
    """A merge loses, in the child, a block that the snapshot and a grandchild wrote and the child did not."""
    if event.call == "merge_into_children":
        seen, merged = event.before, event.snapshot
        for child, place in _each(seen, merged):
            below = any(seen.wrote(one, place) for one in seen.children(child))
            if seen.wrote(merged, place) and below and not seen.wrote(child, place):
                yield child, place, seen.value(seen.parents[merged], place)


def skips_block_of_first_child(event: Event) -> Iterator[Wrong]:
    """A merge skips, for the second child, a block that the first child has of its own."""
    if event.call == "merge_into_children":
        seen, merged = event.before, event.snapshot
        first, *others = [*seen.children(merged), ""]
        for child, place in _each(seen, merged):
            if child in others and seen.wrote(first, place) and not seen.wrote(child, place):
                yield child, place, seen.value(seen.parents[merged], place)


def overwrites_what_all_wrote(event: Event) -> Iterator[Wrong]:
    """A merge overwrites the child where the snapshot, the child and a grandchild have the block."""
    if event.call == "merge_into_children":
        seen, merged = event.before, event.snapshot
        for child, place in _each(seen, merged):
            below = any(seen.wrote(one, place) for one in seen.children(child))
            if below and seen.wrote(merged, place) and seen.wrote(child, place):
                yield child, place, seen.value(merged, place)


def loses_what_parent_wrote_alone(event: Event) -> Iterator[Wrong]:
    """A merge into the parent loses blocks that the parent alone wrote, not its parent, nor the snapshot."""
    yield from _in_parent(event, (False, True, False))


def forgets_grandparent(event: Event) -> Iterator[Wrong]:
    """A merge into the parent loses blocks that only the parent of the parent wrote."""
    yield from _in_parent(event, (True, False, False))


def ignores_overlap_over_grandparent(event: Event) -> Iterator[Wrong]:
    """A merge into the parent resets blocks that the snapshot and the parent of the parent wrote alone."""
    yield from _in_parent(event, (True, False, True))


def takes_other_disk(event: Event) -> Iterator[Wrong]:
    """A merge into the parent reads a block from the first disk if the snapshot wrote it on both."""
    if event.call == "merge_into_parent" and (parent := event.before.parents[event.snapshot]):
        for disk, block in PLACES:
            if all(event.before.wrote(event.snapshot, (one, block)) for one in ("vda", "vdb")):
                yield parent, (disk, block), event.before.value(event.snapshot, ("vda", block))


def captures_twin(event: Event) -> Iterator[Wrong]:
    """A create beside a leaf captures the block of the leaf where the new snapshot wrote none."""
    twin = event.after.older_twin(event.snapshot) if event.call == "create" else None
    for place in PLACES if twin is not None else ():
        if event.after.wrote(twin or "", place) and not event.after.wrote(event.snapshot, place):
            yield event.snapshot, place, event.after.value(twin, place)


def _each(seen: Seen, snapshot: str) -> Iterator[tuple[str, Place]]:
    return ((child, place) for child in seen.children(snapshot) for place in PLACES)


def _in_parent(event: Event, pattern: tuple[bool, bool, bool]) -> Iterator[Wrong]:
    """The parent reads what is under its parent, where grandparent, parent and snapshot wrote like this."""
    if event.call == "merge_into_parent":
        seen = event.before
        parent = seen.parents[event.snapshot]
        above = None if parent is None else seen.parents[parent]
        if parent is not None and above is not None:
            for place in PLACES:
                wrote = (
                    seen.wrote(above, place),
                    seen.wrote(parent, place),
                    seen.wrote(event.snapshot, place),
                )
                if wrote == pattern:
                    yield parent, place, seen.value(seen.parents[above], place)


# --- on the simulator ---------------------------------------------------------------


def _catalogued(name: str, fault: Callable[[Event], Iterator[Wrong]], *rules: str) -> type[SimulatedDomain]:
    domain = type(
        name,
        (WrongContent, SimulatedDomain),
        {"fault": staticmethod(fault), "__doc__": fault.__doc__, "__module__": __name__},
    )
    return breaks(*rules)(domain)


SpoilsOlderTwin = _catalogued("SpoilsOlderTwin", spoils_older_twin, "DISCARD-2")
SpoilsYoungerAunt = _catalogued("SpoilsYoungerAunt", spoils_younger_aunt, "DISCARD-2")
CapturesRemoved = _catalogued("CapturesRemoved", captures_removed, "CREATE-2")
RevivesRemovedChild = _catalogued("RevivesRemovedChild", revives_removed_child, "MERGE-2")
LosesBlockOfGrandchild = _catalogued("LosesBlockOfGrandchild", loses_block_of_grandchild, "MERGE-2")
SkipsBlockOfFirstChild = _catalogued("SkipsBlockOfFirstChild", skips_block_of_first_child, "MERGE-2")
OverwritesWhatAllWrote = _catalogued("OverwritesWhatAllWrote", overwrites_what_all_wrote, "MERGE-2")
LosesWhatParentWroteAlone = _catalogued(
    "LosesWhatParentWroteAlone", loses_what_parent_wrote_alone, "MERGE-11"
)
ForgetsGrandparent = _catalogued("ForgetsGrandparent", forgets_grandparent, "MERGE-11")
IgnoresOverlap = _catalogued("IgnoresOverlap", ignores_overlap_over_grandparent, "MERGE-11")
TakesOtherDisk = _catalogued("TakesOtherDisk", takes_other_disk, "MERGE-11")
CapturesTwin = _catalogued("CapturesTwin", captures_twin, "CREATE-2")


@breaks("REVERT-1")
class RevertToOlderTwin(RevertsToOlderTwin, SimulatedDomain):
    """A revert to the younger of two leaves of one parent gives the older one."""


@breaks("FORCE-1")
class ForcedTakesOlderTwin(ForceTakesOlderTwin, SimulatedDomain):
    """A forced discard of the younger of two leaves removes the older one as well."""
