"""Hypervisors whose state is right and whose answer is not, and one that is right and tells little."""

from __future__ import annotations

from typing import Any

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks, conforms
from snaptree.spec.outcomes import Busy


@breaks("CONCUR-2")
class BusyAfterStart(SimulatedDomain):
    """It is busy for one call after a start, though nobody else calls."""

    starting = False

    def start(self) -> None:
        super().start()
        self.starting = True

    def _wait(self) -> None:
        if self.starting:
            self.starting = False
            raise Busy("the guest is starting")

    def create(self, *args: Any, **asked: Any) -> str:
        self._wait()
        return super().create(*args, **asked)

    def revert(self, *args: Any, **asked: Any) -> Any:
        self._wait()
        return super().revert(*args, **asked)

    def stop(self) -> None:
        self._wait()
        super().stop()

    def rename(self, *args: Any, **asked: Any) -> Any:
        self._wait()
        return super().rename(*args, **asked)


@breaks("LIST-6", "LIST-1")
class ChildrenByAge(SimulatedDomain):
    """It gives the children of a snapshot with the youngest first."""

    def children(self, snapshot: str | None = None) -> list[str]:
        return super().children(snapshot)[::-1]


@breaks("REVERT-14", "REVERT-13")
class ResumedRunningIsPaused(SimulatedDomain):
    """It pauses a domain that a revert was asked to resume as running."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> Any:
        return super().revert(snapshot, "paused" if resume_as == "running" else resume_as)


@breaks("REFUSE-2")
class UnknownIdFails(SimulatedDomain):
    """It looks ids up in a table without asking whether they are there."""

    def rename(self, snapshot: str, name: str) -> Any:
        self.nodes[snapshot]
        return super().rename(snapshot, name)


@conforms()
class OneTimeForAll(SimulatedDomain):
    """Its clock stands still: every snapshot has the same time of capture."""

    def observe(self) -> Any:
        seen = super().observe()
        shown = [{**entry, "captured": "2010-03-29T00:00:00Z"} for entry in seen["snapshots"]]
        return {**seen, "snapshots": shown}
