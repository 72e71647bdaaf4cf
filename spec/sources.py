"""Where the claims of a profile come from: documented, seen, or the driver's own work.

A profile states sources in its table ``sources``. A key is a claim, as ``names.policy``, or a whole table, as
``operations``, for those of its claims that have no source of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final, Literal, get_args

from snaptree.spec.profiles import Concurrency, Limits, Names, Profile

Kind = Literal["documented", "seen", "own"]
"""``documented``: by whoever makes the system. ``seen``: on a real one. ``own``: what the driver composes or
decides, which says nothing of the system."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_ALWAYS: Final = ("identity", "roots", "memory", "names.policy", "names.longest")
"""What a profile claims also by its defaults: there is no hypervisor of which none of the values is true."""
_POINTS: Final = (
    "revert_with_memory",
    "create_with_managed_save",
    "transient_off",
    "descriptions",
    "id_case",
    "id_names",
    "placement",
)
_TABLES: Final = ("operations", "features", "power", "atomicity", "durability", "observes", "libvirt")
_ABSENT: Final = Profile(name="absent")


def claims_of(profile: Profile) -> Iterator[str]:
    """Every claim by its key. What is left at a default that claims nothing is none."""
    yield from _ALWAYS
    yield from (point for point in _POINTS if getattr(profile, point) != getattr(_ABSENT, point))
    for table in _TABLES:
        yield from (f"{table}.{key}" for key in getattr(profile, table))
    for table, kind in (("names", Names), ("limits", Limits), ("concurrency", Concurrency)):
        given, absent = getattr(profile, table), getattr(_ABSENT, table)
        for item in fields(kind):
            key = f"{table}.{item.name}"
            if key not in _ALWAYS and getattr(given, item.name) != getattr(absent, item.name):
                yield key


def source_of(profile: Profile, claim: str) -> str | None:
    """The source of a claim, as ``seen: a sentence``; None if the profile states none."""
    return profile.sources.get(claim, profile.sources.get(claim.partition(".")[0]))


def kind_of(source: str) -> Kind:
    """The kind of a source. Raises ValueError for a text that begins with no kind."""
    word = source.partition(":")[0]
    for kind in KINDS:
        if word == kind:
            return kind
    raise ValueError(f"a source begins with {', '.join(KINDS)} and a colon, not with {word!r:.40}")


def only_seen(profile: Profile) -> list[str]:
    """The claims that rest on what was seen and that nobody documents."""
    sources = ((claim, source_of(profile, claim)) for claim in claims_of(profile))
    return [claim for claim, source in sources if source is not None and kind_of(source) == "seen"]


def without_source(profile: Profile) -> list[str]:
    """The claims that state no source."""
    return [claim for claim in claims_of(profile) if source_of(profile, claim) is None]
