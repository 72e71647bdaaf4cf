"""The verdict: what each rule came to, and what the whole run came to.

Results are ordered: not claimed < not observed < pass < deviation. A rule takes
the worst of what was seen of it, and nothing that was not seen is a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snaptree.conformance.aspects import conditions_of, names_of
from snaptree.conformance.deviations import Deviation
from snaptree.conformance.known import Known
from snaptree.conformance.run import Outcome
from snaptree.conformance.tally import CoverageKey
from snaptree.spec.bindings.libvirt_calls import NATIVE_CALLS
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import Aspect, Rule, rule

Status = Literal["not claimed", "judged elsewhere", "not observed", "pass", "known deviation", "deviation"]
Verdict = Literal["conforms", "deviates", "incomplete", "nothing was tested", "interrupted"]

EXIT_CODES: Final[dict[Verdict, int]] = {
    "conforms": 0,
    "incomplete": 0,
    "deviates": 1,
    "nothing was tested": 4,
    "interrupted": 130,
}

_SEEN_BY: Final = {
    "content": "disks", "size": "disks", "memory": "memory", "power": "power", "managed_save": "memory",
    "configuration": "configuration", "description": "description", "uuid": "uuid", "captured": "captured",
    "casualties": "casualties",
}  # fmt: skip
"""What a profile has to observe for a part to be compared; other parts show in the tree."""


@dataclass(frozen=True)
class RuleResult:
    """What a rule came to. ``times`` counts the steps in which it was compared and held."""

    rule: Rule
    status: Status
    times: int = 0
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """The whole run, judged."""

    verdict: Verdict
    rules: tuple[RuleResult, ...]
    new: tuple[Deviation, ...]
    known: tuple[Deviation, ...]
    not_seen_again: tuple[Known, ...]
    listed: tuple[Known, ...] = ()

    def entry_of(self, found: Deviation) -> Known:
        """The entry that a known deviation is known by."""
        return next(entry for entry in self.listed if entry.matches(found))

    @property
    def exit_code(self) -> int:
        """The exit code of ``check``."""
        return EXIT_CODES[self.verdict]

    def count(self, status: Status) -> int:
        """How many rules came to this."""
        return sum(result.status == status for result in self.rules)


def judge(
    outcome: Outcome,
    profile: Profile,
    selected: Sequence[Rule],
    known: Sequence[Known] = (),
    *,
    level: Literal["must", "should"] = "must",
) -> Judgement:
    """Judge an outcome by the selected rules.

    A deviation counts if a selected rule of the asked level is the first that it
    breaks, or one beside it. ``known`` deviations do not count against the driver.
    """
    chosen = {one.id for one in selected}
    shortest_first = sorted(outcome.deviations.values(), key=lambda one: (len(one.sequence), one.id))
    relevant = [
        found
        for found in _distinct(shortest_first, profile)
        if any(broken in chosen and _counts(broken, level) for broken in found.rules)
    ]
    expected = [found for found in relevant if any(entry.matches(found) for entry in known)]
    new = [found for found in relevant if not any(entry.matches(found) for entry in known)]
    results = tuple(_rule_results(selected, outcome.tally.coverage, profile, new, expected))
    missing = tuple(entry for entry in known if not any(entry.matches(found) for found in relevant))
    return Judgement(
        _verdict(outcome, results, new), results, tuple(new), tuple(expected), missing, tuple(known)
    )


def _distinct(deviations: Iterable[Deviation], profile: Profile) -> list[Deviation]:
    """One deviation for each fault, as far as can be told: the shortest.

    What goes wrong in a plain case goes wrong in the special ones as well, and
    would be blamed there on the rule about the special case.
    """
    kept: list[Deviation] = []
    for found in deviations:
        if not any(_same_fault(found, earlier, profile) for earlier in kept):
            kept.append(found)
    return kept


def _same_fault(found: Deviation, earlier: Deviation, profile: Profile) -> bool:
    here, there = found.differences[0], earlier.differences[0]
    return (
        found.operation.call == earlier.operation.call
        and (here.part, here.relation) == (there.part, there.relation)
        and any(broken in found.rules for broken in earlier.rules[:1])
        # The case that went wrong earlier has to be part of the case at hand.
        and _case(earlier, profile) <= _case(found, profile)
    )


def _case(found: Deviation, profile: Profile) -> frozenset[str]:
    return conditions_of(found.before, found.operation, profile)


def _counts(identifier: str, level: str) -> bool:
    return level == "should" or rule(identifier).level == "MUST"


def _verdict(outcome: Outcome, results: Sequence[RuleResult], new: Sequence[Deviation]) -> Verdict:
    if outcome.interrupted:
        return "interrupted"
    if new:
        return "deviates"
    if not any(result.status in ("pass", "known deviation") for result in results):
        return "nothing was tested"
    if not all(method.complete for method in outcome.methods.values()):
        return "incomplete"
    return "conforms"


def _rule_results(
    selected: Iterable[Rule],
    coverage: Counter[CoverageKey],
    profile: Profile,
    new: Sequence[Deviation],
    expected: Sequence[Deviation],
) -> Iterable[RuleResult]:
    visible = _visible(profile)
    chosen = {one.id for one in selected}
    seen = [
        (call, word, frozenset(names_of(bits)), held, times)
        for (call, word, bits, held), times in coverage.items()
    ]
    for one in selected:
        broken = tuple(found.id for found in new if one.id == _blamed(found, chosen))
        accepted = tuple(found.id for found in expected if one.id == _blamed(found, chosen))
        times = sum(
            count
            for call, word, relations, held, count in seen
            if any(_compared(aspect, call, word, relations, held, visible) for aspect in one.aspects)
        )
        if broken:
            yield RuleResult(one, "deviation", times, broken)
        elif accepted:
            yield RuleResult(one, "known deviation", times, accepted)
        elif times:
            yield RuleResult(one, "pass", times)
        elif one.judged_elsewhere and not _claimed(one, profile):
            yield RuleResult(one, "judged elsewhere")
        else:
            yield RuleResult(one, "not observed" if _claimed(one, profile) else "not claimed")


def _blamed(found: Deviation, chosen: set[str]) -> str | None:
    """The first of the selected rules that a deviation breaks."""
    return next((broken for broken in found.rules if broken in chosen), None)


def _compared(
    aspect: Aspect,
    call: str,
    word: str,
    relations: frozenset[str],
    held: frozenset[str],
    visible: frozenset[str],
) -> bool:
    """Whether a step of this kind compared what the aspect speaks of."""
    if aspect.calls and call not in aspect.calls:
        return False
    if (
        aspect.outcomes
        and word not in aspect.outcomes
        and not ("refused" in aspect.outcomes and word != "accepted")
    ):
        return False
    return (
        aspect.conditions <= held
        and (not aspect.relations or bool(aspect.relations & relations))
        and (not aspect.parts or bool(aspect.parts & visible))
    )


def _visible(profile: Profile) -> frozenset[str]:
    from_tree = {"outcome", "result", "existence", "parent", "order", "id", "name", "current"}
    shown = {"events"} if profile.libvirt else set[str]()
    shown |= {"managed_save"} if profile.claims("managed_save") else set()
    shown |= {part for part, what in _SEEN_BY.items() if profile.observes.get(what, "never") != "never"}
    return frozenset((from_tree if profile.can_observe("tree") else {"outcome", "result"}) | shown)


def _claimed(one: Rule, profile: Profile) -> bool:
    """Whether the profile claims any call that the rule speaks of, in the case that it speaks of."""
    return any(
        (not aspect.calls or any(_offers(call, profile) for call in aspect.calls))
        and all(_can_hold(condition, profile) for condition in aspect.conditions)
        and (aspect.outcomes != {"LimitExceeded"} or _is_limited(aspect, profile))
        for aspect in one.aspects
    )


def _offers(call: str, profile: Profile) -> bool:
    return bool(profile.libvirt) if call in NATIVE_CALLS else profile.claims(call)


def _is_limited(aspect: Aspect, profile: Profile) -> bool:
    limits = profile.limits
    numbers = {"create": (limits.depth, limits.count), "merge_into_children": (limits.merge_children,)}
    return any(number is not None for call in aspect.calls for number in numbers.get(call, ()))


def _can_hold(condition: str, profile: Profile) -> bool:
    match condition:
        case "retired":
            return profile.claims("retire")
        case "image":
            return profile.claims("managed_save")
        case "independent":
            return profile.offers("independent_disks")
        case "transient":
            return profile.offers("transient")
        case "with-memory":
            return profile.memory != "never"
        case "replaces":
            return profile.names.policy == "replace"
        case "numeric-name":
            return profile.names.allows("2")
        case "repeated-name":
            return profile.names.policy == "duplicates"
        case "base-reset":
            return not profile.offers("reset_to_base")
        case "second-root":
            return profile.roots == "single"
        case _:
            return True
