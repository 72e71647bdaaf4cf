"""A state with its history: what a value of an argument is judged against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from rpds import HashTrieMap

from snaptree.spec.domains.history import NO_HISTORY, History
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@dataclass(frozen=True, slots=True)
class Situation:
    """A state, what was before it, and the profile of the hypervisor."""

    domain: Domain
    profile: Profile
    history: History = NO_HISTORY


class Likeness(NamedTuple):
    """The names that are in use, folded in each way in which two names can be confused."""

    cases: frozenset[str]
    forms: frozenset[str]
    blanks: frozenset[str]


def likeness(names: HashTrieMap[str, tuple[str, ...]]) -> Likeness:
    """The names in use; a sequence asks again and again for those of one state."""
    return _likeness(tuple(sorted(names)))


@lru_cache(maxsize=256)
def _likeness(names: tuple[str, ...]) -> Likeness:
    return Likeness(
        frozenset(name.casefold() for name in names),
        frozenset(normalize("NFKC", name) for name in names),
        frozenset(without_blanks(name) for name in names),
    )


def without_blanks(name: str) -> str:
    """The name without any blank."""
    return "".join(name.split())
