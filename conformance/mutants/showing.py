"""Hypervisors whose storage is right, and whose adapter shows or returns what is no such thing."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.driver import NotObserved
from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks

LOOKS = 4
"""Looks at a domain that are answered well before the fault begins."""


class Fading(SimulatedDomain):
    """Its first looks are answered well."""

    looks = 0

    def fades(self) -> bool:
        """Whether this look is one of those that go wrong; counts it."""
        self.looks += 1
        return self.looks > LOOKS


@breaks("PROFILE-4")
class ShowsNull(Fading):
    """It answers null from the fifth look on."""

    def observe(self) -> Any:
        return None if self.fades() else super().observe()


@breaks("PROFILE-4")
class ShowsList(Fading):
    """It answers a list of snapshots from the fifth look on."""

    def observe(self) -> Any:
        seen = super().observe()
        return [seen] if self.fades() else seen


@breaks("PROFILE-5")
class GoesBlind(Fading):
    """It cannot be observed any more from the fifth look on."""

    def observe(self) -> Any:
        if self.fades():
            raise NotObserved("no longer")
        return super().observe()


@breaks("PROFILE-5")
class LeavesOutMemory(SimulatedDomain):
    """It leaves the memory of its points out, which its profile claims to show."""

    def observe(self) -> Any:
        seen: Any = super().observe()
        shown = [
            {**entry, "point": {key: one for key, one in entry["point"].items() if key != "memory"}}
            for entry in seen["snapshots"]
        ]
        return {**seen, "snapshots": shown}


@breaks("PROFILE-4")
class BytesAsText(SimulatedDomain):
    """It shows sizes of disks as text."""

    def observe(self) -> Any:
        seen: Any = super().observe()
        disks = {name: {**disk, "size": str(disk["size"])} for name, disk in seen["active"]["disks"].items()}
        return {**seen, "active": {**seen["active"], "disks": disks}}


@breaks("PROFILE-4")
class TrueForOne(SimulatedDomain):
    """It shows a block of ones as true, which Python takes for 1."""

    def observe(self) -> Any:
        seen: Any = super().observe()
        disks = {
            name: {
                **disk,
                "blocks": {block: True if byte == 1 else byte for block, byte in disk["blocks"].items()},
            }
            for name, disk in seen["active"]["disks"].items()
        }
        return {**seen, "active": {**seen["active"], "disks": disks}}


@breaks("PROFILE-4")
class NoTimeAtAll(SimulatedDomain):
    """It shows null for every time of capture."""

    def observe(self) -> Any:
        seen: Any = super().observe()
        return {**seen, "snapshots": [{**entry, "captured": None} for entry in seen["snapshots"]]}


@breaks("PROFILE-4")
class ReturnsTask(SimulatedDomain):
    """Its revert returns a task, where no result is declared."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> Any:
        super().revert(snapshot, resume_as)
        return {"task": 7}


@breaks("TREE-4")
class ListsAsTuple(SimulatedDomain):
    """Its list of snapshots is a tuple, which no other process can return."""

    def list(self) -> Any:
        return tuple(super().list())


class Untold(Exception):
    """An exception whose text cannot be read."""

    def __str__(self) -> str:
        raise ValueError("no text")


@breaks("TREE-4")
class FailsWithoutText(SimulatedDomain):
    """Its rename fails with an exception whose text cannot be read."""

    def rename(self, snapshot: str, name: str) -> None:
        raise Untold(snapshot, name)


@breaks("PROFILE-4")
class DigestsInList(SimulatedDomain):
    """Its digests are a list."""

    def digests(self) -> Any:
        return [[disk] for disk in self.open]
