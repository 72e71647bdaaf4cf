"""What has to be compared before a rule passes: each call with each outcome that the rule speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from snaptree.spec.libvirt.names import CALL_NAMES
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import Aspect, Rule
from snaptree.spec.vocabulary import CALLER_PARTS, FAULT_PARTS, PARTS, can_be, can_vary, pairs

_FAULTS: Final = frozenset(FAULT_PARTS)
_CALLERS = frozenset(CALLER_PARTS)


class Need(NamedTuple):
    """A kind of step that a rule has to be compared in.

    ``call`` is None for any call; of ``outcomes`` one has to be seen, any at all where there are none.
    """

    call: str | None
    outcomes: tuple[str, ...]
    conditions: frozenset[str]
    pairs: int

    @property
    def of_step(self) -> bool:
        """Whether a step can show it; what a kill or an error leaves, none can."""
        return bool(self.pairs & ~pairs(FAULT_PARTS))

    @property
    def text(self) -> str:
        """In words."""
        words = [one if one in ("accepted", "refused") else f"refused as {one}" for one in self.outcomes]
        where = f"where {', '.join(sorted(self.conditions))}" if self.conditions else ""
        return " ".join(one for one in (self.call or "any call", " or ".join(words), where) if one)

    def met_by(self, call: str, outcome: str, told: int, held: frozenset[str]) -> bool:
        """Whether a step is of this kind, and would have shown another answer."""
        return (
            (self.call is None or self.call == call)
            and (
                not self.outcomes
                or outcome in self.outcomes
                or ("refused" in self.outcomes and outcome != "accepted")
            )
            and self.conditions <= held
            and bool(self.pairs & told)
        )


def needs_of(rule: Rule, profile: Profile) -> tuple[Need, ...]:
    """What has to be compared before a rule passes; nothing for one that the profile can never show."""
    visible = frozenset(
        part.name for part in PARTS.values() if part.can_show(profile) and can_vary(part.name, profile)
    )
    return tuple(dict.fromkeys(need for aspect in rule.aspects for need in _needs(aspect, profile, visible)))


def calls_of(chosen: Iterable[Rule]) -> frozenset[str] | None:
    """The calls in whose steps one of the rules can be compared; None for every call."""
    spoken = [
        aspect for rule in chosen for aspect in rule.aspects if not aspect.parts or aspect.parts - _FAULTS
    ]
    if any(not aspect.calls for aspect in spoken):
        return None
    return frozenset(call for aspect in spoken for call in aspect.calls)


def speak_of_faults(chosen: Iterable[Rule]) -> bool:
    """Whether one of the rules speaks of what a kill or an error leaves."""
    return any(aspect.parts & (_FAULTS - _CALLERS) for rule in chosen for aspect in rule.aspects)


def speak_of_callers(chosen: Iterable[Rule]) -> bool:
    """Whether one of the rules speaks of calls of several callers."""
    return any(aspect.parts & _CALLERS for rule in chosen for aspect in rule.aspects)


def _needs(aspect: Aspect, profile: Profile, visible: frozenset[str]) -> Iterator[Need]:
    spoken = aspect.parts or PARTS.keys() - FAULT_PARTS
    parts = tuple(part for part in PARTS if part in visible and part in spoken)
    if not parts:
        return
    compared = pairs(parts, tuple(sorted(aspect.relations)))
    calls: list[str | None] = [*sorted(aspect.calls)] or [None]
    for call in calls:
        for outcomes in _together(call, aspect):
            asked = outcomes or ("accepted", "refused")
            if any(can_be(call, one, aspect.conditions, profile) for one in asked):
                yield Need(call, outcomes, aspect.conditions, compared)


def _together(call: str | None, aspect: Aspect) -> list[tuple[str, ...]]:
    """The outcomes that have to be seen, each by itself but for a call of libvirt's, whose codes vary."""
    outcomes = tuple(sorted(aspect.outcomes))
    return [outcomes] if not outcomes or call in CALL_NAMES else [(one,) for one in outcomes]
