"""Every operation as a value, and its JSON form.

``call`` is the name of the driver call, and so of the claim in a profile. A forced
variant is a type and a call of its own, as the mail's second option asks; in JSON it
is the ``op`` of the plain one with ``forced``. Snapshots are named by id. The JSON
form is a flat object with the key ``op``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, get_args

if TYPE_CHECKING:  # these modules import this one
    from snaptree.spec.observation import Observation
    from snaptree.spec.outcomes import Outcome
    from snaptree.spec.profiles import Profile
    from snaptree.spec.state import Domain

ResumeAs = Literal["running", "paused", "off"]
RESUME_AS: Final[tuple[ResumeAs, ...]] = get_args(ResumeAs)


@dataclass(frozen=True, slots=True)
class Operation:
    """The parts of every operation: the name of its call, its JSON form, and the request to a driver.

    ``snaptree.spec.semantics.step`` defines the meaning of an operation. A call of another API has its
    meaning in ``outcome``, and overrides the reading of its answer.
    """

    op: ClassVar[str]
    call: ClassVar[str]
    """The driver call, and the claim in a profile, that this operation needs."""
    forced: ClassVar[bool] = False
    reads_only: ClassVar[bool] = False
    creates: ClassVar[bool] = False
    __match_args__: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        if "op" in vars(cls) and "call" not in vars(cls):
            cls.call = cls.op

    def to_json(self) -> dict[str, Any]:
        """A flat JSON object; arguments that have their default are left out."""
        record: dict[str, Any] = {"op": self.op}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING or value != field.default:
                record[field.name] = value
        return record

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of the driver call, snapshots by the model's ids."""
        names = self.__match_args__
        return {name: getattr(self, name) for name in names} if names else {}

    def request(self, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The method of a driver's domain that carries the call out, and its keyword arguments."""
        return self.call, arguments

    def outcome(self, domain: Domain, profile: Profile) -> Outcome:
        """The outcome of a call of another API. Only ``step`` calls it."""
        raise NotImplementedError(f"{self.op} has no meaning of its own: ask snaptree.spec.semantics.step")

    def read_refusal(
        self, before: Domain, outcome: Outcome, kind: str, error: Mapping[str, Any] | None
    ) -> tuple[Outcome, str | None]:
        """The expected outcome to compare a refusal with, and its kind according to the native ``error``.

        No kind means that the documentation lists this error for no refusal of this call.
        """
        return outcome, kind

    def agrees(self, wanted: Any, seen: Any, before: Domain) -> bool:
        """Whether a result is the expected one, as far as the specification promises it."""
        return bool(wanted == seen)

    def is_void(self, result: Any) -> bool:
        """Whether a call for which no result is specified returned none."""
        return result is None

    def shows_nothing(self, after: Domain, seen: Observation) -> bool:
        """Whether a domain that is seen in this power state may as well not exist."""
        return False

    def wrong_event(self, before: Domain, after: Domain, events: Iterable[Any]) -> tuple[str, str] | None:
        """The events that this call should have produced, and those seen; None if they are right."""
        return None


@dataclass(frozen=True, slots=True)
class OnSnapshot(Operation):
    """An operation that names one snapshot."""

    snapshot: str


def target_of(operation: Operation) -> str | None:
    """The snapshot that an operation names, or None."""
    return getattr(operation, "snapshot", None)


SNAPSHOT_ARGUMENTS: Final = ("snapshot", "parent")
"""The arguments of operations that are ids of snapshots."""


def snapshots_of(operation: Operation) -> tuple[str, ...]:
    """Every snapshot that an operation names."""
    named = (getattr(operation, key, None) for key in SNAPSHOT_ARGUMENTS)
    return tuple(snapshot for snapshot in named if snapshot is not None)


def with_ids(operation: Operation, ids: Mapping[str, str]) -> Operation:
    """The operation with the snapshots that it names by other ids, where ``ids`` has another."""
    named = ((key, getattr(operation, key, None)) for key in SNAPSHOT_ARGUMENTS)
    changed = {key: ids[old] for key, old in named if old is not None and ids.get(old, old) != old}
    return replace(operation, **changed) if changed else operation


class _Forceable(type):
    """The type of a call that has a forced variant: ``Discard(s, forced=True)`` is ``DiscardForced(s)``.

    This keeps the notation from before the two became types.
    """

    op: str

    def __call__(cls, *arguments: Any, forced: bool = False, **named: Any) -> Any:
        kind = FORCED[cls.op] if forced else cls
        return type.__call__(kind, *arguments, **named)


@dataclass(frozen=True, slots=True)
class ForcedDelete(OnSnapshot):
    """A delete that destroys the casualties for which the plain one is refused, the active state included.

    If the active state is a casualty, it is reset, and off unless ``resume_as`` asks otherwise.
    """

    forced: ClassVar[bool] = True
    resume_as: ResumeAs | None = None

    def to_json(self) -> dict[str, Any]:
        record = {"op": self.op, "snapshot": self.snapshot, "forced": True}
        return record if self.resume_as is None else {**record, "resume_as": self.resume_as}


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
    """Replace the active state by the content of the snapshot; the old active state is lost."""

    op: ClassVar[str] = "revert"
    resume_as: ResumeAs | None = None


@dataclass(frozen=True, slots=True)
class MergeIntoChildren(OnSnapshot):
    """Remove a snapshot; its children and the active state keep their content."""

    op: ClassVar[str] = "merge_into_children"


@dataclass(frozen=True, slots=True)
class MergeIntoParent(OnSnapshot, metaclass=_Forceable):
    """Let the parent's point become this snapshot's point, and remove this one."""

    op: ClassVar[str] = "merge_into_parent"


@dataclass(frozen=True, slots=True)
class MergeIntoParentForced(ForcedDelete):
    """Merge a snapshot into its parent, and destroy all else that depends on the parent."""

    op: ClassVar[str] = "merge_into_parent"
    call: ClassVar[str] = "merge_into_parent_forced"


@dataclass(frozen=True, slots=True)
class Discard(OnSnapshot, metaclass=_Forceable):
    """Remove a snapshot on which nothing depends."""

    op: ClassVar[str] = "discard"


@dataclass(frozen=True, slots=True)
class DiscardForced(ForcedDelete):
    """Remove a snapshot, and destroy all that depends on it."""

    op: ClassVar[str] = "discard"
    call: ClassVar[str] = "discard_forced"


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
    """Continue a paused domain."""

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
class Undefine(Operation, metaclass=_Forceable):
    """Remove a domain that has no snapshots and no managed-save image."""

    op: ClassVar[str] = "undefine"


@dataclass(frozen=True, slots=True)
class UndefineForced(Operation):
    """Remove the domain with every snapshot and the managed-save image."""

    op: ClassVar[str] = "undefine"
    call: ClassVar[str] = "undefine_forced"
    forced: ClassVar[bool] = True

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op, "forced": True}


# --- the active state -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteDisk(Operation):
    """Set the 512 bytes of block k of a disk to one value (0 to 255)."""

    op: ClassVar[str] = "write_disk"
    disk: str
    block: int
    value: int


@dataclass(frozen=True, slots=True)
class WriteBlocks(Operation):
    """Write several blocks of one disk in one call: the same in meaning as one ``WriteDisk`` for each.

    It is no operation of its own: the chapters and a profile's claims speak of ``write_disk``, and a driver
    without the optional call ``write_blocks`` gets the single calls. Nothing is written if one of them would
    be refused. ``blocks`` are pairs of block and value; in JSON an object, as a disk is observed.
    """

    op: ClassVar[str] = "write_blocks"
    call: ClassVar[str] = "write_disk"
    disk: str
    blocks: tuple[tuple[int, int], ...]

    def single_writes(self) -> tuple[WriteDisk, ...]:
        """The calls that it stands for."""
        return tuple(WriteDisk(self.disk, block, value) for block, value in self.blocks)

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op, **self.arguments()}

    def arguments(self) -> dict[str, Any]:
        return {"disk": self.disk, "blocks": {str(block): value for block, value in self.blocks}}

    def request(self, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return self.op, arguments

    @staticmethod
    def from_json(disk: str, blocks: Any) -> WriteBlocks:
        """Raises ValueError for blocks that are no object from decimal numbers to numbers."""
        if not isinstance(blocks, dict):
            raise ValueError(f"operation write_blocks: blocks is an object, not {blocks!r:.100}")
        wrong = [key for key in blocks if not (key.isascii() and key.isdigit() and len(key) <= 9)]
        if wrong:
            raise ValueError(f"operation write_blocks: {wrong[0]!r:.100} is no number of a block")
        _check_type("write_blocks", "disk", disk, "str")
        for value in blocks.values():
            _check_type("write_blocks", "the value of a block", value, "int")
        return WriteBlocks(disk, tuple((int(block), value) for block, value in blocks.items()))


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
    """The id of the snapshot with a name."""

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
    """The number of listed snapshots."""

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
"""The operations by their ``op``; ``FORCED`` has the forced variants."""

COMBINED: Final[dict[str, type[Operation]]] = {WriteBlocks.op: WriteBlocks}
"""Several operations in one call, by ``op``. The suite makes and records them; no profile claims them."""

FORCED: Final[dict[str, type[Operation]]] = {
    kind.op: kind for kind in (MergeIntoParentForced, DiscardForced, UndefineForced)
}
"""The forced variants by their ``op``, which is that of the plain operation."""

KINDS: Final[dict[str, type[Operation]]] = {
    kind.call: kind for kind in (*OPERATIONS.values(), *FORCED.values())
}
"""Every operation by its ``call``."""

CALLS: Final[tuple[str, ...]] = tuple(KINDS)
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
    if kind.op in FORCED and arguments.pop("forced", False):
        kind = FORCED[kind.op]
    elif issubclass(FORCED.get(kind.op, Operation), ForcedDelete):
        _drop_ignored(op, arguments)
    wanted = {field.name: field for field in fields(kind)}
    unknown = sorted(set(arguments) - set(wanted))
    missing = [name for name, field in wanted.items() if field.default is MISSING and name not in arguments]
    if unknown or missing:
        wrong = [f"unknown argument {name!r}" for name in unknown]
        wrong += [f"missing argument {name!r}" for name in missing]
        raise ValueError(f"operation {op}: {', '.join(wrong)}")
    if kind is WriteBlocks:
        return WriteBlocks.from_json(**arguments)
    for name, value in arguments.items():
        _check_type(op, name, value, str(wanted[name].type))
    return kind(**arguments)


def _drop_ignored(op: object, arguments: dict[str, Any]) -> None:
    """Drop the ``resume_as`` that older traces have in a plain delete, which resumes nothing.

    Raises ValueError for one that is no power state: an argument is not ignored before it was looked at.
    """
    asked = arguments.pop("resume_as", None)
    if asked is not None and asked not in RESUME_AS:
        known = ", ".join(RESUME_AS)
        raise ValueError(f"operation {op}: resume_as is {known} or null, not {asked!r:.60}")


_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "str": (str, "text"),
    "ResumeAs": (str, "text"),
    "int": (int, "a whole number"),
    "bool": (bool, "true or false"),
}
"""The type of an argument by its annotation, and the words for it."""


def _check_type(op: str, name: str, value: object, annotation: str) -> None:
    """Raise ValueError for an argument of another type than its operation declares."""
    base, _, optional = annotation.partition(" | ")
    wanted, words = _TYPES[base]
    if optional and value is None:
        return
    if op == Configure.op and isinstance(value, int):
        return  # as older traces have it
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        null = " or null" if optional else ""
        raise ValueError(f"operation {op}: {name} is {words}{null}, not {value!r:.60}")
