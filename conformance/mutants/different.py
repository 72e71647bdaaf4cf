"""Hypervisors that nobody may blame: they look odd and do what the specification says."""

from __future__ import annotations

import time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import conforms
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
    """It shows more than anybody asked for, of itself and of each snapshot."""

    def observe(self) -> dict[str, Any]:
        seen = super().observe()
        shown = [{**entry, "host": "there", "usage": None} for entry in seen["snapshots"]]
        return {**seen, "snapshots": shown, "uptime": 17}


@conforms()
class TimesAreTexts(SimulatedDomain):
    """It tells the time of capture as a text: any value will do that stays with the point."""

    def observe(self) -> dict[str, Any]:
        seen = super().observe()
        shown = [{**entry, "captured": f"tick {entry['captured']}"} for entry in seen["snapshots"]]
        return {**seen, "snapshots": shown}


@conforms()
class UuidsHashed(SimulatedDomain):
    """It makes up uuids in a way of its own."""

    def create(self, *args: Any, **asked: Any) -> str:
        made_up = str(uuid5(NAMESPACE_URL, f"snapshot {self.made}"))
        return super().create(*args, **{**asked, "uuid": asked.get("uuid") or made_up})


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
class Talkative(SimulatedDomain):
    """Its calls return something where nothing is promised, and take their time."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> Any:
        super().revert(snapshot, resume_as)
        time.sleep(0.001)
        return {"task": 7, "state": "done"}


@conforms()
class OffWithoutMemory(SimulatedDomain):
    """It records *off* for a point without memory, as vSphere documents: that is information only."""

    def observe(self) -> dict[str, Any]:
        seen = super().observe()
        shown = []
        for entry in seen["snapshots"]:
            point = entry["point"]
            power = "off" if point["memory"] is None else point["power"]
            shown.append({**entry, "point": {**point, "power": power}})
        return {**seen, "snapshots": shown}
