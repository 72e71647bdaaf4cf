"""What an observation has to hold: every part that the profile claims to show at any time.

A key that is absent is not observed. That is right where the profile does not claim it, and a deviation
where it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from snaptree.spec.observation import Observation
from snaptree.spec.profiles import Profile

STATE: Final[tuple[str, ...]] = ("disks", "memory", "power", "configuration")
"""The parts of a captured state."""


@dataclass(frozen=True)
class Claims:
    """The keys that a profile claims, each with the claim: ``disks = always``.

    ``whole`` are those of an observation, ``entry`` those of a snapshot in it, ``point``, ``active`` and
    ``base`` those of states.
    """

    whole: Mapping[str, str]
    entry: Mapping[str, str]
    point: Mapping[str, str]
    active: Mapping[str, str]
    base: Mapping[str, str]


def claims_of(profile: Profile) -> Claims:
    """The keys that have to be there under a profile."""
    return _claims(tuple(sorted(profile.observes.items())), _image(profile), _independent(profile))


def left_out(seen: Observation, profile: Profile) -> list[str]:
    """The claimed keys that an observation lacks, each as one sentence."""
    return [
        f"the profile says {claim}, observe() left out {key!r}{place}"
        for claim, key, place in _gaps(seen, profile)
    ]


def summary(gaps: list[str]) -> str:
    """The first of several sentences, and how many more there are."""
    return gaps[0] + (f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else "")


def _gaps(seen: Observation, profile: Profile) -> Iterator[tuple[str, str, str]]:
    claims = claims_of(profile)
    yield from _absent(seen, claims.whole, "")
    for entry in seen.get("snapshots", []):
        place = f" of {entry.get('name', entry['id'])!r:.60}"
        yield from _absent(entry, claims.entry, place)
        if "point" in entry:
            yield from _absent(entry["point"], claims.point, f" of the point{place}")
    if "active" in seen:
        yield from _absent(seen["active"], claims.active, " of the active state")
    if "base" in seen:
        yield from _absent(seen["base"], claims.base, " of base")


def _absent(
    part: Mapping[str, Any], claimed: Mapping[str, str], place: str
) -> Iterator[tuple[str, str, str]]:
    for key, claim in claimed.items():
        if key not in part:
            yield claim, key, place


def _image(profile: Profile) -> bool:
    """Whether a managed-save image has to be shown: it belongs to the power state of the domain."""
    return profile.claims("managed_save") and profile.can_observe("power")


def _independent(profile: Profile) -> bool:
    return profile.offers("independent_disks") and profile.can_observe("disks")


@cache
def _claims(observes: tuple[tuple[str, str], ...], image: bool, independent: bool) -> Claims:
    shown = dict(observes)
    told = {part: f"{part} = {value}" for part, value in observes if value == "always"}
    state = {part: told[part] for part in STATE if part in told}
    # What a revert brings to light shows in the active state.
    readable = {
        part: f"{part} = {shown[part]}" for part in ("disks", "memory") if shown.get(part) == "by-reverting"
    }
    active = {**state, **readable}
    whole = {key: told["tree"] for key in ("snapshots", "current") if "tree" in told}
    whole |= {"active": next(iter(active.values()))} if active else {}
    whole |= {"base": told["base"]} if "base" in told else {}
    whole |= {"managed_save": f"{told['power']} and managed_save is claimed"} if image else {}
    whole |= {"independent": f"{told['disks']} and independent_disks is claimed"} if independent else {}
    entry = {key: told["tree"] for key in ("name", "parent") if "tree" in told}
    entry |= {part: told[part] for part in ("description", "uuid", "captured") if part in told}
    entry |= {"point": next(iter(state.values()))} if state else {}
    base = {part: claim for part, claim in state.items() if part in ("disks", "configuration")}
    return Claims(whole, entry, state, active, base)
