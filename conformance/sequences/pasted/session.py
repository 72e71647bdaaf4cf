"""A pasted session becomes steps: calls with their answers, and listings as look-ups.

A listing of one tool has an order of its own, so it becomes a count and a look-up of each name: what it shows
is judged, and nothing beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned
from snaptree.conformance.sequences.start import Start, start_of
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain


class PasteError(ValueError):
    """A session that cannot be read; the text says at which line, why, and what to add."""


@dataclass(frozen=True)
class Converted:
    """The steps of a session, the tree that it begins with, and the lines that it was not made of."""

    steps: tuple[tuple[Operation, Answer], ...]
    start: Mapping[str, Any] | None
    ignored: tuple[str, ...]


@dataclass
class Session:
    """The session so far. ``names`` maps a name to the model's id, for a tool that knows only names."""

    profile: Profile
    start: Mapping[str, Any] | None = None
    steps: list[tuple[Operation, Answer]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    former: dict[str, str] = field(default_factory=dict)
    """The name that each renamed snapshot had first: for a tool that shows names alone, it is the id."""

    def __post_init__(self) -> None:
        self.begin(self.start)

    def begin(self, start: Mapping[str, Any] | None) -> None:
        """The session begins with this tree."""
        self.start = start
        begun: Start | None = None if start is None else start_of(start, {})
        self.domain: Domain = blank_domain({}) if begun is None else begun.domain
        self.names = {one.name: one.id for one in self.domain.in_order()}

    def add(self, operation: Operation, answer: Answer) -> None:
        """A call, and what was answered. The model goes on where both accept."""
        self.steps.append((operation, answer))
        outcome = step(self.domain, operation, self.profile)
        if isinstance(answer, Returned) and isinstance(outcome, Accepted):
            self.domain = outcome.domain
            if isinstance(operation, ops.Create):
                self.names[operation.name] = str(outcome.result)

    def snapshot(self, name: str) -> str:
        """The model's id; a name that nothing bears is an id that does not exist."""
        return self.names.get(name, name)

    def shown(self, name: str | None) -> str | None:
        """The id in the recording of the snapshot that has the name now."""
        return None if name is None else self.former.get(name, name)

    def renamed(self, old: str, new: str) -> None:
        """From here on the snapshot has another name."""
        self.names[new] = self.names.pop(old, old)
        self.former[new] = self.former.pop(old, old)

    def bears(self, name: str) -> bool:
        """Whether a snapshot has the name now."""
        return self.names.get(name, "") in self.domain.snapshots

    def one_delete(self, snapshot: str) -> Operation:
        """What a tool with one delete means: a discard where nothing depends on the snapshot."""
        children, active = self.domain.dependents(snapshot)
        return ops.MergeIntoChildren(snapshot) if children or active else ops.Discard(snapshot)

    def listed(self, names: Iterable[str], parents: Mapping[str, str | None] | None = None) -> None:
        """A listing: how many there are, each of them by name, and its parent where that is shown."""
        shown = list(names)
        self.add(ops.Count(), Returned(len(shown)))
        for name in dict.fromkeys(shown):
            self.add(ops.LookupByName(name), Returned(self.shown(name)))
            if parents is not None and name in parents:
                self.add(ops.Parent(self.snapshot(name)), Returned(self.shown(parents[name])))
        for one in list(self.domain.in_order()):
            if one.name not in shown:
                self.add(ops.LookupByName(one.name), Declined("NoSuchSnapshot", text="it is not listed"))

    def converted(self) -> Converted:
        """The session as steps."""
        return Converted(tuple(self.steps), self.start, tuple(self.ignored))


def refusal_of(text: str, kinds: Mapping[str, str], system: str = "libvirt") -> Answer:
    """An error text as a refusal, by the first phrase that it contains; else a failure."""
    lowered = text.lower()
    kind = next((kind for phrase, kind in kinds.items() if phrase in lowered), None)
    return (
        Failed(text) if kind is None else Declined(kind, native={"system": system, "text": text}, text=text)
    )
