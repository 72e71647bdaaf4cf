"""The arguments of each call, each with its domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from snaptree.spec.domains import disks, settings, snapshots, texts
from snaptree.spec.domains.argument import Argument
from snaptree.spec.domains.names import name_argument
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.surroundings import SURROUNDINGS
from snaptree.spec.operations import CALLS, KINDS, Operation

_ON_SNAPSHOT: Final = (
    "merge_into_children", "merge_into_parent", "discard", "retire", "reclaim", "parent", "lookup_by_id",
)  # fmt: skip
_NAME: Final = name_argument()
_RESUMING: Final = ("revert", "merge_into_parent_forced", "discard_forced")

ARGUMENTS: Final[Mapping[str, tuple[Argument, ...]]] = {
    **dict.fromkeys(CALLS, ()),
    **dict.fromkeys(_ON_SNAPSHOT, (snapshots.SNAPSHOT,)),
    **dict.fromkeys(_RESUMING, (snapshots.SNAPSHOT, settings.RESUME)),
    "create": (
        _NAME, texts.DESCRIPTION, settings.MEMORY, texts.UUID, settings.QUIESCE,
    ),
    "remove_subtree": (snapshots.SNAPSHOT, settings.KEEP_ROOT),
    "rename": (snapshots.SNAPSHOT, name_argument(of="snapshot")),
    "describe": (snapshots.SNAPSHOT, texts.DESCRIPTION),
    "write_disk": (disks.DISK, disks.BLOCK, disks.VALUE),
    "write_memory": (disks.VALUE,),
    "resize_disk": (disks.DISK, disks.SIZE),
    "attach_disk": (disks.NEW_DISK, disks.NEW_SIZE, settings.INDEPENDENT),
    "detach_disk": (disks.DISK,),
    "configure": (settings.KEY, settings.ENTRY),
    "children": (snapshots.SNAPSHOT_OR_BASE,),
    "lookup_by_name": (_NAME,),
}  # fmt: skip
"""The arguments by call, in the order of the call's own; a call without arguments has none."""

DIMENSIONS: Final[Mapping[str, tuple[Argument, ...]]] = {
    call: (*SURROUNDINGS, *arguments) for call, arguments in ARGUMENTS.items()
}
"""The same after the two of the situation: classes are counted in this order."""

Classes = tuple[str, ...]
"""The class of each dimension of a call."""

Answer = Literal["accepted", "refused"]


def classes_of(operation: Operation, situation: Situation) -> Classes | None:
    """The class of the situation and of each argument.

    None for a call of another API, for a combined one, and where an argument is of another type than the call
    takes: such a call can stand in a recorded trace.
    """
    dimensions = DIMENSIONS.get(operation.call)
    if dimensions is None or type(operation) is not KINDS[operation.call]:
        return None
    chosen = {name: getattr(operation, name) for name in type(operation).__match_args__}
    try:
        return tuple([one.class_of(chosen.get(one.name), situation, chosen) for one in dimensions])
    except (TypeError, AttributeError):
        return None
