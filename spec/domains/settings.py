"""Entries of the configuration, and arguments that are switched on or off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from snaptree.spec.domains.argument import Argument, Chosen
from snaptree.spec.domains.situation import Situation
from snaptree.spec.operations import RESUME_AS
from snaptree.spec.profiles import Profile

KEYS: Final[dict[str, str]] = {
    "fresh": "an entry that is new",
    "set": "the value of an entry changes",
    "held by a point": "gone from the active state; a revert brings it back",
    "removed": "an entry that came back must not bring back its old value",
    "empty": "no key",
}

ENTRIES: Final[dict[str, str]] = {
    "plain": "the value that tells of nothing but the call",
    "the same": "nothing changes",
    "empty": "the entry is removed",
    "markup": "it becomes part of a document",
    "not ASCII": "encoded twice, or not at all",
    "long": "longer than a line or a page",
}


def _key_class(key: str, situation: Situation, chosen: Chosen) -> str:
    domain = situation.domain
    if not key:
        return "empty"
    if key in domain.active.configuration:
        return "set"
    if any(key in one.point.configuration for one in domain.snapshots.values()):
        return "held by a point"
    return "removed" if key in situation.history.keys else "fresh"


def _keys(situation: Situation, chosen: Chosen) -> Iterator[str]:
    yield from (key for key in _KNOWN if _key_class(key, situation, chosen) == "fresh")
    yield from sorted(situation.domain.active.configuration)
    yield from _KNOWN
    yield ""


_KNOWN: Final = ("key0", "key1", "key2")


def _entry_class(value: str, situation: Situation, chosen: Chosen) -> str:
    if not value:
        return "empty"
    if situation.domain.active.configuration.get(chosen.get("key", "")) == value:
        return "the same"
    if len(value) >= 1024:
        return "long"
    if any(char in "<>&" for char in value):
        return "markup"
    return "plain" if value.isascii() else "not ASCII"


def _entries(situation: Situation, chosen: Chosen) -> Iterator[str]:
    yield f"value{situation.domain.serial}"
    present = situation.domain.active.configuration.get(chosen.get("key", ""))
    if present is not None:
        yield present
    yield from ("", "<a>&amp;</a>", "caf\u00e9", "v" * 4096)


KEY: Final = Argument("key", KEYS, _key_class, _keys)
ENTRY: Final = Argument("value", ENTRIES, _entry_class, _entries, after="key")


def switch(name: str, off: str, on: str) -> Argument:
    """An argument that is true or false; ``off`` and ``on`` are the reasons."""

    def class_of(value: bool, situation: Situation, chosen: Chosen) -> str:
        return "yes" if value else "no"

    def both(profile: Profile) -> tuple[bool, bool]:
        return False, True

    return Argument(name, {"no": off, "yes": on}, class_of, fixed=both)


MEMORY: Final = switch("memory", "disks alone", "memory too, where there is some")
QUIESCE: Final = switch("quiesce", "as the disks are", "a guest that runs is asked")
KEEP_ROOT: Final = switch("keep_root", "the named one goes too", "the named one stays")
INDEPENDENT: Final = switch("independent", "points hold it", "no point holds it")

RESUMED: Final[Mapping[str, str]] = {
    "none": "as the point says",
    **dict.fromkeys(RESUME_AS, "another power state than the point has"),
    "no such state": "no power state",
}


def _resume_class(value: Any, situation: Situation, chosen: Chosen) -> str:
    if value is None:
        return "none"
    return value if value in RESUME_AS else "no such state"


def _resumes(profile: Profile) -> tuple[Any, ...]:
    return (None, *RESUME_AS, "asleep")


RESUME: Final = Argument("resume_as", RESUMED, _resume_class, fixed=_resumes)
