"""Where two profiles differ, in words: one sentence for each difference.

For whoever moves a program from one hypervisor to another, or wonders why the
same suite asks two drivers different things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from snaptree.spec.operations import CALLS
from snaptree.spec.profiles import FEATURES, OBSERVABLE_PARTS, Profile
from snaptree.spec.state import POWER_STATES

Phrase = Callable[[Profile], str | None]
"""What a profile says on one point, to be read after its name; None where the point never shows."""


def differences(one: Profile, other: Profile) -> tuple[str, ...]:
    """A sentence for every point in which two profiles differ, in a fixed order.

    A point that cannot show in one of them is left out: power states of a call
    that it does not have, say, or what a revert does to memory that it never
    captures. Names and titles are no difference.
    """
    first, second = _names(one, other)
    found = list(_claims(one, other, first, second))
    for phrase in _phrases():
        here, there = phrase(one), phrase(other)
        if here is not None and there is not None and here != there:
            found.append(f"{first} {here}; {second} {there}")
    return tuple(found)


def _names(one: Profile, other: Profile) -> tuple[str, str]:
    if one.name != other.name:
        return one.name, other.name
    # Somebody's own version of a shipped profile may bear its name.
    return f"the first {one.name}", f"the second {one.name}"


def _claims(one: Profile, other: Profile, first: str, second: str) -> Iterator[str]:
    """Calls and features: who has what, and who does it."""
    for what, names, mine, theirs in (
        ("", CALLS, one.operations, other.operations),
        ("feature ", FEATURES, one.features, other.features),
    ):
        for name in names:
            here, there = mine.get(name), theirs.get(name)
            if here == there:
                continue
            offered = f"the {what}{name}" if what else name
            if there is None:
                yield f"{first} offers {offered} ({here}); {second} does not"
            elif here is None:
                yield f"{first} does not offer {offered}; {second} does ({there})"
            else:
                yield f"{first} offers {offered} ({here}); in {second} it is {there}"


def _phrases() -> Iterator[Phrase]:
    yield lambda profile: _IDENTITY[profile.identity]
    yield lambda profile: _ROOTS[profile.roots]
    for call in CALLS:
        yield _power(call)
    yield _naming
    yield lambda profile: f"takes names of up to {profile.names.longest} bytes"
    yield _forbidden
    yield _merge_limit
    yield lambda profile: _limit("goes", profile.limits.depth, "snapshots deep", "to any depth")
    yield lambda profile: _limit("holds", profile.limits.count, "snapshots", "any number of snapshots")
    yield lambda profile: _MEMORY[profile.memory]
    yield _revert_with_memory
    yield _create_with_image
    for call in CALLS:
        yield _atomicity(call)
    for part in OBSERVABLE_PARTS:
        yield _observation(part)
    yield lambda profile: f"has {'' if profile.libvirt else 'none of '}libvirt's own calls"
    for group in ("create", "delete", "revert"):
        yield _native_flags(group)


def _native_flags(group: str) -> Phrase:
    def phrase(profile: Profile) -> str | None:
        if not profile.libvirt:
            return None
        flags = ", ".join(profile.libvirt.get(group, ())) or "no flag"
        return f"has libvirt's own {group}, with {flags}"

    return phrase


_IDENTITY: Final[Mapping[str, str]] = {
    "uuid": "identifies a snapshot by its uuid",
    "id": "identifies a snapshot by an id of its own",
    "name": "identifies a snapshot by its name",
}
_ROOTS: Final[Mapping[str, str]] = {
    "forest": "takes any number of root snapshots",
    "single": "takes one root snapshot only",
}
_MEMORY: Final[Mapping[str, str]] = {
    "optional": "captures the memory of a running domain if asked to",
    "always": "always captures the memory of a running domain",
    "never": "never captures memory",
}
_REVERTED: Final[Mapping[str, str]] = {
    "captured": "reverts to memory in the power state of its capture",
    "saved": "reverts to memory as a managed-save image of a domain that is off",
    "off": "reverts to memory by dropping it, with the domain off",
}
_IMAGE: Final[Mapping[str, str]] = {
    "captures": "lets create capture a managed-save image",
    "drops": "lets create drop a managed-save image",
    "refuses": "refuses create while there is a managed-save image",
}
_LOOKUP: Final[Mapping[str, str]] = {
    "first-depth-first": "and takes the first bearer depth-first",
    "first-breadth-first": "and takes the first bearer breadth-first",
    "ambiguous": "and refuses to choose between bearers",
}
_CRASH: Final[Mapping[str, str]] = {
    "atomic": "leaves the state before or after it if {call} is cut off",
    "prefix": "may leave a part of its removals if {call} is cut off",
    "nothing": "promises nothing if {call} is cut off",
}
_SHOWN: Final[Mapping[str, str]] = {
    "always": "shows {part} at any time",
    "by-reverting": "shows {part} only by reverting",
    "never": "does not show {part}",
}


def _power(call: str) -> Phrase:
    def phrase(profile: Profile) -> str | None:
        if not profile.claims(call):
            return None
        allowed = [power for power in POWER_STATES if profile.allows_power(call, power)]
        if len(allowed) == len(POWER_STATES):
            return f"allows {call} in every power state"
        return f"allows {call} while {' or '.join(allowed)} only" if allowed else f"never allows {call}"

    return phrase


def _naming(profile: Profile) -> str:
    match profile.names.policy:
        case "unique":
            return "refuses a name in use"
        case "replace":
            return "replaces the bearer of a name in use"
        case "duplicates":
            return f"lets names repeat, {_LOOKUP[profile.names.lookup]}"


def _forbidden(profile: Profile) -> str:
    forbidden = profile.names.forbidden
    return f"forbids names that match {forbidden}" if forbidden else "forbids no character in a name"


def _merge_limit(profile: Profile) -> str | None:
    if not profile.claims("merge_into_children"):
        return None
    most = profile.limits.merge_children
    return _limit("merges into", most, "dependent" if most == 1 else "dependents", "any number of dependents")


def _limit(verb: str, most: int | None, unit: str, unlimited: str) -> str:
    return f"{verb} {unlimited}" if most is None else f"{verb} at most {most} {unit}"


def _revert_with_memory(profile: Profile) -> str | None:
    return None if profile.memory == "never" else _REVERTED[profile.revert_with_memory]


def _create_with_image(profile: Profile) -> str | None:
    return _IMAGE[profile.create_with_managed_save] if profile.claims("managed_save") else None


def _atomicity(call: str) -> Phrase:
    def phrase(profile: Profile) -> str | None:
        if not profile.claims(call):
            return None
        return _CRASH[profile.atomicity.get(call, "nothing")].format(call=call)

    return phrase


def _observation(part: str) -> Phrase:
    return lambda profile: _SHOWN[profile.observes.get(part, "never")].format(part=part)
