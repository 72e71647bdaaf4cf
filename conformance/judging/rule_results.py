"""The result of each rule: a function of the profile, what was compared, and the deviations.

Results are ordered: not claimed < not observed < pass < deviation. A rule is claimed if the profile can show
at least one of the outcomes that it speaks of. It passes if every one of those was seen, in a step in which
another answer would have been visible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from snaptree.conformance.engine.coverage import CoverageKey
from snaptree.conformance.engine.needs import needs_of
from snaptree.conformance.judging.deviations import Deviation
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import Rule

Status = Literal["not claimed", "judged elsewhere", "not observed", "pass", "known deviation", "deviation"]


@dataclass(frozen=True)
class RuleResult:
    """The result of a rule. ``times`` counts the steps in which it was compared and held.

    ``unseen`` names what the profile can show of it and no step showed, such as ``create refused as
    LimitExceeded``; a rule with anything unseen does not pass.
    """

    rule: Rule
    status: Status
    times: int = 0
    deviations: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def rule_results(
    selected: Iterable[Rule],
    coverage: Counter[CoverageKey],
    profile: Profile,
    new: Sequence[Deviation],
    expected: Sequence[Deviation],
) -> Iterator[RuleResult]:
    """The results of the selected rules, in their order."""
    chosen = {one.id for one in selected}
    for one in selected:
        broken = tuple(found.id for found in new if one.id in _blamed(found, chosen))
        accepted = tuple(found.id for found in expected if one.id in _blamed(found, chosen))
        needs = needs_of(one, profile)
        unmet = [*needs]
        times = 0
        for (call, outcome, told, held), count in coverage.items():
            met = [need for need in needs if need.met_by(call, outcome, told, held)]
            if met:
                times += count
                unmet = [need for need in unmet if need not in met]
        unseen = tuple(need.text for need in unmet)
        if broken:
            yield RuleResult(one, "deviation", times, broken, unseen)
        elif accepted:
            yield RuleResult(one, "known deviation", times, accepted, unseen)
        elif needs:
            yield RuleResult(one, "not observed" if unmet else "pass", times, (), unseen)
        else:
            yield RuleResult(one, "judged elsewhere" if one.judged_elsewhere else "not claimed")


def _blamed(found: Deviation, chosen: set[str]) -> set[str]:
    """The first of the selected rules that a deviation breaks, and of others that are the same fault."""
    first = [broken for broken in found.rules if broken in chosen][:1]
    return {*first, *(rule for rule, _ in found.also_as if rule in chosen)}
