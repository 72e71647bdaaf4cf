"""crashes: every accepted transition of a graph, killed at every moment of its call.

What a kill leaves is opened again, recovered and looked at. It has to be the state before the call or the one
after it, and once the call has returned the one after it; then work goes on. A driver that ``Recovers`` is
recorded, and each prefix of its effects is a moment; what is found is confirmed by a live ``kill -9``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.explorer import Explorer, Prepared, Share
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.moments import Explored, interrupted
from snaptree.conformance.methods.recording import Recording
from snaptree.conformance.methods.scene import Scene


class Crashes(Explorer):
    """Every moment of every accepted transition."""

    name: ClassVar[str] = "crashes"
    title: ClassVar[str] = "a kill at every moment"
    worth: ClassVar[int] = 2

    def scopes(self, bounds: Bounds) -> tuple[tuple[Scope, int], ...]:
        """The graphs of the bounds."""
        return bounds.crash_scopes

    def in_memory(self, scene: Scene, prepared: Prepared) -> Explored:
        """Kill a domain in memory before each of its changes."""
        return interrupted(scene, prepared)

    def recorded(self, recording: Recording, scene: Scene, unit: Share) -> Explored:  # noqa: ARG002 - the same in every share
        """Judge every prefix of the effects, and confirm what was found."""
        explored = recording.explore(scene)
        finding = explored.finding
        if finding is not None and finding.part != "survival" and finding.moment.done:
            live = recording.killed_live(scene, finding.moment.done)
            explored.finding = replace(finding, confirmed=live is not None)
        return explored
