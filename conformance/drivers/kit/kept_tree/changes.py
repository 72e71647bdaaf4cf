"""create, revert, rename, describe: from the tree before to the tree after, or refused.

Nothing here touches storage: a refusal cannot have an effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from uuid import uuid4

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.kit.catalogue import excerpt
from snaptree.conformance.drivers.kit.kept_tree.tree import KeptTree, Snapshot
from snaptree.conformance.drivers.kit.uuids import is_uuid
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    Unsupported,
)
from snaptree.spec.profiles import Profile


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What a caller of create asks for; uuid None asks for a new one."""

    name: str
    description: str
    uuid: str | None
    memory: bool
    quiesce: bool


def create(
    tree: KeptTree,
    profile: Profile,
    request: CreateRequest,
    *,
    now: int,
    most_retired: int | None = None,
    any_name: bool = False,
) -> tuple[KeptTree, SnapshotId]:
    """The active layer becomes the new snapshot's, and a new active layer grows from it.

    ``now`` is the time in microseconds. ``most_retired`` is how many retired snapshots may keep their
    layers: from that number on their storage goes now, and they stay retired. With ``any_name`` the backend
    judges the name. The id is the name where the profile says so. Returns the tree after and the new id.
    """
    if not any_name:
        _check_name(tree, profile, request.name, bearer=None)
    _check_description(request.description)
    if request.memory:
        raise InvalidPowerState("the domain is off: it has no memory to capture")
    if request.quiesce:
        raise Unsupported("a domain that is off has no guest that could be quiesced")
    if request.uuid is not None:
        _check_uuid(tree, request.uuid)
    depth = profile.limits.depth
    if depth is not None and next(islice(tree.ancestors(tree.current), depth - 1, None), None) is not None:
        raise LimitExceeded(f"a snapshot here would lie deeper than {depth}")
    snapshot = Snapshot(
        id=request.name if profile.identity == "name" else f"q{tree.issued + 1}",
        name=request.name,
        description=request.description,
        uuid=request.uuid if request.uuid is not None else str(uuid4()),
        parent=tree.current,
        captured=max(now, tree.latest + 1),
        layer=tree.active,
    )
    counted = replace(
        _with_retired_folded(tree, most_retired), issued=tree.issued + 1, latest=snapshot.captured
    )
    return counted.with_snapshot(snapshot).with_fresh_active(snapshot.id), snapshot.id


def revert(tree: KeptTree, snapshot: str, resume_as: str | None) -> KeptTree:
    """A new active layer grows from the snapshot; the old one goes."""
    target = tree.node(snapshot)
    check_resume(resume_as)
    return tree.with_fresh_active(target.id)


def rename(tree: KeptTree, profile: Profile, snapshot: str, name: str) -> KeptTree:
    """Another name on the same snapshot."""
    target = tree.node(snapshot)
    _check_name(tree, profile, name, bearer=target.id)
    return tree.with_snapshot(replace(target, name=name))


def describe(tree: KeptTree, snapshot: str, description: str) -> KeptTree:
    """Another description on the same snapshot."""
    target = tree.node(snapshot)
    _check_description(description)
    return tree.with_snapshot(replace(target, description=description))


def check_resume(resume_as: str | None) -> None:
    """Raise Unsupported for any power state: a domain that never runs is not resumed."""
    if resume_as is not None:
        raise Unsupported(f"a domain that never runs cannot be resumed as {excerpt(resume_as)}")


def _check_name(tree: KeptTree, profile: Profile, name: str, *, bearer: str | None) -> None:
    if not isinstance(name, str) or not profile.names.allows(name):
        raise InvalidName(f"{excerpt(name)} is empty, too long, or holds characters that no name may have")
    if any(other.name == name and other.id != bearer for other in tree.snapshots.values()):
        raise NameInUse(f"another snapshot is named {excerpt(name)}")


def _check_description(description: str) -> None:
    if not isinstance(description, str):
        raise InvalidArgument(f"a description is text, not {excerpt(description)}")


def _check_uuid(tree: KeptTree, uuid: str) -> None:
    if not is_uuid(uuid):
        raise InvalidArgument(f"{excerpt(uuid)} is no uuid in canonical lower-case form")
    borne = {snapshot.uuid for snapshot in tree.snapshots.values()}
    if uuid in borne.union(gone.uuid for gone in tree.retired.values()):
        raise InvalidArgument(f"a snapshot has the uuid {uuid} already")


def _with_retired_folded(tree: KeptTree, most: int | None) -> KeptTree:
    stored = [gone for gone in tree.retired.values() if gone.layer is not None]
    if most is None or len(stored) < most:
        return tree
    return replace(tree, retired={key: replace(gone, layer=None) for key, gone in tree.retired.items()})
