"""Sequences on which profiles disagree, computed by the model: the shortest for each kind of disagreement.

They come from the same sources as the sequences of a run: every move from every small state on which two
profiles still agree, the chapters' examples, random sequences, and trees that reach a limit. Nothing here
calls a hypervisor; ``seeing`` runs the witnesses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Final

from snaptree.conformance.comparing.portrait import common_parts, portrait
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.examples import example_sequences
from snaptree.conformance.methods.graph import UNUSED, Scope, moves
from snaptree.conformance.methods.sampled import BYTES, Decoder
from snaptree.conformance.sequences.running import Recorded, smallest
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation, with_ids
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.semantics import step
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import Domain, blank_domain

SCOPES: Final[tuple[tuple[Scope, int], ...]] = (("tree", 3), ("storage", 2), ("power", 1))
"""Graphs whose every move is tried on two profiles, with the most snapshots of a state."""

RANDOM: Final = 400
"""Random sequences for each pair."""

LONGEST: Final = 30
"""Steps of a random sequence."""

MOST_CREATED: Final = 300
"""Snapshots in a witness that reaches a limit; such a chain is as short as it can be."""

Way = tuple[Operation, ...]

Key = tuple[object, ...]
"""In what way profiles disagree: the call with what else it was asked, and what each answers."""


_Both = tuple[Domain, Domain]


@dataclass(frozen=True)
class Disagreement:
    """A sequence whose last call two profiles answer differently."""

    way: Way
    key: Key


def disagreements(profiles: Sequence[Profile], seed: int) -> list[Disagreement]:
    """The shortest sequence found for each way in which any two of the profiles disagree."""
    found: dict[Key, Disagreement] = {}
    for one, other in combinations(profiles, 2):
        for candidate in _Pair(one, other).disagreements(seed):
            known = found.get(candidate.key)
            if known is None or len(candidate.way) < len(known.way):
                found[candidate.key] = candidate
    return sorted(found.values(), key=lambda one: (len(one.way), str(one.key)))


@dataclass(frozen=True)
class _Followed:
    """A sequence on two profiles, up to the first call that they answer differently."""

    taken: tuple[Recorded, ...]
    key: Key | None

    @property
    def way(self) -> Way:
        return tuple(one.operation for one in self.taken)


class _Pair:
    """Two profiles side by side."""

    def __init__(self, one: Profile, other: Profile) -> None:
        self._profiles = (one, other)
        self._parts = common_parts(one, other)

    def disagreements(self, seed: int) -> Iterator[Disagreement]:
        """One for each way in which the two disagree, made small."""
        known: set[Key] = set()
        for followed in self._candidates(seed):
            key = followed.key
            if key is not None and key not in known:
                known.add(key)
                yield self._made_small(followed, key)

    def _candidates(self, seed: int) -> Iterator[_Followed]:
        for scope, bound in SCOPES:
            yield from self._explored(scope, bound)
        examples = {way for profile in self._profiles for way in example_sequences(profile)}
        for way in (*sorted(examples, key=lambda way: (len(way), str(way))), *self._limits()):
            yield self._follow(Recorded(one) for one in way)
        for way in self._random(seed):
            yield self._follow(Recorded(one) for one in way)

    def _made_small(self, followed: _Followed, key: Key) -> Disagreement:
        def still(left: Sequence[Recorded]) -> bool:
            again = self._follow(left)
            return again.key == key and len(again.taken) == len(left)

        if len(followed.taken) > LONGEST:
            return Disagreement(followed.way, key)
        short = smallest(followed.taken, still)
        for place, one in enumerate(short):
            # What a random call was given beside its name says nothing, if it goes without.
            if isinstance(one.operation, ops.Create):
                plainer = Recorded(ops.Create(one.operation.name), one.created)
                left = [*short[:place], plainer, *short[place + 1 :]]
                short = left if still(left) else short
        return Disagreement(self._follow(short).way, key)

    def _follow(self, sequence: Iterable[Recorded]) -> _Followed:
        """Take a sequence on both, with the ids of the snapshots created this time."""
        domains = self._fresh()
        ids: dict[str, str] = {}
        taken: list[Recorded] = []
        for one in sequence:
            operation = with_ids(one.operation, ids)
            key, domains = self._append(taken, domains, operation)
            created = taken[-1].created
            if created is not None and one.created is not None:
                ids[one.created] = created
            if key is not None:
                return _Followed(tuple(taken), key)
        return _Followed(tuple(taken), None)

    def _fresh(self) -> _Both:
        domain = blank_domain(DEFAULT_DISKS)
        return domain, domain

    def _append(
        self, taken: list[Recorded], domains: _Both, operation: Operation
    ) -> tuple[Key | None, _Both]:
        """Take a step, and record the snapshot that it created."""
        before = domains[0].serial
        key, domains = self._step(domains, operation)
        created = f"s{domains[0].serial}" if domains[0].serial > before else None
        taken.append(Recorded(operation, created))
        return key, domains

    def _step(self, domains: _Both, operation: Operation) -> tuple[Key | None, _Both]:
        """Both after the operation, and how they disagree about it, if they do."""
        outcomes = (
            step(domains[0], operation, self._profiles[0]),
            step(domains[1], operation, self._profiles[1]),
        )
        one, other = (
            outcome.domain if isinstance(outcome, Accepted) else domain
            for outcome, domain in zip(outcomes, domains, strict=True)
        )
        return self._difference(operation, outcomes, one, other), (one, other)

    def _difference(
        self, operation: Operation, outcomes: tuple[Outcome, Outcome], one: Domain, other: Domain
    ) -> Key | None:
        words = tuple(_word(outcome) for outcome in outcomes)
        pair = (self._profiles[0].name, self._profiles[1].name)
        if not all(profile.claims(operation.call) for profile in self._profiles):
            # Whoever does not offer a call refuses it: it says most where the other accepts.
            return (*pair, operation.call, "accepted" in words) if words[0] != words[1] else None
        if words[0] != words[1]:
            return (*pair, asked(operation), words)
        if not isinstance(outcomes[0], Accepted) or not isinstance(outcomes[1], Accepted):
            return None
        parts = [part for part in self._parts if portrait(one, part) != portrait(other, part)]
        if operation.reads_only and outcomes[0].result != outcomes[1].result:
            parts.append("result")
        return (*pair, asked(operation), tuple(parts)) if parts else None

    def _explored(self, scope: Scope, bound: int) -> Iterator[_Followed]:
        """Every move from every state on which the two agree, nearest first."""
        everything = load_profile("rfc")
        writable = all(profile.claims("write_disk") for profile in self._profiles)
        start = self._fresh()
        waiting: deque[tuple[_Both, tuple[Recorded, ...]]] = deque([(start, ())])
        met = {_shapes(start)}
        while waiting:
            here, way = waiting.popleft()
            for move in moves(here[0], shape_of(here[0]), everything, bound, scope):
                # Writes prepare a state; where one of the two cannot write, no state is prepared.
                every = move.operations(here[0], UNUSED)
                operations = every if writable else every[-1:]
                domains, there, key = here, list(way), None
                for operation in operations:
                    key, domains = self._append(there, domains, operation)
                    if key is not None:
                        yield _Followed(tuple(there), key)
                        break
                if key is None and (shapes := _shapes(domains)) not in met:
                    met.add(shapes)
                    waiting.append((domains, tuple(there)))

    def _random(self, seed: int) -> Iterator[Way]:
        random = Random(seed)
        for number in range(RANDOM):
            profile = self._profiles[number % 2]
            decoder = Decoder(profile)
            domain = blank_domain(DEFAULT_DISKS)
            way: list[Operation] = []
            for _ in range(LONGEST):
                operation = decoder.operation(domain, *random.randbytes(BYTES))
                outcome = step(domain, operation, profile)
                domain = outcome.domain if isinstance(outcome, Accepted) else domain
                way.append(operation)
            yield tuple(way)

    def _limits(self) -> Iterator[Way]:
        for profile in self._profiles:
            for most in (profile.limits.depth, profile.limits.count):
                if most is not None and most < MOST_CREATED:
                    yield tuple(ops.Create(f"n{number}") for number in range(1, most + 2))


def asked(operation: Operation) -> Key:
    """A call without the names in it: two calls that differ in it are two questions."""
    words = ("resume_as", "memory", "quiesce")
    return (operation.call, *(getattr(operation, word, None) for word in words))


def _shapes(domains: _Both) -> Key:
    return tuple(shape_of(domain).key for domain in domains)


def _word(outcome: Outcome) -> str:
    return "accepted" if isinstance(outcome, Accepted) else " or ".join(sorted(outcome.kinds))
