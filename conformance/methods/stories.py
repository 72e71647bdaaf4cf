"""stories: short sequences that users of real systems reported, on every driver that they apply to.

``stories.toml`` has them: each with its source and one sentence. The model says whether a story applies to a
profile: it does if each step is accepted or refused as the story says. A faulty system has often failed in
a way that another one failed in before, so these come before anything is drawn.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.fixed import FixedSequences
from snaptree.spec import operations as ops
from snaptree.spec.examples import parse_operation
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

Sequence = tuple[Operation, ...]

WRITE: Final = "write"
MEMORY: Final = "memory"
REFUSED: Final = " !"
EITHER: Final = " ?"


@dataclass(frozen=True)
class Story:
    """A reported sequence. ``steps`` are in the notation that the head of ``stories.toml`` describes."""

    id: str
    source: str
    about: str
    steps: tuple[str, ...]


@cache
def stories() -> tuple[Story, ...]:
    """All stories, in the order of the file."""
    text = files("snaptree.conformance.methods").joinpath("stories.toml").read_text(encoding="utf-8")
    return tuple(
        Story(one["id"], one["source"], one["about"], tuple(part.strip() for part in one["steps"].split(";")))
        for one in tomllib.loads(text)["story"]
    )


@cache
def told(story: Story, profile: Profile) -> Sequence | None:
    """The operations of a story under a profile; None if the profile does not agree with all its steps."""
    narration = _Narration(profile)
    for text in story.steps:
        if not narration.add(text):
            return None
    return tuple(narration.operations)


@cache
def story_sequences(profile: Profile) -> tuple[Sequence, ...]:
    """The operations of each story that applies to the profile."""
    sequences = (told(story, profile) for story in stories())
    return tuple(dict.fromkeys(one for one in sequences if one))


class Stories(FixedSequences):
    """Reported sequences."""

    name: ClassVar[str] = "stories"
    noun: ClassVar[str] = "story"
    title: ClassVar[str] = "what users of real systems reported"

    def sequences(self, profile: Profile) -> tuple[Sequence, ...]:
        """``story_sequences``."""
        return story_sequences(profile)


@dataclass
class _Narration:
    """A story as far as it was read: its operations, and the domain that the model has after them."""

    profile: Profile
    operations: list[Operation] = field(default_factory=list)
    domain: Domain = field(default_factory=lambda: blank_domain(DEFAULT_DISKS))
    _ids: dict[str, str] = field(default_factory=dict)
    _written: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> bool:
        """Read one step; returns whether the profile agrees with what it says."""
        call = text.removesuffix(REFUSED).removesuffix(EITHER)
        word, _, rest = call.partition("(")
        if word in (WRITE, MEMORY):
            return self._add_content(word, rest.removesuffix(")"))
        operation = parse_operation(call, self._ids)
        if not self.profile.claims(operation.call):
            return False
        accepted = self._take(operation)
        return text.endswith(EITHER) or accepted is not text.endswith(REFUSED)

    def _add_content(self, word: str, disk: str) -> bool:
        """Write a value that the domain never had, where the profile can write at all at this moment."""
        found = next((one for one in self._writes(word, disk) if self._is_accepted(one)), None)
        if found is not None:
            self._take(found)
        return True

    def _writes(self, word: str, disk: str) -> Iterator[Operation]:
        self._written[word] += 1
        value = self._written[word]
        if word == MEMORY:
            yield ops.WriteMemory(value)
        else:
            yield ops.WriteDisk(disk or min(DEFAULT_DISKS), 0, value)
            yield ops.Configure(f"content{value}", "written")

    def _is_accepted(self, operation: Operation) -> bool:
        claimed = self.profile.claims(operation.call)
        return claimed and isinstance(step(self.domain, operation, self.profile), Accepted)

    def _take(self, operation: Operation) -> bool:
        """Add an operation; returns whether the model accepts it."""
        self.operations.append(operation)
        outcome: Any = step(self.domain, operation, self.profile)
        if not isinstance(outcome, Accepted):
            return False
        self.domain = outcome.domain
        if isinstance(operation, ops.Create):
            self._ids[operation.name] = str(outcome.result)
        elif isinstance(operation, ops.Rename):
            self._ids[operation.name] = operation.snapshot
        return True
