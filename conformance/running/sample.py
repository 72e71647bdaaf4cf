"""A sample of the transitions of some graphs, made again on a driver, each on a fresh domain."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.judging.deviations import Deviation, deviation_of
from snaptree.conformance.methods.content import FreshContent
from snaptree.conformance.methods.graph import Scope, graph_of
from snaptree.conformance.methods.histories import Walked, cover
from snaptree.conformance.running.player import Player
from snaptree.spec.profiles import Profile
from snaptree.spec.state import blank_domain


@dataclass(frozen=True)
class Sampled:
    """What was made of how many transitions, by which seed, and what deviated."""

    seed: int
    made: int
    of: int
    deviations: tuple[Deviation, ...]


def replay_sample(
    player: Player, profile: Profile, scopes: Sequence[tuple[Scope, int]], number: int, seed: int | None
) -> Sampled:
    """Make ``number`` transitions, or all if there are fewer, each after the shortest way to its state.

    A seed that is not given is drawn: who wrote a certificate cannot know which transitions are made.
    Raises DriverUnavailable.
    """
    drawn = secrets.randbelow(2**31) if seed is None else seed
    every = [
        (graph_of(profile, bound, scope), code, label)
        for scope, bound in scopes
        for code, leaving in graph_of(profile, bound, scope).edges.items()
        for label in leaving
        if label[0] != "write"
    ]
    chosen = Random(drawn).sample(every, min(number, len(every)))
    deviations: list[Deviation] = []
    for graph, code, label in chosen:
        way = cover(profile, graph.bound, graph.scope)[code]
        blank = Walked((), (), blank_domain(DEFAULT_DISKS), FreshContent(together=False))
        run = player.play(blank.walk(graph, (*way, label)).operations)
        if run.differences:
            deviations.append(deviation_of(run, profile, "replay", flaky=False))
    return Sampled(drawn, len(chosen), len(every), tuple(deviations))
