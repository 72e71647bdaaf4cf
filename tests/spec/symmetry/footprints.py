"""What an operation looks at, and what it may change: what a step of the model does not touch is not named.

A resource is ``snapshot S`` (its record and point), ``family P`` (who depends on P, the active state
included), or one of the words below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import OnSnapshot, Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

ACTIVE, CURRENT, IMAGE, POWER = "active", "current", "image", "power"
NAMES, LISTED, RETIRED, SERIAL = "names", "listed", "retired", "serial"
EVERYTHING: Final = "everything"

WORK: Final = (ops.WriteDisk, ops.WriteMemory, ops.ResizeDisk, ops.DetachDisk, ops.AttachDisk, ops.Configure)
POWERING: Final = (
    ops.Start, ops.Stop, ops.Pause, ops.Resume, ops.Crash, ops.ManagedSave, ops.ManagedSaveRemove,
)  # fmt: skip
REMOVING: Final = (ops.MergeIntoChildren, ops.Retire)
MERGING: Final = (ops.MergeIntoParent, ops.MergeIntoParentForced)
DISCARDING: Final = (ops.Discard, ops.DiscardForced, ops.RemoveSubtree)


@dataclass(frozen=True)
class Footprint:
    """Resources that an operation reads, and those that it may change."""

    reads: frozenset[str]
    changes: frozenset[str]

    def apart_from(self, other: Footprint) -> bool:
        """Whether neither changes what the other looks at or changes."""
        if EVERYTHING in self.changes | other.changes:
            return False
        mine, theirs = self.reads | self.changes, other.reads | other.changes
        return self.changes.isdisjoint(theirs) and other.changes.isdisjoint(mine)


def footprint(domain: Domain, operation: Operation, profile: Profile) -> Footprint:
    """The footprint of an operation in this state."""
    reads, changes = _footprint(domain, operation, profile)
    return Footprint(frozenset({POWER, *reads}), frozenset(changes))


Pair = tuple[Iterable[str], Iterable[str]]


def _footprint(domain: Domain, operation: Operation, profile: Profile) -> Pair:
    if isinstance(operation, WORK):
        independent = isinstance(operation, ops.AttachDisk) and operation.independent
        return {ACTIVE, IMAGE, *(_tree(domain) if independent else ())}, {ACTIVE}
    if isinstance(operation, POWERING):
        return {ACTIVE, IMAGE}, {ACTIVE, IMAGE, POWER}
    if isinstance(operation, ops.Create):
        return _of_create(domain, profile)
    if isinstance(operation, ops.LookupByName):
        return {NAMES, *(_tree(domain) if len(domain.names.get(operation.name, ())) > 1 else ())}, ()
    if isinstance(operation, (ops.ListSnapshots, ops.Count)):
        return {LISTED}, ()
    if isinstance(operation, ops.Current):
        return {CURRENT}, ()
    if isinstance(operation, ops.Children):
        return {_family(operation.snapshot), *_known(domain, operation.snapshot)}, ()
    if isinstance(operation, ops.Reclaim):
        return {RETIRED, LISTED}, {RETIRED, LISTED}
    if isinstance(operation, OnSnapshot):
        if operation.snapshot not in domain.snapshots:
            return {LISTED}, ()
        return _of_target(domain, operation)
    return {EVERYTHING}, {EVERYTHING}


def _of_create(domain: Domain, profile: Profile) -> Pair:
    above = [_snapshot(one) for one in domain.ancestors(domain.current)]
    reads = {ACTIVE, IMAGE, CURRENT, NAMES, LISTED, RETIRED, _family(None), *above}
    changes = {SERIAL, NAMES, LISTED, CURRENT, IMAGE, _family(domain.current)}
    if profile.names.policy == "replace":
        return {EVERYTHING}, {EVERYTHING}
    return reads, changes


def _of_target(domain: Domain, operation: OnSnapshot) -> Pair:
    here = operation.snapshot
    parent = domain.snapshots[here].parent
    one = _snapshot(here)
    if isinstance(operation, ops.Revert):
        return {one, ACTIVE}, {ACTIVE, IMAGE, POWER, CURRENT, _family(domain.current), _family(here)}
    if isinstance(operation, ops.Describe):
        return {one}, {one}
    if isinstance(operation, ops.Rename):
        return {one, NAMES}, {one, NAMES}
    if isinstance(operation, REMOVING):
        below = {_snapshot(child) for child in domain.children_of(here)}
        gone = {one, NAMES, LISTED, _family(here), _family(parent), *below}
        moved = {CURRENT} if domain.current == here else set()
        return gone | {CURRENT}, gone | moved | ({RETIRED} if isinstance(operation, ops.Retire) else set())
    if isinstance(operation, MERGING):
        related = _subtree(domain, parent)
        return related, {*related, NAMES, LISTED, CURRENT, *_resetting(operation)}
    if isinstance(operation, DISCARDING):
        related = {*_subtree(domain, here), *_family_of(parent)}
        below = {*related, CURRENT}
        moved = {CURRENT, *_resetting(operation)} if domain.is_below(domain.current, here) else set()
        return {*below, *_snapshot_of(parent)}, {*related, NAMES, LISTED, *moved}
    return {one}, ()  # parent and lookup_by_id


def _resetting(operation: Operation) -> set[str]:
    return {ACTIVE, IMAGE, POWER} if operation.forced else set()


def _subtree(domain: Domain, top: str | None) -> set[str]:
    """A snapshot, or everything, with all below it."""
    members = domain.subtree(top) if top is not None else iter(domain.snapshots)
    every = [top, *members]
    return {*(_family(one) for one in every), *(_snapshot(one) for one in every if one is not None)}


def _tree(domain: Domain) -> set[str]:
    return {*_subtree(domain, None), LISTED, RETIRED, ACTIVE}


def _known(domain: Domain, snapshot: str | None) -> set[str]:
    if snapshot is None:
        return set()
    return {_snapshot(snapshot)} if snapshot in domain.snapshots else {LISTED}


def _snapshot_of(parent: str | None) -> set[str]:
    return set() if parent is None else {_snapshot(parent)}


def _family_of(parent: str | None) -> set[str]:
    return {_family(parent)}


def _snapshot(one: str) -> str:
    return f"snapshot {one}"


def _family(one: str | None) -> str:
    return f"family {one}"
