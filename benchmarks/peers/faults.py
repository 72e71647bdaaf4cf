"""Faults planted on purpose in either model, so that a comparison that finds nothing can be believed.

Those of the Promela model are numbers that its text asks for. Those of ours wrap ``step`` and spoil
what it answers; the model itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ours import BLOCKS, Step

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Casualties, Outcome, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point, Snapshot

DISCARDS: Final = (ops.Discard, ops.DiscardForced)
MERGES: Final = (ops.MergeIntoParent, ops.MergeIntoParentForced)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and whether it needs retire, reclaim and remove_subtree to show."""

    says: str
    storage: bool = False
    number: int = 0
    spoil: Callable[[Domain, Operation, Outcome], Outcome] | None = None

    def step(self, step: Step) -> Step:
        """The model with this fault; unchanged if the fault is one of the Promela model."""
        spoil = self.spoil
        if spoil is None:
            return step

        def faulty(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
            return spoil(domain, operation, step(domain, operation, profile))

        return faulty


def _older_twin(domain: Domain, snapshot: str) -> Snapshot | None:
    """The leaf created before a leaf under the same parent."""
    family = domain.children_of(domain.snapshots[snapshot].parent)
    place = family.index(snapshot)
    older = [one for one in family[:place] if not domain.children_of(one)]
    return None if domain.children_of(snapshot) or not older else domain.snapshots[older[-1]]


def _with_block(point: Point, disk: str, block: int, value: int) -> Point:
    return replace(point, disks=point.disks.insert(disk, point.disks[disk].written(block, value)))


def _discard_spoils_older_twin(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Accepted) and isinstance(operation, DISCARDS):
        twin, gone = _older_twin(domain, operation.snapshot), domain.snapshots[operation.snapshot]
        if twin is not None and twin.id in outcome.domain.snapshots:
            spoilt = replace(outcome.domain.snapshots[twin.id], point=gone.point)
            return Accepted(outcome.result, outcome.domain.with_changed(spoilt))
    return outcome


def _revert_to_older_twin(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Accepted) and isinstance(operation, ops.Revert):
        twin = _older_twin(domain, operation.snapshot)
        if twin is not None:
            return Accepted(outcome.result, replace(outcome.domain, active=twin.point))
    return outcome


def _merge_loses_block_of_grandchild(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    """A block that S and a grandchild wrote and the child between them did not."""
    if not isinstance(outcome, Accepted) or not isinstance(operation, ops.MergeIntoChildren):
        return outcome
    after, gone = outcome.domain, domain.snapshots[operation.snapshot]
    under = domain.base if gone.parent is None else domain.snapshots[gone.parent].point
    for child in domain.children_of(gone.id):
        for grandchild in domain.children_of(child):
            for disk, block in BLOCKS:
                values = [
                    point.disks[disk].blocks.get(block, 0)
                    for point in (
                        under,
                        gone.point,
                        domain.snapshots[child].point,
                        domain.snapshots[grandchild].point,
                    )
                ]
                if values[0] != values[1] == values[2] != values[3]:
                    lost = after.snapshots[child]
                    after = after.with_changed(
                        replace(lost, point=_with_block(lost.point, disk, block, values[0]))
                    )
    return Accepted(outcome.result, after)


def _casualties_without_active(_: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Refused) and outcome.casualties and isinstance(operation, MERGES):
        return replace(outcome, casualties=Casualties(outcome.casualties.snapshots))
    return outcome


def _parent_keeps_time_of_capture(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Accepted) and isinstance(operation, MERGES):
        parent = domain.snapshots[operation.snapshot].parent
        if parent is not None:
            merged = replace(outcome.domain.snapshots[parent], captured=domain.snapshots[parent].captured)
            return Accepted(outcome.result, outcome.domain.with_changed(merged))
    return outcome


def _forced_discard_takes_retired(_: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Accepted) and isinstance(operation, ops.DiscardForced):
        return Accepted(
            outcome.result, replace(outcome.domain, retired=Domain.__dataclass_fields__["retired"].default)
        )
    return outcome


def _subtree_makes_base_current(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Accepted) or not isinstance(operation, ops.RemoveSubtree):
        return outcome
    if domain.current in outcome.domain.snapshots:
        return outcome
    return Accepted(outcome.result, replace(outcome.domain, current=None))


def _listed_snapshot_reclaimed_is_unknown(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Refused) and isinstance(operation, ops.Reclaim) and operation.snapshot in domain:
        return Refused(frozenset({"NoSuchSnapshot"}))
    return outcome


def _merge_of_second_block_into_base_lost(domain: Domain, operation: Operation, outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Accepted) or not isinstance(operation, MERGES):
        return outcome
    if domain.snapshots[operation.snapshot].parent is not None:
        return outcome
    disk, block = BLOCKS[1]
    base = _with_block(outcome.domain.base, disk, block, domain.base.disks[disk].blocks.get(block, 0))
    return Accepted(outcome.result, replace(outcome.domain, base=base))


PEER: Final = (
    Fault("merging into children: the removed layer wins over the child's", number=1),
    Fault("merging into children: the active state loses the second block", number=2),
    Fault("merging into the parent: a retired layer between the two is forgotten", True, number=3),
    Fault("merging into the parent: the active state is no dependent of it", number=4),
    Fault("discard: the active state is no dependent", number=5),
    Fault("forced discard: resets to the base in place of the parent", number=6),
    Fault("reclaim: what lay on the retired layer is moved and not given its blocks", True, number=7),
    Fault("revert: the younger of two leaves gives the older one", number=8),
    Fault("create: the child of a child becomes its sibling", number=9),
    Fault("retire: the active state is moved to the parent without the blocks", True, number=10),
    Fault("remove_subtree with keep_root: the children of the root are kept too", True, number=11),
    Fault("discard: the next older leaf takes the second block of the one that goes", number=12),
)

OURS: Final = (
    Fault("discard: the older twin takes the content of the one that goes", spoil=_discard_spoils_older_twin),
    Fault("revert: the younger of two leaves gives the older one", spoil=_revert_to_older_twin),
    Fault(
        "merging into children: a block is lost that S and the grandchild wrote and the child did not",
        spoil=_merge_loses_block_of_grandchild,
    ),
    Fault(
        "merging into the parent: the active state is missing among the casualties",
        spoil=_casualties_without_active,
    ),
    Fault(
        "merging into the parent: the parent keeps its time of capture", spoil=_parent_keeps_time_of_capture
    ),
    Fault(
        "merging a root: the base does not get the second block", spoil=_merge_of_second_block_into_base_lost
    ),
    Fault("forced discard: the retired snapshot goes too", True, spoil=_forced_discard_takes_retired),
    Fault(
        "remove_subtree: no snapshot is current if the current one goes",
        True,
        spoil=_subtree_makes_base_current,
    ),
    Fault("reclaim: a listed snapshot is NoSuchSnapshot", True, spoil=_listed_snapshot_reclaimed_is_unknown),
)
