"""The registry of rules, read from the chapters.

The normative text is the only place where a rule is stated. A rule is a block
quote whose first line holds id, level and sentence; labelled lines follow::

    > **MERGE-3** (MUST) One sentence.
    >
    > *Why:* …
    > *Speaks of:* calls / outcome / parts / relations
    > *Source:* …
    > *Example:* tree: operation(arguments); operation(arguments)
    > *Example:* tree under limits.depth=3: operation(arguments)

*Speaks of* is what attributes a difference between model and driver to rules:
four fields, each a comma-separated list or ``*``, and a fifth where the rule
speaks only of some cases (``retired``: the domain has retired snapshots; see
``CONDITIONS``). A single word instead of these
fields (``binding``, ``law``, ``profile``, ``xml``, ``durability``,
``concurrency``) marks a rule that no comparison of a single step can judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final, Literal

specification_version: Final = "0.1"

CHAPTERS: Final = (
    "terms", "tree", "create", "revert", "merge-children", "merge-parent", "discard", "force", "subtrees",
    "retire", "power", "managed-save", "active-state", "identity", "listing", "limits", "refusals",
    "durability", "concurrency", "bindings", "profiles", "xml", "mail",
)  # fmt: skip
"""The chapters in reading order, by file name."""

JUDGED_ELSEWHERE: Final = ("binding", "law", "profile", "xml", "durability", "concurrency")

CONDITIONS: Final = {
    "resume-as": "the operation asked for a power state",
    "quiesce": "the operation asked for quiescing",
    "with-memory": "the operation asked for memory, or its snapshot holds some",
    "disk-only": "a snapshot without memory of a domain that is on, or a revert to a point without memory",
    "retired": "the domain has retired snapshots",
    "image": "the domain has a managed-save image",
    "independent": "the domain has independent disks",
    "transient": "the domain is transient",
    "replaces": "the new snapshot takes a name in use",
    "repeated-name": "several snapshots bear the name",
    "numeric-name": "the snapshot's name reads as a number",
    "reset": "the active state is among the casualties",
    "base-reset": "the active state would be reset to the base",
    "second-root": "a root would be created beside another, where only one may exist",
}
"""The cases that a rule can be about, beyond call, outcome, part and relation."""

_HEAD: Final = re.compile(r"^> \*\*(?P<id>[A-Z]+-\d+)\*\* \((?P<level>MUST|SHOULD)\) (?P<sentence>.+)$")
_LABEL: Final = re.compile(r"^> \*(?P<label>Why|Speaks of|Source|Example|Refused):\* (?P<text>.+)$")


class MalformedChapter(ValueError):
    """A rule that cannot be read; the text names file, line and reason."""


class UnknownRule(KeyError):
    """No rule has this id; ``nearest`` are ids that look like it."""

    def __init__(self, asked: str, nearest: list[str]) -> None:
        super().__init__(asked)
        self.asked = asked
        self.nearest = nearest

    def __str__(self) -> str:
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        return f"no rule {self.asked!r}{hint}"


@dataclass(frozen=True)
class Aspect:
    """What a rule speaks of; an empty field means everything."""

    calls: frozenset[str]
    outcomes: frozenset[str]
    parts: frozenset[str]
    relations: frozenset[str]
    conditions: frozenset[str] = frozenset()

    def covers(
        self, call: str, outcome: str, part: str, relation: str, conditions: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a comparison of this kind is spoken of. ``refused`` covers every kind of refusal."""
        return (
            (not self.calls or call in self.calls)
            and (
                not self.outcomes
                or outcome in self.outcomes
                or ("refused" in self.outcomes and outcome != "accepted")
            )
            and (not self.parts or part in self.parts)
            and (not self.relations or relation in self.relations)
            and self.conditions <= conditions
        )

    @property
    def breadth(self) -> tuple[int, int]:
        """How general this is: fields left open less conditions, then how much the others list."""
        given = (self.calls, self.outcomes, self.parts, self.relations)
        return sum(not field for field in given) - len(self.conditions), sum(len(field) for field in given)


@dataclass(frozen=True)
class Example:
    """A named tree and the operations to be shown on it, as text.

    ``settings`` are the points in which the profile differs from ``rfc``, as
    ``limits.depth=3``; ``transient`` alone says that the domain is transient.
    """

    tree: str
    operations: tuple[str, ...]
    settings: tuple[str, ...] = ()

    @property
    def scene(self) -> str:
        """The tree, and under what it is shown."""
        return f"{self.tree} under {', '.join(self.settings)}" if self.settings else self.tree


@dataclass(frozen=True)
class Rule:
    """One sentence of the specification."""

    id: str
    level: Literal["MUST", "SHOULD"]
    chapter: str
    sentence: str
    why: str
    aspects: tuple[Aspect, ...]
    judged_elsewhere: str
    sources: tuple[str, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Chapter:
    """One file of the normative text."""

    name: str
    title: str
    text: str
    rules: tuple[Rule, ...]


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every chapter in reading order. Raises MalformedChapter."""
    return tuple(_chapter(name) for name in CHAPTERS)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule in reading order."""
    return tuple(rule for chapter in chapters() for rule in chapter.rules)


@cache
def _by_id() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for one in rules():
        if one.id in found:
            raise MalformedChapter(f"{one.chapter}.md: {one.id} is stated twice")
        found[one.id] = one
    return found


def rule(identifier: str) -> Rule:
    """The rule with this id, in any case. Raises UnknownRule, which suggests others."""
    known = _by_id()
    found = known.get(identifier.upper())
    if found is None:
        raise UnknownRule(identifier, get_close_matches(identifier.upper(), known, 3, 0.6))
    return found


def select(patterns: Iterable[str]) -> list[Rule]:
    """The rules that any pattern names: an id, a chapter, or a glob such as ``MERGE-*``."""
    wanted = [pattern.strip() for pattern in patterns if pattern.strip()]
    return [
        one
        for one in rules()
        if any(fnmatchcase(one.id, pattern.upper()) or one.chapter == pattern.lower() for pattern in wanted)
    ]


@cache
def attribute(
    call: str, outcome: str, part: str, relation: str, conditions: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """The ids of the rules that speak of such a comparison, the most specific first.

    ``outcome`` is ``accepted`` or the kind of refusal that the model expects;
    ``conditions`` are those of ``CONDITIONS`` that hold.
    """
    found: list[tuple[tuple[int, int], int, str]] = []
    for place, one in enumerate(rules()):
        breadths = [
            aspect.breadth
            for aspect in one.aspects
            if aspect.covers(call, outcome, part, relation, conditions)
        ]
        if breadths:
            found.append((min(breadths), place, one.id))
    return tuple(identifier for _, _, identifier in sorted(found))


def _chapter(name: str) -> Chapter:
    path = files("snaptree.spec.chapters").joinpath(f"{name}.md")
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith("# "):
        raise MalformedChapter(f"{name}.md:1: a chapter begins with its title")
    return Chapter(name, lines[0][2:], "\n".join(lines[1:]).strip(), tuple(_rules(name, lines)))


def _rules(chapter: str, lines: list[str]) -> Iterator[Rule]:
    number = 0
    while number < len(lines):
        head = _HEAD.match(lines[number])
        if head is None:
            if re.match(r"^> \*\*[A-Z]+-\d", lines[number]):
                raise MalformedChapter(
                    f"{chapter}.md:{number + 1}: a rule reads '> **ID-1** (MUST) Sentence.'"
                )
            number += 1
            continue
        start = number
        labels: list[tuple[str, str]] = []
        number += 1
        while number < len(lines) and lines[number].startswith(">"):
            label = _LABEL.match(lines[number])
            if label is not None:
                labels.append((label["label"], label["text"].strip()))
            elif lines[number].strip("> "):
                raise MalformedChapter(f"{chapter}.md:{number + 1}: not a labelled line of a rule")
            number += 1
        yield _rule(chapter, start + 1, head, labels)


def _rule(chapter: str, line: int, head: re.Match[str], labels: list[tuple[str, str]]) -> Rule:
    texts: dict[str, list[str]] = {}
    for label, text in labels:
        texts.setdefault(label, []).append(text)
    spoken = texts.get("Speaks of", [])
    if not spoken:
        raise MalformedChapter(f"{chapter}.md:{line}: {head['id']} does not say what it speaks of")
    elsewhere = [text for text in spoken if text in JUDGED_ELSEWHERE]
    return Rule(
        id=head["id"],
        level="MUST" if head["level"] == "MUST" else "SHOULD",
        chapter=chapter,
        sentence=head["sentence"].strip(),
        why=" ".join(texts.get("Why", [])),
        aspects=tuple(_aspect(chapter, line, text) for text in spoken if text not in JUDGED_ELSEWHERE),
        judged_elsewhere=elsewhere[0] if elsewhere else "",
        sources=tuple(texts.get("Source", [])),
        examples=tuple(_example(chapter, line, text) for text in texts.get("Example", [])),
    )


def _aspect(chapter: str, line: int, text: str) -> Aspect:
    given = [field.strip() for field in text.split("/")]
    if len(given) not in (4, 5):
        raise MalformedChapter(f"{chapter}.md:{line}: 'Speaks of' has four fields, or five: {text}")
    fields = [
        frozenset[str]() if field == "*" else frozenset(word.strip() for word in field.split(","))
        for field in given
    ]
    return Aspect(*fields)


def _example(chapter: str, line: int, text: str) -> Example:
    tree, separator, operations = text.partition(":")
    if not separator:
        raise MalformedChapter(f"{chapter}.md:{line}: an example reads 'tree: operation(arguments)': {text}")
    name, _, settings = tree.partition(" under ")
    return Example(
        name.strip(),
        tuple(one.strip() for one in operations.split(";") if one.strip()),
        tuple(one.strip() for one in settings.split(",") if one.strip()),
    )
