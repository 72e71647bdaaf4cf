"""A renaming of everything that the specification has no opinion about, applied to all that it speaks of."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from rpds import HashTrieMap, HashTrieSet

from snaptree.spec.operations import Configure, Operation, WriteBlocks, WriteMemory
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.state import Disk, Domain, Point, Snapshot

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Renaming:
    """Permutations, each of what it lists; all else stays. ``texts`` are values of the configuration, and
    ``ages`` places in the order of creation.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    uuids: Mapping[str, str] = field(default_factory=dict)
    disks: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[int, int] = field(default_factory=dict)
    values: Mapping[int, int] = field(default_factory=dict)
    memory: Mapping[int, int] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    ages: Mapping[int, int] = field(default_factory=dict)

    def of_domain(self, domain: Domain) -> Domain:
        """The domain in the other names."""
        snapshots = {self._id(one.id): self._snapshot(one) for one in domain.snapshots.values()}
        children: dict[str | None, tuple[str, ...]] = {}
        for parent, family in domain.children.items():
            here = parent if parent is None else self._id(parent)
            children[here] = tuple(sorted(map(self._id, family), key=lambda one: snapshots[one].serial))
        image = domain.managed_save
        return replace(
            domain,
            base=self._point(domain.base),
            active=self._point(domain.active),
            current=None if domain.current is None else self._id(domain.current),
            snapshots=HashTrieMap(snapshots),
            children=HashTrieMap(children),
            names=HashTrieMap(
                {
                    _in(self.names, name): tuple(map(self._id, bearers))
                    for name, bearers in domain.names.items()
                }
            ),
            uuids=HashTrieMap({_in(self.uuids, uuid): self._id(one) for uuid, one in domain.uuids.items()}),
            retired=HashTrieMap({self._id(one.id): self._snapshot(one) for one in domain.retired.values()}),
            managed_save=image and replace(image, memory=self._memory(image.memory)),
            independent=self._disks(domain.independent),
            issued=HashTrieSet(_in(self.uuids, one) for one in domain.issued),
        )

    def of_operation(self, operation: Operation) -> Operation:
        """The operation that asks for the same in the other names."""
        if isinstance(operation, WriteBlocks):
            pairs = tuple(
                (_in(self.blocks, block), _in(self.values, value)) for block, value in operation.blocks
            )
            return WriteBlocks(_in(self.disks, operation.disk), pairs)
        by: dict[str, Mapping[Any, Any]] = {
            "snapshot": self.ids, "name": self.names, "description": self.descriptions, "uuid": self.uuids,
            "disk": self.disks, "block": self.blocks, "key": self.keys, "value": self._values_of(operation),
        }  # fmt: skip
        named = {one.name: getattr(operation, one.name) for one in fields(operation) if one.name in by}
        return replace(operation, **{key: _in(by[key], value) for key, value in named.items()})

    def of_outcome(self, outcome: Outcome) -> Outcome:
        """The answer, and the domain after it, in the other names."""
        if isinstance(outcome, Accepted):
            return Accepted(self._result(outcome.result), self.of_domain(outcome.domain))
        lost = outcome.casualties
        return replace(
            outcome,
            casualties=lost and replace(lost, snapshots=tuple(map(self._id, lost.snapshots))),
        )

    def _values_of(self, operation: Operation) -> Mapping[Any, Any]:
        if isinstance(operation, Configure):
            return self.texts
        return self.memory if isinstance(operation, WriteMemory) else self.values

    def _result(self, result: Any) -> Any:
        if isinstance(result, list):
            return [self._id(one) for one in result]
        return self._id(result) if isinstance(result, str) else result

    def _id(self, snapshot: str) -> str:
        return _in(self.ids, snapshot)

    def _snapshot(self, one: Snapshot) -> Snapshot:
        return Snapshot(
            id=self._id(one.id),
            serial=_in(self.ages, one.serial),
            name=_in(self.names, one.name),
            description=_in(self.descriptions, one.description),
            uuid=_in(self.uuids, one.uuid),
            parent=None if one.parent is None else self._id(one.parent),
            captured=_in(self.ages, one.captured),
            point=self._point(one.point),
        )

    def _point(self, point: Point) -> Point:
        entries = {_in(self.keys, key): _in(self.texts, text) for key, text in point.configuration.items()}
        return replace(
            point,
            disks=self._disks(point.disks),
            memory=self._memory(point.memory),
            configuration=HashTrieMap(entries),
        )

    def _memory(self, memory: Any) -> Any:
        return _in(self.memory, memory) if isinstance(memory, int) else memory

    def _disks(self, disks: Mapping[str, Disk]) -> HashTrieMap[str, Disk]:
        return HashTrieMap({_in(self.disks, name): self._disk(disk) for name, disk in disks.items()})

    def _disk(self, disk: Disk) -> Disk:
        blocks = {_in(self.blocks, block): _in(self.values, value) for block, value in disk.blocks.items()}
        return Disk(disk.size, HashTrieMap(blocks))


def _in(permutation: Mapping[K, K], one: K) -> K:
    return permutation.get(one, one)


def facts(outcome: Outcome) -> Outcome:
    """The outcome in a form to compare: who bears a name is a set, whatever the order of coming by it."""
    if not isinstance(outcome, Accepted):
        return outcome
    names = {name: tuple(sorted(bearers)) for name, bearers in outcome.domain.names.items()}
    families = {parent: family for parent, family in outcome.domain.children.items() if family}
    domain = replace(outcome.domain, names=HashTrieMap(names), children=HashTrieMap(families))
    return Accepted(outcome.result, domain)


def differ(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes differ. Not with !=, which rpds (seen: 2026.9) answers wrongly for maps."""
    same: bool = facts(one) == facts(other)
    return not same
