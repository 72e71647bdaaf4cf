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
from snaptree.conformance.methods.moments import Explored, Finding, interrupted
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
        if explored.finding is not None:
            explored.finding = _confirmed(recording, scene, explored.finding)
            explored.more = tuple(_confirmed(recording, scene, one) for one in explored.more)
        return explored


def _confirmed(recording: Recording, scene: Scene, finding: Finding) -> Finding:
    """The finding, with whether a live kill at its moment shows one as well."""
    if finding.part == "survival" or not finding.moment.done:
        return finding
    live = recording.killed_live(scene, finding.moment.done)
    return replace(finding, confirmed=live is not None)
