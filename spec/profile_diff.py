"""The differences of two profiles in words: one sentence for each.

Read it to move a program from one hypervisor to another, or to see why the same suite tests two drivers
differently.
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
    """A sentence for every difference of two profiles, in a fixed order.

    It omits differences without effect, such as the power states of a call that one profile does not claim,
    or what a revert does to memory that is never captured. Names and titles are no difference.
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
    """The calls and features that each claims, and whether hypervisor or adapter does them."""
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
    yield lambda profile: _ID_CASE[profile.id_case]
    yield lambda profile: _ID_NAMES[profile.id_names]
    yield lambda profile: _ROOTS[profile.roots]
    for call in CALLS:
        yield _power(call)
    yield _naming
    yield lambda profile: f"takes names of up to {profile.names.longest} bytes"
    yield _forbidden
    yield _merge_limit
    yield lambda profile: _limit("goes", profile.limits.depth, "snapshots deep", "to any depth")
    yield lambda profile: _limit("holds", profile.limits.count, "snapshots", "any number of snapshots")
    yield lambda profile: _limit("has", profile.limits.disk_size, "bytes on a disk", "disks of any size")
    yield lambda profile: _MEMORY[profile.memory]
    yield _revert_with_memory
    yield _create_with_image
    yield _transient_off
    yield lambda profile: _PLACEMENT[profile.placement]
    yield _documented_refusals
    yield lambda profile: _DESCRIPTIONS[profile.descriptions]
    for call in CALLS:
        yield _atomicity(call)
    yield _single
    yield lambda profile: _OUTAGE[profile.power_loss]
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
_OFF: Final[Mapping[str, str]] = {
    "kept": "keeps a transient domain that a revert or reset leaves off",
    "refused": "refuses a revert or reset that would leave a transient domain off",
}
_ID_CASE: Final[Mapping[str, str]] = {
    "unsaid": "says nothing of an id in another case",
    "distinct": "does not know an id in another case",
    "ignored": "takes an id in any case",
}
_ID_NAMES: Final[Mapping[str, str]] = {
    "unsaid": "says nothing of a name in place of an id",
    "distinct": "takes no name for an id",
    "taken": "takes a name for an id",
}
_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "any": "keeps any text as a description",
    "xml": "takes descriptions that XML can carry",
}
_PLACEMENT: Final[Mapping[str, str]] = {
    "inside": "keeps the content of snapshots inside the disks",
    "beside": "keeps the content of snapshots beside the disks",
    "by-turns": "keeps the content of snapshots inside and beside the disks by turns",
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
_OUTAGE: Final[Mapping[str, str]] = {
    "none": "promises nothing if power is lost",
    "ordered": "comes through a loss of power with an ordered journal",
    "strict": "comes through a loss of power with no more than POSIX promises",
}
_SHOWN: Final[Mapping[str, str]] = {
    "always": "shows {part} at any time",
    "by-reverting": "shows {part} only by reverting",
    "never": "does not show {part}",
}


def _single(profile: Profile) -> str:
    calls = ", ".join(sorted(profile.concurrency.single))
    return f"lets several callers overlap in {calls}" if calls else "lets no call of several callers overlap"


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
    names = profile.names
    anywhere = f"forbids {', '.join(names.forbidden)} in a name" if names.forbidden else ""
    first = f"forbids {', '.join(names.forbidden_first)} at its start" if names.forbidden_first else ""
    return " and ".join(part for part in (anywhere, first) if part) or "forbids no character in a name"


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


def _transient_off(profile: Profile) -> str | None:
    return _OFF[profile.transient_off] if profile.offers("transient") else None


def _documented_refusals(profile: Profile) -> str:
    told = [
        f"{one.call} as {one.kind}{f' ({one.condition})' if one.condition else ''}" for one in profile.refuses
    ]
    return f"documents that it refuses {', '.join(told)}" if told else "documents no refusal of its own"


def _atomicity(call: str) -> Phrase:
    def phrase(profile: Profile) -> str | None:
        if not profile.claims(call):
            return None
        return _CRASH[profile.atomicity.get(call, "nothing")].format(call=call)

    return phrase


def _observation(part: str) -> Phrase:
    return lambda profile: _SHOWN[profile.observes.get(part, "never")].format(part=part)
