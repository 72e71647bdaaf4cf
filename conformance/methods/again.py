"""again: every identifier is freed in every way that frees it, used again, and every snapshot is then read.

The natural fault of an adapter is storage that is keyed by a name: ``create a``, ``rename a b``, ``create a``
reads the old content. The graphs give each snapshot a new name, and random sequences use one again by luck.
Here a name, a uuid, both, the id of a disk and a key of the configuration come back with other content;
every snapshot is reverted to, the new bearer goes as well, and every look-up is made. Old content must not
come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.fixed import FixedSequences
from snaptree.conformance.methods.sweep import sweep_of
from snaptree.spec import operations as ops
from snaptree.spec.domains.history import NO_HISTORY, History
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain

Sequence = tuple[Operation, ...]

NAME: Final = "again"
UUID: Final = "5ca1ab1e-0000-4000-8000-00000000a6a1"


def _write(number: int) -> Sequence:
    """Content that tells one state from another, on the disks in turn."""
    disk = ops.WriteDisk("vda", 0, number) if number % 2 else ops.WriteDisk("vdb", 3, number)
    return (disk, ops.Configure("content", f"content {number}"))


def _bearer(name: str, uuid: str | None) -> ops.Create:
    return ops.Create(name, f"the first {name}", uuid=uuid)


def _ways(first: ops.Create) -> Mapping[str, Sequence]:
    """How the first bearer comes and goes, by the way in which it goes."""
    under, above = ops.Create("under"), ops.Create("above")
    return {
        "renamed away": (*_write(1), first, ops.Rename("s1", "another")),
        "merged into children": (*_write(1), first, *_write(2), above, ops.MergeIntoChildren("s1")),
        "merged into children twice": (
            *_write(1), first, *_write(2), above, ops.Revert("s1"), *_write(3), ops.Create("beside"),
            ops.MergeIntoChildren("s1"),
        ),
        "merged into parent": (*_write(1), under, *_write(2), first, ops.MergeIntoParent("s2")),
        "merged into base": (*_write(1), first, ops.MergeIntoParent("s1")),
        "merged into parent by force": (
            *_write(1), under, *_write(2), above, ops.Revert("s1"), *_write(3), first,
            ops.MergeIntoParentForced("s3"),
        ),
        "discarded": (*_write(1), under, *_write(2), first, ops.Revert("s1"), ops.Discard("s2")),
        "forced": (*_write(1), under, *_write(2), first, ops.DiscardForced("s2")),
        "forced with its parent": (
            *_write(1), under, *_write(2), above, *_write(3), first, ops.Revert("s1"),
            ops.DiscardForced("s2"),
        ),
        "casualty of a merge": (
            *_write(1), under, *_write(2), first, ops.Revert("s1"), *_write(3), above,
            ops.MergeIntoParentForced("s3"),
        ),
        "in a subtree": (*_write(1), under, *_write(2), above, *_write(3), first, ops.RemoveSubtree("s2")),
        "below a kept root": (*_write(1), under, *_write(2), first, ops.RemoveSubtree("s1", keep_root=True)),
        "retired": (*_write(1), first, *_write(2), above, ops.Retire("s1")),
        "reclaimed": (*_write(1), first, *_write(2), above, ops.Retire("s1"), ops.Reclaim("s1")),
        "replaced": (*_write(1), first, *_write(2)),
    }  # fmt: skip


@cache
def again_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """Every sequence that the profile claims, and the model accepts up to the last looks."""
    found: dict[Sequence, None] = {}
    for uuid, name, ending in (
        (None, NAME, _nothing), (None, NAME, _discards_new),
        (UUID, NAME, _nothing), (UUID, "other", _nothing),
    ):  # fmt: skip
        again = ops.Create(name, "the second one", uuid=uuid)
        for way in _ways(_bearer(NAME, uuid)).values():
            found.update(dict.fromkeys(_whole(profile, (*way, *_write(7), again, *_write(8)), ending)))
    for disks in _disks():
        found.update(dict.fromkeys(_whole(profile, disks, _nothing)))
    for change in _changes():
        found.update(dict.fromkeys(_asked_before(profile, change)))
    return tuple(found)


def _changes() -> Iterator[Sequence]:
    """The last calls after a sweep, each a change of what look-ups answered before."""
    yield from (
        (ops.Create("later"),), (ops.Revert("s1"),), (ops.Rename("s2", "another"),),
        (ops.Rename("s2", "another"), ops.Rename("s3", "left")),
        (ops.MergeIntoChildren("s1"),), (ops.MergeIntoParent("s4"),), (ops.MergeIntoParentForced("s2"),),
        (ops.Discard("s2"),), (ops.DiscardForced("s3"),), (ops.RemoveSubtree("s3"),),
        (ops.RemoveSubtree("s1", keep_root=True),), (ops.Retire("s1"),),
        (ops.Retire("s4"), ops.Reclaim("s4")),
    )  # fmt: skip


def _asked_before(profile: Profile, change: Sequence) -> Iterator[Sequence]:
    """A change of a tree of four between two sweeps: what a driver keeps of the first shows in the second."""
    tree = (
        ops.Create("root"), ops.Create("left"), ops.Revert("s1"), ops.Create("right"), ops.Create("top"),
    )  # fmt: skip
    before, after = _played(profile, tree), _played(profile, (*tree, *change))
    if before is not None and after is not None:
        yield (*tree, *sweep_of(*before, profile), *change, *sweep_of(*after, profile))


def _played(profile: Profile, operations: Sequence) -> tuple[Domain, History] | None:
    """The state after the operations; None if the model refuses one of them."""
    domain, history = blank_domain(DEFAULT_DISKS), NO_HISTORY
    for operation in operations:
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            return None
        history, domain = history.after(domain, operation, outcome.domain), outcome.domain
    return domain, history


def _nothing(last: str) -> Sequence:  # noqa: ARG001
    return ()


def _discards_new(last: str) -> Sequence:
    """The new bearer goes as well: what it shared with the old one must not go with it."""
    return (ops.Create("later"), ops.MergeIntoChildren(last))


def _disks() -> Iterator[Sequence]:
    """The id of a disk, and a key of the configuration, come back."""
    attach, other = ops.AttachDisk("vdc", 16 * BLOCK_STRIDE), ops.AttachDisk("vdc", 8 * BLOCK_STRIDE)
    old, new = ops.WriteDisk("vdc", 5, 55), ops.WriteDisk("vdc", 6, 66)
    gone: tuple[Sequence, ...] = (
        (attach, old, ops.DetachDisk("vdc")),
        (attach, old, ops.Create("with"), ops.DetachDisk("vdc")),
        (ops.Create("without"), attach, old, ops.Revert("s1")),
        (attach, old, ops.Create("with"), ops.DetachDisk("vdc"), ops.DiscardForced("s1")),
        (attach, old, ops.Create("with"), ops.DetachDisk("vdc"), ops.MergeIntoChildren("s1")),
    )
    for before in gone:
        for second in (attach, other):
            yield (*before, second, ops.Create("empty"), new, ops.Create("written"))
    apart = ops.AttachDisk("vdc", 16 * BLOCK_STRIDE, independent=True)
    yield (attach, old, ops.DetachDisk("vdc"), apart, new, ops.Create("beside"))
    key, no_key = ops.Configure("key0", "old"), ops.Configure("key0", "")
    yield (
        key,
        ops.Create("with"),
        no_key,
        ops.Create("without"),
        ops.Configure("key0", "new"),
        ops.Create("again"),
    )


def _whole(profile: Profile, begun: Sequence, ending: Callable[[str], Sequence]) -> Iterator[Sequence]:
    """The sequence with its ending, every snapshot read, and a sweep; none if the model refuses a call."""
    domain, history = blank_domain(DEFAULT_DISKS), NO_HISTORY
    played: list[Operation] = []

    def play(operations: Sequence) -> bool:
        nonlocal domain, history
        for operation in operations:
            optional = operation.op in ("write_disk", "configure")
            if optional and not profile.claims(operation.call):
                continue  # content that cannot be written from outside
            outcome = step(domain, operation, profile)
            if not isinstance(outcome, Accepted):
                return False
            history = history.after(domain, operation, outcome.domain)
            domain = outcome.domain
            played.append(operation)
        return True

    if not play(begun) or not play(ending(f"s{domain.serial}")):
        return
    for snapshot in domain.in_order():
        play((ops.Revert(snapshot.id),))
    yield (*played, *sweep_of(domain, history, profile))


class Again(FixedSequences):
    """Identifiers that are used again."""

    name: ClassVar[str] = "again"
    noun: ClassVar[str] = "re-use"
    title: ClassVar[str] = "names, uuids and disk ids used again, every snapshot read; look-ups asked again"

    def sequences(self, profile: Profile) -> tuple[Sequence, ...]:
        """``again_sequences``."""
        return again_sequences(profile)
