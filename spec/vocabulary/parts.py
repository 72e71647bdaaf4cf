"""Parts: what of an answer or of a domain is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from snaptree.spec.profiles import Profile


@dataclass(frozen=True)
class Part:
    """Something that can differ. ``text`` is what readers see.

    ``can_show`` says whether a driver with this profile shows it at all: where it
    does not, nothing about it is compared.
    """

    name: str
    text: str
    can_show: Callable[[Profile], bool]


def _in_the_answer(_profile: Profile) -> bool:
    return True


def _in_the_tree(profile: Profile) -> bool:
    return profile.can_observe("tree")


def _observed_as(part: str) -> Callable[[Profile], bool]:
    return lambda profile: profile.observes.get(part, "never") != "never"


def _shows_image(profile: Profile) -> bool:
    return profile.claims("managed_save") or _observed_as("memory")(profile)


def _claims_atomicity(profile: Profile) -> bool:
    return _in_the_tree(profile) and any(claim != "nothing" for claim in profile.atomicity.values())


def _has_callers(profile: Profile) -> bool:
    return _in_the_tree(profile) and bool(profile.concurrency.single)


def _claims_power_loss(profile: Profile) -> bool:
    return _in_the_tree(profile) and profile.power_loss != "none"


def _sends_events(profile: Profile) -> bool:
    return bool(profile.libvirt)


CALLER_PARTS: Final = ("overlap", "progress", "patience", "sight")
"""What is only seen where calls of several callers overlap."""

FAULT_PARTS: Final = ("survival", "failure", "recovery", "outage", "leftover", *CALLER_PARTS)
"""What is only seen where a call is cut off, fails or overlaps another one: no single step shows it.

A rule that names no part speaks of none of these.
"""

PARTS: Final = {
    part.name: part
    for part in (
        Part("outcome", "acceptance or refusal", _in_the_answer),
        Part("result", "what is returned", _in_the_answer),
        Part("casualties", "the casualties named", _observed_as("casualties")),
        Part("existence", "existence", _in_the_tree),
        Part("parent", "parent", _in_the_tree),
        Part("order", "place in the order", _in_the_tree),
        Part("id", "id", _in_the_tree),
        Part("uuid", "uuid", _observed_as("uuid")),
        Part("name", "name", _in_the_tree),
        Part("description", "description", _observed_as("description")),
        Part("captured", "time of capture", _observed_as("captured")),
        Part("current", "which snapshot is current", _in_the_tree),
        Part("content", "content", _observed_as("disks")),
        Part("size", "size", _observed_as("disks")),
        Part("memory", "memory", _observed_as("memory")),
        Part("power", "power", _observed_as("power")),
        Part("configuration", "configuration", _observed_as("configuration")),
        Part("managed_save", "managed-save image", _shows_image),
        Part("events", "the events that tell of it", _sends_events),
        Part("form", "the form of what is returned", _in_the_answer),
        Part("visibility", "what the profile claims to show", _in_the_tree),
        Part("survival", "what is there after a kill that followed success", _in_the_tree),
        Part("failure", "what is there after a call that failed", _in_the_tree),
        Part("recovery", "what is there after a kill inside a call", _claims_atomicity),
        Part("outage", "what is there after a loss of power", _claims_power_loss),
        Part("leftover", "what of the deleted stays in storage", _in_the_tree),
        Part("overlap", "one order of calls that overlap", _has_callers),
        Part("patience", "a call that is alone, refused as Busy", _has_callers),
        Part("progress", "one of the calls that overlap, not refused as Busy", _has_callers),
        Part("sight", "what a look-up shows while another call runs", _has_callers),
    )
}
"""The parts by name, in the order in which readers are told of them."""
