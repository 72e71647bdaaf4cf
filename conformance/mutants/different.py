"""Correct hypervisors that look unusual; the suite must not blame them."""

from __future__ import annotations

import time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from snaptree.conformance.driver import NotObserved
from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import conforms
from snaptree.conformance.mutants.tampering import standing_on
from snaptree.simulator.nodes import Node


@conforms()
class OddIds(SimulatedDomain):
    """Its ids look like paths, names, other ids and accidents: an id is an opaque string."""

    def next_id(self) -> str:
        return f"../s{self.made}\n\u202eactive%s\U0001f4be"


@conforms()
class CasualtiesReversed(SimulatedDomain):
    """It names casualties in another order: no order is promised."""

    def _listed(self, lost: list[Node], active: bool) -> list[str]:
        return super()._listed(lost, active)[::-1]


@conforms()
class NameCheckedFirst(SimulatedDomain):
    """It looks at the name before everything else: where several refusals apply, any of them is right."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        self._free_name(name)
        return super().create(name, *args, **asked)


@conforms()
class MoreToShow(SimulatedDomain):
    """It shows more than anybody asked for, of itself and of each snapshot, under keys of its own."""

    def observe(self) -> Any:
        seen = super().observe()
        shown = [{**entry, "x-host": "there", "x-usage": None} for entry in seen["snapshots"]]
        return {**seen, "snapshots": shown, "x-uptime": 17}


@conforms()
class TimesAreTexts(SimulatedDomain):
    """It tells the time of capture as a text: any value will do that stays with the point."""

    def observe(self) -> Any:
        seen = super().observe()
        shown = [{**entry, "captured": f"tick {entry['captured']}"} for entry in seen["snapshots"]]
        return {**seen, "snapshots": shown}


@conforms()
class UuidsHashed(SimulatedDomain):
    """It makes up uuids in a way of its own."""

    def create(self, *args: Any, **asked: Any) -> str:
        made_up = str(uuid5(NAMESPACE_URL, f"snapshot {self.made}"))
        given = asked.get("uuid")  # an empty one was asked for, and is refused
        return super().create(*args, **{**asked, "uuid": made_up if given is None else given})


@conforms()
class FullCopies(SimulatedDomain):
    """Each of its snapshots is a full copy: where content is stored is its own affair."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        for layer in self.nodes[key].layers.values():
            everything = {int(block): value for block, value in layer.read().items()}
            layer.become(everything, layer.size, None)
        return key


@conforms()
class MemoryFullOfNoise(SimulatedDomain):
    """Its memory holds noise after a boot: what it holds there is unspecified."""

    def start(self) -> None:
        super().start()
        if self.memory == "unspecified":
            self.memory = 137


@conforms()
class TakesItsTime(SimulatedDomain):
    """Its reverts take a while."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        super().revert(snapshot, resume_as)
        time.sleep(0.001)


@conforms()
class SometimesDark(SimulatedDomain):
    """It cannot be observed after each third look, and can a moment later."""

    looks = 0

    def observe(self) -> Any:
        self.looks += 1
        if self.looks % 3 == 0:
            raise NotObserved("not now")
        return super().observe()


@conforms(profile="qemu")
class ShowsWhatItClaims(SimulatedDomain):
    """It leaves out every key that its profile does not claim."""

    def observe(self) -> Any:
        seen: Any = super().observe()
        shown = [{**entry, "point": _with(entry["point"], ("disks", "power"))} for entry in seen["snapshots"]]
        return {
            "snapshots": shown,
            "current": seen["current"],
            "active": _with(seen["active"], ("disks", "power")),
            "base": _with(seen["base"], ("disks",)),
        }


def _with(state: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: state[key] for key in keys}


@conforms()
class OffWithoutMemory(SimulatedDomain):
    """It records *off* for a point without memory, as vSphere documents: that is information only."""

    def observe(self) -> Any:
        seen = super().observe()
        shown = []
        for entry in seen["snapshots"]:
            point = entry["point"]
            power = "off" if point["memory"] is None else point["power"]
            shown.append({**entry, "point": {**point, "power": power}})
        return {**seen, "snapshots": shown}


@conforms(
    settings=("names.policy=replace", "operations.merge_into_children=false", "operations.discard=false")
)
class ReplacesWithoutMerging(SimulatedDomain):
    """It replaces the bearer of a name and claims neither merge nor discard: that is part of create."""


@conforms(settings=("names.policy=replace", "limits.merge_children=1"))
class ReplacesWithinItsLimit(SimulatedDomain):
    """It looks at every limit before it removes anything, where a name in use is replaced."""

    def create(self, name: str, *args: Any, **asked: Any) -> str:
        for bearer in [node for node in self.nodes.values() if node.name == name]:
            self.admit_merge(bearer)
        return super().create(name, *args, **asked)


@conforms(settings=("identity=uuid",))
class UuidIsId(SimulatedDomain):
    """Its ids are the uuids of its snapshots, and none is issued twice."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        node = self.nodes.pop(key)
        node.key = node.uuid
        self.nodes[node.key] = node
        self.touched(node)
        return node.key


@conforms(profile="libvirt")
class NameIsId(SimulatedDomain):
    """Its ids are the names of its snapshots, so that an id may come back with its name."""

    def create(self, *args: Any, **asked: Any) -> str:
        key = super().create(*args, **asked)
        node = self.nodes.pop(key)
        node.key = node.name
        self.nodes[node.key] = node
        self.touched(node)
        return node.key


@conforms(settings=("transient_off=refused",))
class NeverLeavesTransientOff(SimulatedDomain):
    """It refuses a revert that would leave a transient domain off, as libvirt does."""


@conforms(settings=("limits.disk_size=1048576",))
class SmallDisksOnly(SimulatedDomain):
    """It has a largest disk, and says so in its profile."""


@conforms(settings=("memory=never", "revert_with_memory=off"))
class ImageWithoutCapture(SimulatedDomain):
    """It saves memory to an image, and never captures any in a snapshot."""


@conforms(settings=("create_with_managed_save=drops",))
class ImageDroppedFirst(SimulatedDomain):
    """It drops a managed-save image before it captures the disks."""


@conforms(settings=("revert_with_memory=saved",))
class ComesBackSaved(SimulatedDomain):
    """It brings a point with memory back as a managed-save image, except on a transient domain."""


@conforms()
class ClockStandsStill(SimulatedDomain):
    """Its clock stands still: all of its snapshots were captured at the same time."""

    def observe(self) -> Any:
        seen = super().observe()
        return {**seen, "snapshots": [{**entry, "captured": "noon"} for entry in seen["snapshots"]]}


@conforms()
class MergesByCopying(SimulatedDomain):
    """Before a merge it makes a full copy of all that stands on the snapshot, and then just drops that."""

    def merge_into_children(self, snapshot: str) -> None:
        if snapshot in self.nodes:
            for layer in standing_on(self, self.nodes[snapshot]):
                everything = {int(block): value for block, value in layer.read().items()}
                layer.become(everything, layer.size, None)
        super().merge_into_children(snapshot)


class Ids(list[str]):
    """A list of ids of its own kind."""


@conforms()
class ListsOfItsOwn(SimulatedDomain):
    """Its lists are of a class of its own that is a list."""

    def children(self, snapshot: str | None = None) -> list[str]:
        return Ids(super().children(snapshot))
