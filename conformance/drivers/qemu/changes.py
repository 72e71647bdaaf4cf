"""create, revert, rename, describe: from the tree before to the tree after, or refused.

Nothing here touches an image: a refusal cannot have an effect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from uuid import uuid4

from snaptree.conformance.drivers.qemu.tree import Snapshot, Tree
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    NoSuchSnapshot,
    Unsupported,
)
from snaptree.spec.profiles import Profile

MOST_RETIRED_LAYERS: Final = 32
"""How many retired snapshots may keep their layers.

They count for no limit on depth, yet each makes a chain longer, and qemu-io 7.2
dies on a chain of somewhat above 1,000. Beyond this number the next create folds
their layers; the snapshots stay retired.
"""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def find(tree: Tree, snapshot: object) -> Snapshot:
    """The listed snapshot with that id; raises NoSuchSnapshot."""
    found = tree.snapshots.get(snapshot) if isinstance(snapshot, str) else None
    if found is None:
        raise NoSuchSnapshot(f"no snapshot has the id {_shown(snapshot)}")
    return found


def find_by_name(tree: Tree, name: object) -> Snapshot:
    """The listed snapshot with that name; raises NoSuchSnapshot."""
    for snapshot in tree.snapshots.values():
        if snapshot.name == name:
            return snapshot
    raise NoSuchSnapshot(f"no snapshot is named {_shown(name)}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller of create asks for; uuid None asks for a new one."""

    name: str
    description: str
    uuid: str | None
    memory: bool
    quiesce: bool


def create(tree: Tree, profile: Profile, wanted: Wanted, *, now: int) -> tuple[Tree, str]:
    """The active layer becomes the new snapshot's, and a new active layer grows from it.

    ``now`` is the time in microseconds. Returns the tree after and the new id.
    """
    _check_name(tree, profile, wanted.name, bearer=None)
    _check_description(wanted.description)
    if wanted.memory:
        raise InvalidPowerState("the domain is off: it has no memory to capture")
    if wanted.quiesce:
        raise Unsupported("offline images have no guest that could be quiesced")
    if wanted.uuid is not None:
        _check_uuid(tree, wanted.uuid)
    depth = profile.limits.depth
    if depth is not None and next(islice(tree.ancestors(tree.current), depth - 1, None), None) is not None:
        raise LimitExceeded(f"a snapshot here would lie deeper than {depth}")
    snapshot = Snapshot(
        id=f"q{tree.issued + 1}",
        name=wanted.name,
        description=wanted.description,
        uuid=wanted.uuid if wanted.uuid is not None else str(uuid4()),
        parent=tree.current,
        captured=max(now, tree.latest + 1),
        layer=tree.active,
    )
    counted = replace(_with_retired_folded(tree), issued=tree.issued + 1, latest=snapshot.captured)
    return counted.with_snapshot(snapshot).with_fresh_active(snapshot.id), snapshot.id


def revert(tree: Tree, snapshot: str, resume_as: str | None) -> Tree:
    """A new active layer grows from the snapshot; the old one goes."""
    target = find(tree, snapshot)
    check_resume(resume_as)
    return tree.with_fresh_active(target.id)


def rename(tree: Tree, profile: Profile, snapshot: str, name: str) -> Tree:
    """Another name on the same snapshot."""
    target = find(tree, snapshot)
    _check_name(tree, profile, name, bearer=target.id)
    return tree.with_snapshot(replace(target, name=name))


def describe(tree: Tree, snapshot: str, description: str) -> Tree:
    """Another description on the same snapshot."""
    target = find(tree, snapshot)
    _check_description(description)
    return tree.with_snapshot(replace(target, description=description))


def check_resume(resume_as: str | None) -> None:
    """Offline images boot no guest, whatever is asked for."""
    if resume_as is not None:
        raise Unsupported(f"offline images cannot be resumed as {_shown(resume_as)}")


def _check_name(tree: Tree, profile: Profile, name: str, *, bearer: str | None) -> None:
    if not isinstance(name, str) or not profile.names.allows(name):
        raise InvalidName(f"{_shown(name)} is empty, too long, or holds characters that no name may have")
    if any(other.name == name and other.id != bearer for other in tree.snapshots.values()):
        raise NameInUse(f"another snapshot is named {_shown(name)}")


def _check_description(description: str) -> None:
    if not isinstance(description, str):
        raise InvalidArgument(f"a description is text, not {_shown(description)}")


def _check_uuid(tree: Tree, uuid: str) -> None:
    if not isinstance(uuid, str) or _UUID.fullmatch(uuid) is None:
        raise InvalidArgument(f"{_shown(uuid)} is no uuid in canonical lower-case form")
    borne = {snapshot.uuid for snapshot in tree.snapshots.values()}
    if uuid in borne.union(gone.uuid for gone in tree.retired.values()):
        raise InvalidArgument(f"a snapshot has the uuid {uuid} already")


def _with_retired_folded(tree: Tree) -> Tree:
    stored = [gone for gone in tree.retired.values() if gone.layer is not None]
    if len(stored) < MOST_RETIRED_LAYERS:
        return tree
    return replace(tree, retired={key: replace(gone, layer=None) for key, gone in tree.retired.items()})


def _shown(value: object) -> str:
    """A value in a message, however long it is."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"
