"""power: every accepted transition of a graph, with a loss of power at every moment of its call.

It is done where the profile claims to come through one (``[durability] power``), in the model that the claim
names. What may be left is opened again, recovered and looked at, and work goes on, as after a kill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.explorer import Explorer, Prepared, Share
from snaptree.conformance.methods.graph import Scope
from snaptree.conformance.methods.method import Part
from snaptree.conformance.methods.moments import Explored
from snaptree.conformance.methods.recording import Recording
from snaptree.conformance.methods.scene import Scene
from snaptree.spec.profiles import Profile


class PowerLoss(Explorer):
    """Every loss of power in every accepted transition."""

    name: ClassVar[str] = "power"
    title: ClassVar[str] = "a loss of power at every moment"

    def scopes(self, bounds: Bounds) -> tuple[tuple[Scope, int], ...]:
        """The graphs whose calls are killed."""
        return bounds.crash_scopes

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """None where the profile claims nothing of a loss of power."""
        return super().parts(profile, bounds) if profile.power_loss != "none" else []

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Share]:
        """None where the profile claims nothing of a loss of power."""
        if profile.power_loss != "none":
            yield from (replace(unit, tear=bounds.torn) for unit in super().units(profile, bounds))

    def in_memory(self, scene: Scene, prepared: Prepared) -> Explored:  # noqa: ARG002 - nothing is tried
        """A domain in memory has no storage to lose."""
        return Explored()

    def recorded(self, recording: Recording, scene: Scene, unit: Share) -> Explored:
        """Judge what may be left at every moment."""
        return recording.lose_power(scene, tear=unit.tear)
