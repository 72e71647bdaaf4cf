"""Random walks on the model and on the second reading at once, compared after every call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

from .calls import draw
from .choices import left_out
from .machine import STRIDE, Machine, Refused

Model = Callable[[Domain, Operation, Profile], Outcome]

DISKS: Final = {"vda": 4 * STRIDE, "vdb": 4 * STRIDE}


@dataclass
class Walk:
    """A model and a machine that were asked the same, and what ids, uuids and captures of each mean."""

    profile: Profile
    persistent: bool = True
    model: Model = step
    ids: dict[str, str] = field(default_factory=dict)
    bearers: dict[str, str] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)
    captures: dict[int, int] = field(default_factory=dict)
    asked: list[Operation] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.domain: Domain = blank_domain(DISKS, persistent=self.persistent)
        self.machine = Machine(self.profile, DISKS, self.persistent)

    def ask(self, operation: Operation) -> str | None:
        """Make one call on both; what differs, in words, or None."""
        target = getattr(operation, "snapshot", None)
        mine = operation
        if target is not None:
            # Where the name is the identity, the id of a snapshot that is gone may mean a newer one.
            known = self.ids.get(target, target)
            known = known if self.bearers.get(known, target) == target else target
            mine = replace(operation, snapshot=known)  # type: ignore[call-arg]
        choice = left_out(self.machine, mine)
        if choice is not None:
            self.left_out[choice.reason] += 1
            if choice.what == "call":
                return None
        self.asked.append(operation)
        outcome = self.model(self.domain, operation, self.profile)
        try:
            result = self.machine.ask(mine)
        except Refused as refusal:
            if isinstance(outcome, Accepted):
                return f"the model accepts, the reading refuses as {refusal}"
            self.refused.update(refusal.kinds)
            if choice is not None:
                missing = choice.kind not in outcome.kinds or choice.kind not in refusal.kinds
                return f"{choice.kind} is missing: {set(outcome.kinds)}, {refusal}" if missing else None
            if outcome.kinds != refusal.kinds:
                return f"the model refuses as {', '.join(sorted(outcome.kinds))}, the reading as {refusal}"
            lost = (
                None
                if outcome.casualties is None
                else {self.ids.get(one, one) for one in outcome.casualties.to_json()}
            )
            return None if lost == refusal.casualties else f"casualties {lost}, {refusal.casualties}"
        if not isinstance(outcome, Accepted):
            return f"the model refuses as {', '.join(sorted(outcome.kinds))}, the reading accepts"
        self.accepted[operation.call] += 1
        self.domain = outcome.domain
        if operation.creates and (wrong := self._pair(outcome.result, result)):
            return wrong
        if (operation.reads_only and choice is None) and self._called(outcome.result) != result:
            return f"the model gives {self._called(outcome.result)}, the reading {result}"
        seen, read = self._seen(), self._read()
        return next(
            (
                f"{key}: the model has {seen[key]}, the reading {read[key]}"
                for key in seen
                if seen[key] != read[key]
            ),
            None,
        )

    def _pair(self, theirs: str, mine: str) -> str | None:
        """A new snapshot on both sides, with an id and a uuid of its own (NAME-1, NAME-15).

        The model issues ids of its own form under every profile; what they look like is a driver's affair.
        """
        snapshot, read = self.domain.snapshots[theirs], self.machine.snapshots[mine]
        uuid = snapshot.uuid
        others = [one.uuid for one in (*self.domain.snapshots.values(), *self.domain.retired.values())]
        if theirs in self.ids or others.count(uuid) != 1:
            return f"id {theirs} or uuid {uuid} was issued before"
        self.ids[theirs] = mine
        self.bearers[mine] = theirs
        self.uuids[uuid] = read["uuid"]
        self.captures[snapshot.captured] = read["captured"]
        return None

    def _called(self, result: Any) -> Any:
        if isinstance(result, (list, tuple)):
            return [self.ids[one] for one in result]
        return self.ids.get(result, result)

    def _seen(self) -> dict[str, Any]:
        """The whole state of the model in plain values."""
        domain = self.domain
        base: dict[str, Any] = {**domain.base.seen}
        if not domain.defined:
            return {"defined": False}
        return {
            "defined": True,
            "snapshots": [
                (self.ids[one.id], one.name, one.description, self.uuids[one.uuid], self._called(one.parent),
                 self.captures[one.captured], one.point.seen)
                for one in domain.in_order()
            ],
            "current": self._called(domain.current),
            "retired": sorted(self.ids[one] for one in domain.retired),
            "image": domain.managed_save and (domain.managed_save.memory, domain.managed_save.power),
            "base": {key: base[key] for key in ("disks", "memory", "configuration")},
            "active": domain.active.seen,
            "independent": {name: disk.seen for name, disk in sorted(domain.independent.items())},
        }  # fmt: skip

    def _read(self) -> dict[str, Any]:
        """The same of the second reading."""
        machine = self.machine
        if not machine.defined:
            return {"defined": False}
        base = _plain(machine.base)
        return {
            "defined": True,
            "snapshots": [
                (here, one["name"], one["description"], one["uuid"], one["parent"], one["captured"],
                 _plain(one["point"]))
                for here, one in machine.snapshots.items()
            ],
            "current": machine.current,
            "retired": sorted(one.rstrip("'") for one in machine.retired),
            "image": machine.image and (machine.image["memory"], machine.image["power"]),
            "base": {key: base[key] for key in ("disks", "memory", "configuration")},
            "active": _plain(machine.active),
            "independent": {name: _plain_disk(disk) for name, disk in machine.independent.items()},
        }  # fmt: skip


def _plain(point: dict[str, Any]) -> dict[str, Any]:
    return {**point, "disks": {name: _plain_disk(disk) for name, disk in point["disks"].items()}}


def _plain_disk(disk: dict[str, Any]) -> dict[str, Any]:
    """A block that reads zero is one that was never written."""
    return {
        "size": disk["size"],
        "blocks": {str(block): value for block, value in disk["blocks"].items() if value},
    }


def follow(
    profile: Profile, codes: Sequence[int], *, persistent: bool = True, model: Model = step
) -> tuple[Walk, str | None]:
    """A walk, one call a code, up to the first difference. A code means the same call in the same state."""
    walk = Walk(profile, persistent, model)
    for code in codes:
        difference = walk.ask(draw(Random(code), walk.domain, walk.profile))
        if difference is not None:
            return walk, difference
    return walk, None


def smallest(
    profile: Profile, codes: Sequence[int], *, persistent: bool = True, model: Model = step
) -> tuple[Walk, str | None]:
    """The walk without every call that the difference does not need."""
    kept = list(codes)
    for place in reversed(range(len(kept))):
        fewer = kept[:place] + kept[place + 1 :]
        if follow(profile, fewer, persistent=persistent, model=model)[1] is not None:
            kept = fewer
    return follow(profile, kept, persistent=persistent, model=model)


def codes_of(profile: Profile, seed: int, length: int) -> tuple[list[int], bool]:
    """The codes of a walk, always the same ones for a seed, and whether its domain is persistent."""
    random = Random(f"{seed} {profile.name}")
    transient = profile.offers("transient") and random.random() < 0.15
    return [random.randrange(2**32) for _ in range(length)], not transient
