"""What was there before: identifiers that are free by now, and the way in which each became free.

The model forgets what is gone, as it should: nothing may depend on it. Hypervisors that remember too much, or
the wrong thing, are found by values that mean something only against this history. It is a fold over the
steps of a sequence, kept beside the state of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from rpds import HashTrieMap, HashTrieSet

from snaptree.spec import operations as ops
from snaptree.spec.copies import replace
from snaptree.spec.operations import Operation
from snaptree.spec.state import Domain, Snapshot

Way = Literal[
    "merged into children", "merged into parent", "discarded", "forced", "in a subtree", "retired",
    "reclaimed", "replaced", "renamed away",
]  # fmt: skip
"""How a name became free, or a snapshot went. A retired snapshot keeps its uuid until it is reclaimed."""

WAYS: Final[tuple[Way, ...]] = get_args(Way)

_BY_CALL: Final[dict[str, Way]] = {
    "merge_into_children": "merged into children",
    "merge_into_parent": "merged into parent",
    "merge_into_parent_forced": "merged into parent",
    "discard": "discarded",
    "discard_forced": "forced",
    "remove_subtree": "in a subtree",
    "retire": "retired",
    "create": "replaced",
}

FREED_BY: Final[dict[Way, tuple[str, ...]]] = {
    **{way: (call,) for call, way in _BY_CALL.items() if call != "merge_into_parent_forced"},
    "merged into parent": ("merge_into_parent", "merge_into_parent_forced"),
    "forced": ("discard_forced", "merge_into_parent_forced"),
    "reclaimed": ("reclaim",),
    "renamed away": ("rename",),
}
"""The calls by which something goes in each way."""

_TEXTS: Final[HashTrieMap[str, Way]] = HashTrieMap()
_SIZES: Final[HashTrieMap[str, int]] = HashTrieMap()
_NONE: Final[HashTrieSet[str]] = HashTrieSet()


@dataclass(frozen=True, slots=True)
class History:
    """Identifiers that were in use, each with the last way in which it became free.

    ``names``, ``snapshots`` and ``uuids`` may have been taken again since; ``asked`` are the uuids that a
    create asked for. ``disks`` went from the active state, ``keys`` from its configuration. ``shortest`` and
    ``longest`` are the sizes, in bytes, that a disk of the active state had at its smallest and largest,
    ``original`` that of before it changed for the first time.
    """

    names: HashTrieMap[str, Way] = _TEXTS
    snapshots: HashTrieMap[str, Way] = _TEXTS
    uuids: HashTrieMap[str, Way] = _TEXTS
    asked: HashTrieSet[str] = _NONE
    disks: HashTrieSet[str] = _NONE
    keys: HashTrieSet[str] = _NONE
    shortest: HashTrieMap[str, int] = _SIZES
    longest: HashTrieMap[str, int] = _SIZES
    original: HashTrieMap[str, int] = _SIZES

    def after(self, before: Domain, operation: Operation, after: Domain) -> History:
        """The history after an accepted operation."""
        if operation.reads_only or before is after:
            return self
        history = self
        if before.snapshots is not after.snapshots:
            history = history._with_tree(before, operation, after)
        elif isinstance(operation, ops.Reclaim):
            gone = before.retired[operation.snapshot]
            history = history._with_gone(gone, "reclaimed")
        if before.active is not after.active or before.independent is not after.independent:
            history = history._with_active(before, after)
        return history

    def _with_tree(self, before: Domain, operation: Operation, after: Domain) -> History:
        history = self
        if len(after.snapshots) <= len(before.snapshots):  # otherwise one has come, and none went
            for snapshot in before.in_order():
                if snapshot.id not in after.snapshots:
                    history = history._with_gone(snapshot, _way(snapshot, operation))
        if isinstance(operation, ops.Create) and operation.uuid is not None:
            history = replace(history, asked=history.asked.insert(operation.uuid))
        if isinstance(operation, ops.Rename):
            old = before.snapshots[operation.snapshot].name
            if old not in after.names:
                history = replace(history, names=history.names.insert(old, "renamed away"))
        return history

    def _with_gone(self, gone: Snapshot, way: Way) -> History:
        names = self.names.insert(gone.name, way)
        snapshots, uuids = self.snapshots.insert(gone.id, way), self.uuids.insert(gone.uuid, way)
        return replace(self, names=names, snapshots=snapshots, uuids=uuids)

    def _with_active(self, before: Domain, after: Domain) -> History:
        history = self
        old, new = before.active, after.active
        if old.disks is not new.disks or before.independent is not after.independent:
            history = history._with_disks(before, after)
        if old.configuration is not new.configuration:
            for key in old.configuration:
                if key not in new.configuration:
                    history = replace(history, keys=history.keys.insert(key))
        return history

    def _with_disks(self, before: Domain, after: Domain) -> History:
        disks, shortest, longest, original = self.disks, self.shortest, self.longest, self.original
        was, now = _sizes(before), _sizes(after)
        if was == now:
            return self
        for disk, size in was.items():
            if disk not in now:
                disks = disks.insert(disk)
            elif now[disk] != size:
                shortest = shortest.insert(disk, min(size, now[disk], shortest.get(disk, size)))
                longest = longest.insert(disk, max(size, now[disk], longest.get(disk, size)))
                original = original.insert(disk, original.get(disk, size))
        return replace(self, disks=disks, shortest=shortest, longest=longest, original=original)


NO_HISTORY: Final = History()


def _way(snapshot: Snapshot, operation: Operation) -> Way:
    """How a snapshot went: those beside the one that a forced merge names are casualties."""
    way = _BY_CALL.get(operation.call, "forced")
    aside = way == "merged into parent" and getattr(operation, "snapshot", None) != snapshot.id
    return "forced" if aside else way


def _sizes(domain: Domain) -> dict[str, int]:
    # To go through what is shown, which is kept, takes less than to go through a map of rpds.
    sizes = {name: disk["size"] for name, disk in domain.active.seen["disks"].items()}
    if domain.independent:
        sizes |= {name: disk.size for name, disk in domain.independent.items()}
    return sizes
