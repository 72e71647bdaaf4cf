"""A difference between driver and specification, in the vocabulary of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Final, NamedTuple

from snaptree.conformance.driver import FaultKind, Json
from snaptree.spec.operations import Operation, target_of
from snaptree.spec.state import Domain
from snaptree.spec.text import quoted
from snaptree.spec.vocabulary import relation_of

LONGEST: Final = 400
"""Characters of a text that a difference keeps."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between driver and specification.

    ``where`` is the name of the snapshot, or ``active``, ``base`` or ``domain``; ``expected`` lists
    everything that is allowed. Texts are cut: what a driver says may have any length.
    """

    part: str
    relation: str
    where: str
    expected: tuple[str, ...]
    observed: str

    def __post_init__(self) -> None:
        if max(len(self.where), len(self.observed), *map(len, self.expected)) > LONGEST:
            expected, observed = self.expected, self.observed
            object.__setattr__(self, "where", _cut(self.where))
            object.__setattr__(self, "observed", _cut(observed, *expected))
            object.__setattr__(self, "expected", tuple(_cut(one, observed) for one in expected))


def _cut(text: str, *others: str) -> str:
    """A long text from shortly before the place where it first differs from the others."""
    if len(text) <= LONGEST:
        return text
    alike = min((_alike(text, other) for other in others if other != text), default=0)
    start = max(0, alike - LONGEST // 4)
    cut = text[start : start + LONGEST]
    return f"{'…' if start else ''}{cut}{'…' if start + LONGEST < len(text) else ''} ({len(text)} characters)"


def _alike(one: str, other: str) -> int:
    """How many characters two texts have in common at the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class Viewpoint(NamedTuple):
    """The step before an observation: it gives each snapshot its name and its relation to the target.

    ``before`` and ``after`` are the model's domains before and after the step.
    """

    operation: Operation
    before: Domain
    after: Domain

    def difference(self, part: str, snapshot: str, expected: str, observed: str) -> Difference:
        """A part that differs; ``snapshot`` is a model id, ``active``, ``base`` or ``domain``."""
        if snapshot in ("active", "base", "domain"):
            return Difference(part, snapshot, snapshot, (expected,), observed)
        relation = relation_of(self.before, target_of(self.operation), snapshot)
        bearer = self.after if snapshot in self.after.snapshots else self.before
        return Difference(part, relation, in_names(bearer, snapshot), (expected,), observed)

    def place(self, snapshot: str | None) -> str:
        """The name of a parent or of the current snapshot; ``base`` if there is none."""
        return "base" if snapshot is None else in_words(self.after, snapshot)


def of_target(
    part: str, before: Domain, operation: Operation, expected: tuple[str, ...], observed: str
) -> Difference:
    """A difference in the answer of a call; it concerns the target, or the domain if there is none."""
    target = target_of(operation)
    if target is None:
        return Difference(part, "domain", "domain", expected, observed)
    return Difference(part, "target", in_names(before, target), expected, observed)


def of_domain(part: str, expected: str, observed: str) -> Difference:
    """A difference that concerns no snapshot."""
    return Difference(part, "domain", "domain", (expected,), observed)


PROCESS: Final = "process"
"""The part of a difference that is a fault of the driver's process. No rule speaks of it."""


def of_process(call: str, fault: FaultKind, expected: tuple[str, ...], observed: str) -> Difference:
    """A fault of the driver's process in a call; its kind is the relation, and the call is the place."""
    return Difference(PROCESS, fault, call, expected, observed)


SECOND_LOOK: Final = "second look"
"""The part of a difference between two looks with no call in between."""
OTHER_LOOKS: Final = "other looks"
"""The part of a difference between the same calls with and without looks between them."""


NOTHING_NEW: Final = "no new snapshot"
"""What is expected where the driver lists a snapshot that nobody made."""


def in_words(domain: Domain, value: Json) -> str:
    """Ids replaced by the names of the snapshots, with the id where several bear the name."""
    if isinstance(value, list):
        return "[" + ", ".join(in_words(domain, one) for one in value) + "]"
    if isinstance(value, str) and value in domain.snapshots:
        name = domain.snapshots[value].name
        repeated = len(domain.names.get(name, ())) > 1
        return f"{quoted(name)} (id {value})" if repeated else quoted(name)
    return in_names(domain, value)


def in_names(domain: Domain, value: Json) -> str:
    """Ids replaced by the names of the snapshots, in words."""
    if isinstance(value, list):
        return "[" + ", ".join(in_names(domain, one) for one in value) + "]"
    if isinstance(value, str) and value in domain.snapshots:
        return domain.snapshots[value].name
    return "none" if value is None else str(value)
