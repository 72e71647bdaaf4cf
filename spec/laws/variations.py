"""A profile and its variations: every point of it turned, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from snaptree.spec.operations import CALLS
from snaptree.spec.profiles import FEATURES, Profile

POINTS: Final[dict[str, tuple[Any, ...]]] = {
    "roots": ("forest", "single"),
    "memory": ("optional", "always", "never"),
    "revert_with_memory": ("captured", "saved", "off"),
    "create_with_managed_save": ("captures", "drops", "refuses"),
    "descriptions": ("any", "xml"),
    "identity": ("id", "uuid", "name"),
    "id_case": ("unsaid", "distinct", "ignored"),
    "id_names": ("unsaid", "distinct", "taken"),
    "transient_off": ("kept", "refused"),
}
"""What each point of a profile can be."""

TABLES: Final[dict[str, dict[str, tuple[Any, ...]]]] = {
    "names": {
        "policy": ("unique", "replace", "duplicates"),
        "lookup": ("ambiguous", "first-depth-first", "first-breadth-first"),
        "longest": (1, 2),
        "forbidden": ((), ("b",)),
        "forbidden_first": ((), ("b",)),
    },
    "limits": {
        "merge_children": (None, 1, 2),
        "depth": (1, 2, 3),
        "count": (1, 3),
        "disk_size": (None, 2 * 65536),
    },
}
"""The same for the points of its tables."""


def variations(profile: Profile) -> Iterator[Profile]:
    """A profile, and the profiles that differ from it in one point."""
    yield profile
    for turned in (
        *_claims(profile),
        *_power(profile),
        *_points(profile),
        *_tables(profile),
        *_repeats(profile),
    ):
        if turned.identity == "name" and (
            turned.claims("rename") or turned.claims("reclaim") or turned.names.policy == "duplicates"
        ):
            continue  # A name that changes, or that two snapshots bear, identifies neither.
        yield turned


def _turned(profile: Profile, where: str, **points: Any) -> Profile:
    return replace(profile, name=f"{profile.name} with {where}", **points)


def _claims(profile: Profile) -> Iterator[Profile]:
    for table, keys in (("operations", CALLS), ("features", FEATURES)):
        claims: dict[str, Any] = getattr(profile, table)
        for key in keys:
            other = {one: claim for one, claim in claims.items() if one != key}
            other |= {} if key in claims else {key: "adapter"}
            yield _turned(profile, f"{key} {'dropped' if key in claims else 'claimed'}", **{table: other})


def _power(profile: Profile) -> Iterator[Profile]:
    for call in filter(profile.claims, CALLS):
        for states in (("off",), ("running", "paused")):
            yield _turned(profile, f"{call} only when {states[0]}", power={**profile.power, call: states})


def _points(profile: Profile) -> Iterator[Profile]:
    for key, values in POINTS.items():
        for value in values:
            if value != getattr(profile, key):
                yield _turned(profile, f"{key}={value}", **{key: value})


def _tables(profile: Profile) -> Iterator[Profile]:
    for table, keys in TABLES.items():
        points = getattr(profile, table)
        for key, values in keys.items():
            for value in values:
                if value != getattr(points, key):
                    yield _turned(
                        profile, f"{table}.{key}={value}", **{table: replace(points, **{key: value})}
                    )


def _repeats(profile: Profile) -> Iterator[Profile]:
    """Two points at once, where the second shows in no other: the meaning of a name, limits of replacing."""
    for limits in ({"merge_children": 1}, {"depth": 2}, {"count": 3}):
        yield _turned(
            profile,
            f"replaced names, {limits}",
            names=replace(profile.names, policy="replace"),
            limits=replace(profile.limits, **limits),
        )
    if profile.offers("transient"):
        yield _turned(
            profile, "saved on transient domains", revert_with_memory="saved", transient_off="refused"
        )
    for lookup in ("first-depth-first", "first-breadth-first"):
        names = replace(profile.names, policy="duplicates", lookup=lookup)
        yield _turned(profile, f"repeated names, {lookup}", names=names)
