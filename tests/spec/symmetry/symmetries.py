"""The renamings under which the specification is the same, for one domain and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import TypeVar

from snaptree.spec.operations import Operation, ResizeDisk, WriteDisk
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.active_state import is_size
from snaptree.spec.semantics.create import CANONICAL_UUID
from snaptree.spec.semantics.identity import unwritable
from snaptree.spec.state import BLOCK_STRIDE, Disk, Domain, Point

from .renaming import Renaming

T = TypeVar("T", str, int)


def symmetry(random: Random, domain: Domain, operation: Operation, profile: Profile) -> Renaming:
    """Permutations of everything at once, ages apart. What it leaves alone are the classes of the chapter."""
    known = [*domain.snapshots.values(), *domain.retired.values()]
    asked = {key: getattr(operation, key, None) for key in ("name", "uuid", "disk", "key", "description")}
    points = list(_points(domain))
    held = [disk for point in points for disk in point.disks.values()] + [*domain.independent.values()]
    disks = {name for point in points for name in point.disks} | {*domain.independent, asked["disk"] or "vdx"}
    descriptions = {"", "in words", "other words", *(one.description for one in known)}
    uuids = {one.uuid for one in known} | {*domain.issued}
    if asked["uuid"] is not None and CANONICAL_UUID.fullmatch(asked["uuid"]):
        uuids.add(asked["uuid"])
    return Renaming(
        ids=_permuted(random, (f"s{number}" for number in range(1, domain.serial + 1))),
        names=_permuted(
            random, filter(profile.names.allows, {"a", "d", asked["name"] or "d", *domain.names})
        ),
        descriptions=_permuted(random, (one for one in descriptions if not any(unwritable(one, profile)))),
        uuids=_permuted(random, uuids),
        disks=_permuted(random, disks),
        blocks=_permuted(random, range(_shared(held, operation))),
        values=_permuted(random, range(1, 256)),
        memory=_permuted(random, range(256)),
        keys=_permuted(
            random, {"k", asked["key"] or "k", *(key for one in points for key in one.configuration)}
        ),
        texts=_permuted(random, {"1", "2", "3", "4"}),
    )


def other_ages(random: Random, domain: Domain) -> Renaming:
    """Another order of creation of the same tree: a snapshot is older than its children, and that is all."""
    waiting = [*domain.children_of(None), *sorted(domain.retired)]
    known = {**domain.snapshots, **domain.retired}
    order: list[str] = []
    while waiting:
        here = waiting.pop(random.randrange(len(waiting)))
        order.append(here)
        waiting += domain.children_of(here)
    serials = sorted(known[one].serial for one in order)
    return Renaming(ages={known[one].serial: new for one, new in zip(order, serials, strict=True)})


def _permuted(random: Random, items: Iterable[T]) -> Mapping[T, T]:
    ordered = sorted(set(items))
    return dict(zip(ordered, random.sample(ordered, len(ordered)), strict=True))


def _shared(held: Iterable[Disk], operation: Operation) -> int:
    """Blocks that lie within every disk, and within what the operation makes of one."""
    sizes = [disk.size for disk in held]
    if isinstance(operation, ResizeDisk) and is_size(operation.size):
        sizes.append(operation.size)
    fewest = min(sizes, default=0) // BLOCK_STRIDE
    if isinstance(operation, WriteDisk) and not 0 <= operation.block < fewest:
        return 0  # a block that one disk has and another has not
    return fewest


def _points(domain: Domain) -> Iterator[Point]:
    yield from (domain.base, domain.active)
    yield from (one.point for one in (*domain.snapshots.values(), *domain.retired.values()))
