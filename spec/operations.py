"""Every operation as a value, and its JSON form.

``call`` is the name of the driver call, and so of the claim in a profile:
a forced variant is a call of its own, as the mail's second option asks.
Snapshots are named by id. The JSON form is a flat object with the key ``op``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Final, Literal, get_args

ResumeAs = Literal["running", "paused", "off"]
RESUME_AS: Final[tuple[ResumeAs, ...]] = get_args(ResumeAs)


@dataclass(frozen=True, slots=True)
class Operation:
    """What every operation has: the name of the call."""

    op: ClassVar[str]
    reads_only: ClassVar[bool] = False
    creates: ClassVar[bool] = False

    @property
    def call(self) -> str:
        """The driver call, and the claim in a profile, that this operation needs."""
        return self.op

    def to_json(self) -> dict[str, Any]:
        """A flat JSON object; arguments that have their default are left out."""
        record: dict[str, Any] = {"op": self.op}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING or value != field.default:
                record[field.name] = value
        return record

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of the driver call; ``forced`` is in the call's name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "forced"}


@dataclass(frozen=True, slots=True)
class OnSnapshot(Operation):
    """An operation that names one snapshot."""

    snapshot: str


# --- the tree -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Create(Operation):
    """Capture the active state as a new snapshot, child of the current one."""

    op: ClassVar[str] = "create"
    creates: ClassVar[bool] = True
    name: str
    description: str = ""
    memory: bool = False
    uuid: str | None = None
    quiesce: bool = False


@dataclass(frozen=True, slots=True)
class Revert(OnSnapshot):
    """Make the active state what the snapshot holds; what it held is lost."""

    op: ClassVar[str] = "revert"
    resume_as: ResumeAs | None = None


@dataclass(frozen=True, slots=True)
class MergeIntoChildren(OnSnapshot):
    """Remove a snapshot; its children and the active state keep their content."""

    op: ClassVar[str] = "merge_into_children"


@dataclass(frozen=True, slots=True)
class MergeIntoParent(OnSnapshot):
    """Let the parent's point become this snapshot's point, and remove this one."""

    op: ClassVar[str] = "merge_into_parent"
    forced: bool = False
    resume_as: ResumeAs | None = None

    @property
    def call(self) -> str:
        return "merge_into_parent_forced" if self.forced else "merge_into_parent"

    def arguments(self) -> dict[str, Any]:
        return _forced_arguments(self.snapshot, self.forced, self.resume_as)


@dataclass(frozen=True, slots=True)
class Discard(OnSnapshot):
    """Remove a snapshot on which nothing depends; forced, with all that depends on it."""

    op: ClassVar[str] = "discard"
    forced: bool = False
    resume_as: ResumeAs | None = None

    @property
    def call(self) -> str:
        return "discard_forced" if self.forced else "discard"

    def arguments(self) -> dict[str, Any]:
        return _forced_arguments(self.snapshot, self.forced, self.resume_as)


def _forced_arguments(snapshot: str, forced: bool, resume_as: ResumeAs | None) -> dict[str, Any]:
    # A plain delete never changes the active state, so its call has nothing to resume.
    return {"snapshot": snapshot, "resume_as": resume_as} if forced else {"snapshot": snapshot}


@dataclass(frozen=True, slots=True)
class RemoveSubtree(OnSnapshot):
    """Remove a snapshot (unless kept) and all below it; the active state stays."""

    op: ClassVar[str] = "remove_subtree"
    keep_root: bool = False


@dataclass(frozen=True, slots=True)
class Retire(OnSnapshot):
    """Take a snapshot out of the tree without touching its storage."""

    op: ClassVar[str] = "retire"


@dataclass(frozen=True, slots=True)
class Reclaim(OnSnapshot):
    """Give back the storage of a retired snapshot."""

    op: ClassVar[str] = "reclaim"


@dataclass(frozen=True, slots=True)
class Rename(OnSnapshot):
    """Give a snapshot another name; identity and content stay."""

    op: ClassVar[str] = "rename"
    name: str


@dataclass(frozen=True, slots=True)
class Describe(OnSnapshot):
    """Give a snapshot another description; identity and content stay."""

    op: ClassVar[str] = "describe"
    description: str


# --- power and memory -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start(Operation):
    """Boot the domain, or continue it from its managed-save image."""

    op: ClassVar[str] = "start"


@dataclass(frozen=True, slots=True)
class Stop(Operation):
    """Turn the domain off; its memory is gone."""

    op: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True)
class Pause(Operation):
    """Stop the processors of a running domain; memory stays."""

    op: ClassVar[str] = "pause"


@dataclass(frozen=True, slots=True)
class Resume(Operation):
    """Let a paused domain run on."""

    op: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True)
class ManagedSave(Operation):
    """Save memory to an image that the next start continues from; the domain is off."""

    op: ClassVar[str] = "managed_save"


@dataclass(frozen=True, slots=True)
class ManagedSaveRemove(Operation):
    """Drop the managed-save image, if there is one."""

    op: ClassVar[str] = "managed_save_remove"


@dataclass(frozen=True, slots=True)
class Crash(Operation):
    """Kill the hypervisor process: the domain is off, its memory is lost."""

    op: ClassVar[str] = "crash"


@dataclass(frozen=True, slots=True)
class Undefine(Operation):
    """Remove the domain; forced, with every snapshot and the managed-save image."""

    op: ClassVar[str] = "undefine"
    forced: bool = False

    @property
    def call(self) -> str:
        return "undefine_forced" if self.forced else "undefine"


# --- the active state -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteDisk(Operation):
    """Set the 512 bytes of block k of a disk to one value (0 to 255)."""

    op: ClassVar[str] = "write_disk"
    disk: str
    block: int
    value: int


@dataclass(frozen=True, slots=True)
class WriteMemory(Operation):
    """Set the memory marker of a running or paused domain (0 to 255)."""

    op: ClassVar[str] = "write_memory"
    value: int


@dataclass(frozen=True, slots=True)
class ResizeDisk(Operation):
    """Cut or extend a disk to a size in bytes, a positive multiple of 64 KiB."""

    op: ClassVar[str] = "resize_disk"
    disk: str
    size: int


@dataclass(frozen=True, slots=True)
class AttachDisk(Operation):
    """Add a disk that reads zero. An independent disk belongs to no snapshot."""

    op: ClassVar[str] = "attach_disk"
    disk: str
    size: int
    independent: bool = False


@dataclass(frozen=True, slots=True)
class DetachDisk(Operation):
    """Take a disk away from the active state; points keep theirs."""

    op: ClassVar[str] = "detach_disk"
    disk: str


@dataclass(frozen=True, slots=True)
class Configure(Operation):
    """Set one entry of the domain configuration; an empty value removes it."""

    op: ClassVar[str] = "configure"
    key: str
    value: str


# --- look-ups -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListSnapshots(Operation):
    """The ids of all snapshots in order of creation."""

    op: ClassVar[str] = "list"
    reads_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Children(Operation):
    """The ids of the children of a snapshot, or of the roots for None."""

    op: ClassVar[str] = "children"
    reads_only: ClassVar[bool] = True
    snapshot: str | None = None


@dataclass(frozen=True, slots=True)
class Parent(OnSnapshot):
    """The id of the parent, or None for a root."""

    op: ClassVar[str] = "parent"
    reads_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Current(Operation):
    """The id of the current snapshot, or None."""

    op: ClassVar[str] = "current"
    reads_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class LookupByName(Operation):
    """The id of the snapshot that a name means."""

    op: ClassVar[str] = "lookup_by_name"
    reads_only: ClassVar[bool] = True
    name: str


@dataclass(frozen=True, slots=True)
class LookupById(OnSnapshot):
    """The id itself, if it is that of a listed snapshot."""

    op: ClassVar[str] = "lookup_by_id"
    reads_only: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Count(Operation):
    """How many snapshots are listed."""

    op: ClassVar[str] = "count"
    reads_only: ClassVar[bool] = True


OPERATIONS: Final[dict[str, type[Operation]]] = {
    kind.op: kind
    for kind in (
        Create, Revert, MergeIntoChildren, MergeIntoParent, Discard, RemoveSubtree, Retire, Reclaim,
        Rename, Describe, Start, Stop, Pause, Resume, ManagedSave, ManagedSaveRemove, Crash, Undefine,
        WriteDisk, WriteMemory, ResizeDisk, AttachDisk, DetachDisk, Configure,
        ListSnapshots, Children, Parent, Current, LookupByName, LookupById, Count,
    )
}  # fmt: skip
"""Operations by their ``op``."""

FORCED_CALLS: Final = ("merge_into_parent_forced", "discard_forced", "undefine_forced")
CALLS: Final[tuple[str, ...]] = (*OPERATIONS, *FORCED_CALLS)
"""The names of all driver calls that a profile can claim."""


def operation_from_json(
    record: dict[str, Any], kinds: Mapping[str, type[Operation]] = OPERATIONS
) -> Operation:
    """Read an operation back from its JSON form; ``kinds`` are those that may occur, by ``op``.

    Raises ValueError with one sentence when ``op`` is unknown or the arguments
    are not those of that operation.
    """
    arguments = dict(record)
    op = arguments.pop("op", None)
    kind = kinds.get(op) if isinstance(op, str) else None
    if kind is None:
        raise ValueError(f"unknown operation {op!r}; known are {', '.join(OPERATIONS)}")
    wanted = {field.name: field for field in fields(kind)}
    unknown = sorted(set(arguments) - set(wanted))
    missing = [name for name, field in wanted.items() if field.default is MISSING and name not in arguments]
    if unknown or missing:
        wrong = [f"unknown argument {name!r}" for name in unknown]
        wrong += [f"missing argument {name!r}" for name in missing]
        raise ValueError(f"operation {op}: {', '.join(wrong)}")
    return kind(**arguments)
