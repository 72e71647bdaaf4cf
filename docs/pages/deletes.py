"""Which delete? Six calls in each place of a tree: what the model does, and what hypervisors may answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pages.chapter import panels_figure
from pages.words import rule_link, table
from snaptree.spec import operations as ops
from snaptree.spec.examples import scripted_domain
from snaptree.spec.figures import before_and_after
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Outcome, Refused
from snaptree.spec.plan import plan
from snaptree.spec.profiles import Profile, load_profile, shipped_profiles
from snaptree.spec.rules import attribute
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary import conditions_of

CALLS: Final[tuple[type[ops.OnSnapshot], ...]] = (
    ops.MergeIntoChildren, ops.MergeIntoParent, ops.MergeIntoParentForced, ops.Discard, ops.DiscardForced,
    ops.RemoveSubtree,
)  # fmt: skip
"""The calls that a user of a hypervisor may mean by "delete"."""

_CALL_HEADS: Final = tuple(call.call.replace("_", " ") for call in CALLS)

NAMED: Final = "x"


@dataclass(frozen=True)
class Situation:
    """A place of the snapshot ``x`` in a tree; ``script`` makes the tree."""

    key: str
    title: str
    script: str

    @property
    def domain(self) -> Domain:
        """The tree."""
        return scripted_domain(self.script)


SITUATIONS: Final = (
    Situation("only", "the only snapshot, and current", "create x; write"),
    Situation("leaf-current", "a leaf, and current", "create a; write; create x; write"),
    Situation("leaf", "a leaf, not current", "create a; write; create x; write; revert a; write"),
    Situation(
        "leaf-siblings", "a leaf, current; its parent has another child",
        "create a; write; create b; write; revert a; write; create x; write",
    ),
    Situation("inner", "inner, with one child", "create a; write; create x; write; create c; write"),
    Situation(
        "inner-fork", "inner, with two children",
        "create a; write; create x; write; create c; write; revert x; write; create d; write",
    ),
    Situation(
        "inner-current", "inner, and current",
        "create a; write; create x; write; create c; write; revert x; write",
    ),
    Situation("root", "a root with a child", "create x; write; create c; write"),
    Situation(
        "running", "a leaf, current; the domain is running",
        "create a; write; start; memory; create x memory; write",
    ),
)  # fmt: skip


_HEAD: Final = """\
# Which delete?

Hypervisors have one word for six calls. Below is what each call does with the snapshot `x`, in each place
that `x` may have in a tree. Everything is computed by the model. The table of a situation says what a
shipped profile allows its hypervisor to answer; a dash: it has no such call.
"""


def delete_pages() -> dict[str, str]:
    """The page of all answers; the first page shows its first table."""
    parts = [_HEAD, delete_table(link="answers"), "", *(_section(one) for one in SITUATIONS)]
    return {"which-delete.md": "\n".join(parts)}


def delete_table(*, link: str) -> str:
    """The table of situations and calls. Cells link to a rule; situations to ``link``-KEY on their page."""
    profile = load_profile("rfc")
    rows = (
        [
            f"{{ref}}`{one.title} <{link}-{one.key}>`",
            *(_cell(one.domain, call, profile) for call in CALLS),
        ]
        for one in SITUATIONS
    )
    heads = ["`x` is", *_CALL_HEADS]
    return f":::{{container}} snaptree-wide snaptree-delete\n{table(heads, rows)}\n:::\n"


def _section(situation: Situation) -> str:
    domain = situation.domain
    profiles = [load_profile(name) for name in shipped_profiles()]
    heads = ["", *_CALL_HEADS]
    rows = (
        [f"{{ref}}`{one.name} <profile-{one.name}>`", *(_answer(domain, call, one) for call in CALLS)]
        for one in profiles
    )
    untouched = plan(domain, ops.Count(), load_profile("rfc"))
    picture = panels_figure(before_and_after("before the call", domain, untouched))
    return (
        f"(answers-{situation.key})=\n## {situation.title[0].upper()}{situation.title[1:]}\n\n"
        f"{picture}\n\n"
        f":::{{container}} snaptree-wide snaptree-delete\n{table(heads, rows)}\n:::\n"
    )


def _operation(domain: Domain, call: type[ops.OnSnapshot]) -> Operation:
    target = next(one.id for one in domain.in_order() if one.name == NAMED)
    return call(target)


def _cell(domain: Domain, call: type[ops.OnSnapshot], profile: Profile) -> str:
    """What the call does, with the rule that says so."""
    operation = _operation(domain, call)
    outcome = step(domain, operation, profile)
    word = min(outcome.kinds) if isinstance(outcome, Refused) else "accepted"
    part, relation = ("outcome", "none") if word != "accepted" else ("existence", "target")
    speaking = attribute(call.call, word, part, relation, conditions_of(domain, operation, profile))
    text = "; ".join(_effects(domain, operation, profile, outcome))
    return f"{text} ({rule_link(speaking[0])})" if speaking else text


def _effects(domain: Domain, operation: Operation, profile: Profile, outcome: Outcome) -> Iterator[str]:
    would = plan(domain, operation, profile)
    names = [domain.snapshots[one].name for one in would.casualties.snapshots]
    lost = [*(f"`{one}`" for one in names), *(["the active state"] if would.casualties.active else [])]
    if isinstance(outcome, Refused):
        yield "refused: " + " or ".join(f"`{kind}`" for kind in sorted(outcome.kinds))
        if lost:
            yield f"it would destroy {', '.join(lost)}"
        return
    if would.overwritten is not None:
        onto = "the base" if would.overwritten == "base" else f"`{domain.snapshots[would.overwritten].name}`"
        yield f"{onto} takes what `x` holds"
    else:
        removed = [one for one in would.removed if one not in would.casualties.snapshots]
        gone = " and ".join(f"`{domain.snapshots[one].name}`" for one in removed)
        yield f"{gone} {'goes' if len(removed) == 1 else 'go'}"
        if would.reparented:
            yield "all else reads as before"
    if lost:
        yield f"**destroys {', '.join(lost)}**"


def _answer(domain: Domain, call: type[ops.OnSnapshot], profile: Profile) -> str:
    if not profile.claims(call.call):
        return "–"
    outcome = step(domain, _operation(domain, call), profile)
    if isinstance(outcome, Refused):
        return " or ".join(f"`{kind}`" for kind in sorted(outcome.kinds))
    return "accepted"
