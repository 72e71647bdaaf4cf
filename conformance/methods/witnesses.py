"""Witnesses: for each call and outcome that a rule speaks of, the shortest way to a step that shows it.

An example shows a reader one case of a rule. A rule that speaks of twelve calls passes only if each of them
was compared, and the other eleven are found here: the model searches what can be done in the states of the
examples, and one operation further.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.engine.needs import Need, needs_of
from snaptree.spec import operations as ops
from snaptree.spec.laws.menu import fresh_name, menu
from snaptree.spec.libvirt.names import CALL_NAMES
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import rules
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain
from snaptree.spec.vocabulary import Holdings, conditions_of, told_by

Sequence = tuple[Operation, ...]
Begun = tuple[Sequence, bool]
"""A sequence, and whether the domain that it begins with is persistent."""

MOST_STATES: Final = 600
"""States in which the search looks; those of the examples come first."""


class Way(NamedTuple):
    """A state and the operations that lead to it from a fresh domain."""

    operations: Sequence
    domain: Domain


def witnesses(profile: Profile, shown: Iterable[Begun]) -> Iterator[Begun]:
    """Sequences for what the ``shown`` ones leave out, each with whether its domain is persistent.

    A need that no state within the search has is left out.
    """
    search = _Search(profile)
    ways: dict[bool, list[Way]] = {True: [], False: []}
    for sequence, persistent in shown:
        ways[persistent] += search.walk(sequence, persistent=persistent)
    for persistent, found in ways.items():
        for way in _near(profile, found):
            if search.done:
                return
            yield from search.in_state(way, persistent=persistent)
    yield from dict.fromkeys(search.perhaps.values())


class _Search:
    """What is still to be shown under a profile, by call.

    ``perhaps`` has a sequence for each need that is met if the driver gives that one of several right
    refusals.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.perhaps: dict[Need, Begun] = {}
        self._needs: defaultdict[str | None, list[Need]] = defaultdict(list)
        for need in dict.fromkeys(
            need for rule in rules() for need in needs_of(rule, profile) if need.of_step
        ):
            # libvirt's own calls have a graph of their own.
            if need.call not in CALL_NAMES:
                self._needs[need.call].append(need)

    @property
    def done(self) -> bool:
        """Whether everything was shown."""
        return not any(self._needs.values())

    def walk(self, sequence: Sequence, *, persistent: bool) -> Iterator[Way]:
        """The states along a sequence; what it shows is no longer needed."""
        domain = blank_domain(DEFAULT_DISKS, persistent=persistent)
        yield Way((), domain)
        for number, operation in enumerate(sequence, start=1):
            outcome = step(domain, operation, self.profile)
            if len(_words(outcome)) == 1:
                self._take(self._met(domain, operation, outcome))
            if isinstance(outcome, Accepted):
                domain = outcome.domain
                yield Way(sequence[:number], domain)

    def in_state(self, way: Way, *, persistent: bool) -> Iterator[Begun]:
        """The sequences that show something new in a state."""
        for operation in choices(way.domain):
            if not self._needs[operation.call] and not self._needs[None]:
                continue
            outcome = step(way.domain, operation, self.profile)
            met = self._met(way.domain, operation, outcome)
            sequence = (*way.operations, operation)
            if len(_words(outcome)) > 1:
                for need in met:
                    self.perhaps.setdefault(need, (sequence, persistent))
            elif met:
                self._take(met)
                yield sequence, persistent

    def _take(self, met: Iterable[Need]) -> None:
        for need in met:
            self._needs[need.call].remove(need)
            self.perhaps.pop(need, None)

    def _met(self, before: Domain, operation: Operation, outcome: Outcome) -> list[Need]:
        """What a step shows that is still needed."""
        words = _words(outcome)
        needs = self._needs[operation.call] + self._needs[None]
        asked = [need for need in needs if not need.outcomes or any(_is_asked(word, need) for word in words)]
        if not asked:
            return []
        held = conditions_of(before, operation, self.profile)
        asked = [need for need in asked if need.conditions <= held]
        if not asked:
            return []
        told = told_by(before, operation, outcome, held, Holdings(lambda time: time), looked=True)
        return [need for need in asked if any(need.met_by(operation.call, one, told, held) for one in words)]


def _words(outcome: Outcome) -> tuple[str, ...]:
    """What a step counts as, by the answer of a driver that is right."""
    return ("accepted",) if isinstance(outcome, Accepted) else tuple(sorted(outcome.kinds))


def _is_asked(word: str, need: Need) -> bool:
    return word in need.outcomes or ("refused" in need.outcomes and word != "accepted")


def _near(profile: Profile, ways: list[Way]) -> Iterator[Way]:
    """Each state once, then those that are one operation away from it, the shortest way first."""
    met: dict[Domain, Way] = {}
    for way in sorted(ways, key=lambda way: len(way.operations)):
        met.setdefault(way.domain, way)
    yield from met.values()
    for way in list(met.values()):
        for operation in choices(way.domain):
            if len(met) >= MOST_STATES:
                return
            outcome = step(way.domain, operation, profile)
            if isinstance(outcome, Accepted) and outcome.domain not in met:
                further = Way((*way.operations, operation), outcome.domain)
                met[outcome.domain] = further
                yield further


def choices(domain: Domain) -> Iterator[Operation]:
    """What can be asked in a state: the laws' menu, and arguments that are refused or seldom given."""
    yield from menu(domain)
    fresh, disk = fresh_name(domain), next(iter(sorted(domain.active.disks)), "vda")
    yield from _on_disks(domain, disk)
    yield from (ops.WriteMemory(256), ops.Configure("", "value"), ops.Configure("key", ""))
    yield from (ops.Create("1"), ops.Create(fresh, quiesce=True), ops.Create(fresh, "\0"))
    yield ops.Create(fresh, uuid="6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    yield from (ops.LookupByName(name) for name in (*sorted(domain.names), "nobody"))
    for snapshot in (*sorted(domain.snapshots), "nobody"):
        for resume_as in ("flying", "off", "paused"):
            yield ops.Revert(snapshot, resume_as)  # type: ignore[arg-type] # one is no power state
            yield ops.MergeIntoParentForced(snapshot, resume_as)  # type: ignore[arg-type]
            yield ops.DiscardForced(snapshot, resume_as)  # type: ignore[arg-type]
        yield ops.Rename(snapshot, "")
        if snapshot in domain.snapshots:
            yield ops.Rename(snapshot, domain.snapshots[snapshot].name)


def _on_disks(domain: Domain, disk: str) -> Iterator[Operation]:
    size = BLOCK_STRIDE
    yield from (ops.WriteDisk(disk, 0, 256), ops.WriteDisk(disk, 10**6, 1), ops.WriteDisk("vdy", 0, 1))
    yield from (ops.ResizeDisk(disk, size + 1), ops.ResizeDisk(disk, 64 * size), ops.ResizeDisk("vdy", size))
    yield from (ops.DetachDisk("vdy"), ops.AttachDisk("vdz", size + 1), ops.AttachDisk("vdz", size, True))
    yield from (ops.AttachDisk(disk, size), ops.AttachDisk("", size))
    yield from (ops.WriteDisk(other, 0, 9) for other in sorted(domain.independent))
