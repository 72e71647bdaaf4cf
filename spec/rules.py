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
speaks only of some cases (``retired``: the domain has retired snapshots). A
single word instead of these fields (``binding``, ``law`` …) marks a rule that no
comparison of a single step can judge. The words are those of ``vocabulary``; an
unknown one is an error, for it would turn its rule off.
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

from snaptree.spec.renumbered import renumbered
from snaptree.spec.vocabulary import CONDITIONS, ELSEWHERE, FAULT_PARTS, WORDS, hint, kind_of_call

specification_version: Final = "0.1"

CHAPTERS: Final = (
    "terms", "tree", "create", "revert", "merge-into-children", "merge-into-parent", "discard", "force",
    "remove-subtree", "retire", "power", "managed-save", "active-state", "identity", "listing", "limits",
    "refusals", "durability", "concurrency", "looks", "claims", "bindings", "profiles", "xml", "mail",
)  # fmt: skip
"""The chapters in reading order, by file name."""

RENAMED: Final = {
    "merge-children": "merge-into-children",
    "merge-parent": "merge-into-parent",
    "subtrees": "remove-subtree",
}
"""Former names of chapters. They still select, and callers tell the new name."""

_HEAD: Final = re.compile(r"^> \*\*(?P<id>[A-Z]+-\d+)\*\* \((?P<level>MUST|SHOULD)\) (?P<sentence>.+)$")
_LIKE_A_HEAD: Final = re.compile(r"^\s*>\s*\*\*")
"""The first line of a rule, well written or not: anything else in bold is no block quote."""
_LABEL: Final = re.compile(r"^> \*(?P<label>Why|Speaks of|Source|Example|Refused):\* (?P<text>.+)$")


class MalformedChapter(ValueError):
    """A rule that cannot be read; the text names file, line and reason."""


class UnknownRule(KeyError):
    """No rule has this id; ``nearest`` are ids that look like it, or the successors of one that ended."""

    def __init__(self, asked: str, nearest: list[str], ended: bool = False) -> None:
        super().__init__(asked)
        self.asked = asked
        self.nearest = nearest
        self.ended = ended

    def __str__(self) -> str:
        if self.ended:
            successors = f"; its demand is now {' and '.join(self.nearest)}" if self.nearest else ""
            return f"rule {self.asked} ended{successors}"
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
            and (part in self.parts if self.parts else part not in FAULT_PARTS)
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
    """The rule with this id, in any case. Raises UnknownRule, which names successors or suggests others."""
    known = _by_id()
    found = known.get(identifier.upper())
    if found is None:
        successors = renumbered().get(identifier.upper())
        if successors is not None:
            raise UnknownRule(identifier.upper(), list(successors), ended=True)
        near = get_close_matches(identifier.upper(), known, 3, 0.6)
        raise UnknownRule(identifier, near or get_close_matches(identifier.lower(), CHAPTERS, 1, 0.6))
    return found


def select(patterns: Iterable[str]) -> list[Rule]:
    """The rules that any pattern names: an id, a chapter, or a glob such as ``MERGE-*``.

    A former name of a chapter names it as well, and an id that ended names its successors.
    """
    given = [RENAMED.get(one.strip().lower(), one.strip()) for one in patterns if one.strip()]
    wanted = [new for one in given for new in renumbered().get(one.upper(), (one,))]
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
    ``conditions`` are those of the vocabulary that hold.
    """
    found: list[tuple[tuple[int, int], int, int, str]] = []
    for place, one in enumerate(rules()):
        speaking = [
            aspect for aspect in one.aspects if aspect.covers(call, outcome, part, relation, conditions)
        ]
        if speaking:
            nearest = min(speaking, key=lambda aspect: aspect.breadth)
            found.append((nearest.breadth, _nearness(nearest.conditions), place, one.id))
    return tuple(identifier for *_, identifier in sorted(found))


def _nearness(conditions: frozenset[str]) -> int:
    """How near conditions are to what was asked: the table begins with those of the request."""
    return min(
        (place for place, name in enumerate(CONDITIONS) if name in conditions), default=len(CONDITIONS)
    )


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
            if _LIKE_A_HEAD.match(lines[number]):
                raise MalformedChapter(
                    f"{chapter}.md:{number + 1}: a rule reads '> **ID-1** (MUST) Sentence.'"
                )
            number += 1
            continue
        start = number
        labels: list[_Label] = []
        number += 1
        while number < len(lines) and lines[number].startswith(">"):
            label = _LABEL.match(lines[number])
            if label is not None:
                labels.append(_Label(f"{chapter}.md:{number + 1}", label["label"], label["text"].strip()))
            elif lines[number].strip("> "):
                raise MalformedChapter(f"{chapter}.md:{number + 1}: not a labelled line of a rule")
            number += 1
        yield _rule(chapter, start + 1, head, labels)


@dataclass(frozen=True)
class _Label:
    """A labelled line of a rule; ``place`` is its file and line."""

    place: str
    label: str
    text: str


def _rule(chapter: str, line: int, head: re.Match[str], labels: list[_Label]) -> Rule:
    def lines(label: str) -> list[_Label]:
        return [one for one in labels if one.label == label]

    def texts(label: str) -> tuple[str, ...]:
        return tuple(one.text for one in lines(label))

    spoken = lines("Speaks of")
    if not spoken:
        raise MalformedChapter(f"{chapter}.md:{line}: {head['id']} does not say what it speaks of")
    elsewhere = [one.text for one in spoken if one.text in ELSEWHERE]
    return Rule(
        id=head["id"],
        level="MUST" if head["level"] == "MUST" else "SHOULD",
        chapter=chapter,
        sentence=head["sentence"].strip(),
        why=" ".join(texts("Why")),
        aspects=tuple(_aspect(head["id"], one) for one in spoken if one.text not in ELSEWHERE),
        judged_elsewhere=elsewhere[0] if elsewhere else "",
        sources=texts("Source"),
        examples=tuple(_example(one) for one in lines("Example")),
    )


def _aspect(identifier: str, label: _Label) -> Aspect:
    given = [field.strip() for field in label.text.split("/")]
    if len(given) not in (4, 5):
        near = get_close_matches(label.text.lower(), ELSEWHERE, 1, 0.6)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise MalformedChapter(
            f"{label.place}: 'Speaks of' has four fields, or five, or one word of "
            f"{', '.join(ELSEWHERE)}: {label.text}{meant}"
        )
    fields = [_words(identifier, label.place, kind, field) for kind, field in zip(WORDS, given, strict=False)]
    aspect = Aspect(*fields)
    for condition in sorted(aspect.conditions):
        if CONDITIONS[condition].is_of_domain or not aspect.calls:
            continue
        case = CONDITIONS[condition]
        if not any(case.names(call) or case.case_of(kind_of_call(call)) for call in sorted(aspect.calls)):
            raise MalformedChapter(
                f"{label.place}: {identifier} speaks of {condition}, "
                f"which holds for no {' or '.join(sorted(aspect.calls))}"
            )
    return aspect


def _words(identifier: str, place: str, kind: str, field: str) -> frozenset[str]:
    """The words of a field. An unknown one would match nothing, and its rule would never be blamed."""
    if field == "*":
        return frozenset()
    words = frozenset(word.strip() for word in field.split(","))
    for word in sorted(words):
        if word not in WORDS[kind]:
            raise MalformedChapter(
                f"{place}: {identifier} speaks of an unknown {kind}, {word!r}; {hint(word, kind)}"
            )
    return words


def _example(label: _Label) -> Example:
    tree, separator, operations = label.text.partition(":")
    if not separator:
        raise MalformedChapter(f"{label.place}: an example reads 'tree: operation(arguments)': {label.text}")
    name, _, settings = tree.partition(" under ")
    return Example(
        name.strip(),
        tuple(one.strip() for one in operations.split(";") if one.strip()),
        tuple(one.strip() for one in settings.split(",") if one.strip()),
    )
