"""Profiles: what a hypervisor claims, as data.

A profile fixes the points in which hypervisors may differ. It is TOML, checked
against a JSON Schema, and may inherit from another profile: tables are merged
key by key, ``false`` takes a claim back. A claim is tested both ways: what is
claimed must match the model, and what is not claimed must be refused as
``Unsupported`` without effect.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal

from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.operations import CALLS
from snaptree.spec.state import POWER_STATES, Power

Claim = Literal["native", "adapter"]
"""Who does it: the hypervisor itself, or the driver, which composes it."""

Observed = Literal["always", "by-reverting", "never"]
"""Whether a part can be read: at any time, only by reverting, or not at all."""

OBSERVABLE_PARTS: Final = (
    "tree", "description", "uuid", "captured", "casualties",
    "disks", "memory", "power", "configuration", "base",
)  # fmt: skip


class ProfileError(ValueError):
    """A profile that cannot be found or read; the text says what to do."""


@dataclass(frozen=True)
class Names:
    """Which names a hypervisor takes, and what a name that repeats means.

    ``longest`` counts bytes of UTF-8. ``forbidden`` is a regular expression;
    a name in which it matches anywhere is invalid.
    """

    policy: Literal["unique", "replace", "duplicates"] = "unique"
    lookup: Literal["first-depth-first", "first-breadth-first", "ambiguous"] = "ambiguous"
    longest: int = 255
    forbidden: str = ""

    def allows(self, name: str) -> bool:
        """Whether ``name`` is valid, in use or not."""
        if not name:
            return False
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return False
        return size <= self.longest and not (self.forbidden and re.search(self.forbidden, name))


@dataclass(frozen=True)
class Limits:
    """Numbers beyond which an operation is ``LimitExceeded``; None is unlimited.

    ``merge_children`` is the most dependents that a merge into children may
    have, the active state included. ``depth`` counts snapshots from a root down.
    ``count`` includes retired snapshots.
    """

    merge_children: int | None = None
    depth: int | None = None
    count: int | None = None


@dataclass(frozen=True)
class Profile:
    """The variation points of one hypervisor. See the chapter on profiles."""

    name: str
    title: str = ""
    identity: Literal["uuid", "id", "name"] = "id"
    roots: Literal["forest", "single"] = "forest"
    operations: dict[str, Claim] = field(default_factory=dict)
    features: dict[str, Claim] = field(default_factory=dict)
    power: dict[str, tuple[Power, ...]] = field(default_factory=dict)
    memory: Literal["optional", "always", "never"] = "never"
    names: Names = Names()
    limits: Limits = Limits()
    revert_with_memory: Literal["captured", "saved", "off"] = "captured"
    create_with_managed_save: Literal["captures", "drops", "refuses"] = "refuses"
    atomicity: dict[str, Literal["atomic", "prefix", "nothing"]] = field(default_factory=dict)
    observes: dict[str, Observed] = field(default_factory=dict)
    libvirt: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The flags that libvirt's own calls take, by group; empty where the driver has no such calls."""

    def claims(self, call: str) -> bool:
        """Whether the call is claimed, natively or by the adapter."""
        return call in self.operations

    def offers(self, feature: str) -> bool:
        """Whether a feature (``quiesce``, ``reset_to_base`` …) is claimed."""
        return feature in self.features

    def allows_power(self, call: str, power: Power) -> bool:
        """Whether the call is allowed in a power state; default is in every one."""
        return power in self.power.get(call, POWER_STATES)

    def can_observe(self, part: str) -> bool:
        """Whether a part can be read at any time, without reverting."""
        return self.observes.get(part, "never") == "always"

    @cached_property
    def merge_direction(self) -> Literal["parent", "children", "both", "none"]:
        """Where a merge goes: what binding 1 of the mail derives from the driver."""
        parent, children = self.claims("merge_into_parent"), self.claims("merge_into_children")
        if parent and children:
            return "both"
        return "parent" if parent else "children" if children else "none"

    def __hash__(self) -> int:
        return hash(self.name)


FEATURES: Final = ("reset_to_base", "quiesce", "resume_as", "transient", "independent_disks")


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with snaptree."""
    return sorted(entry.name[:-5] for entry in _claims().iterdir() if entry.name.endswith(".toml"))


@cache
def load_profile(name_or_path: str) -> Profile:
    """The profile of that name, or of that TOML file.

    Raises ProfileError with one sentence when there is none, or it is malformed.
    """
    record = _read(name_or_path, ())
    return _profile(record)


def varied(name_or_path: str, settings: Iterable[str]) -> Profile:
    """A profile with some points set otherwise: ``limits.depth=3``, ``operations.start=false``.

    Raises ProfileError.
    """
    record = _read(name_or_path, ())
    for setting in settings:
        path, _, value = setting.partition("=")
        change: Any = {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value)
        for key in reversed(path.split(".")):
            change = {key: change}
        record = _merged(record, change)
    try:
        check_against("profile", record)
    except SchemaViolation as error:
        raise ProfileError(f"profile {name_or_path} with {', '.join(settings)}: {error}") from None
    return _profile({**record, "name": ", ".join([record["name"], *settings])})


def _claims() -> Traversable:
    return files("snaptree.spec.claims")


def _read(name_or_path: str, heirs: tuple[str, ...]) -> dict[str, Any]:
    """The record of a profile with everything that it inherits."""
    if name_or_path in heirs:
        raise ProfileError(f"profile {name_or_path!r} inherits from itself")
    shipped = name_or_path in shipped_profiles()
    source = _claims() / f"{name_or_path}.toml" if shipped else Path(name_or_path)
    try:
        record = tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"profile {name_or_path}: not TOML: {error}") from None
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        known = ", ".join(shipped_profiles())
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise ProfileError(
            f"no profile {name_or_path!r} ({reason}); give a TOML file or one of: {known}"
        ) from None
    try:
        check_against("profile", record)
    except SchemaViolation as error:
        raise ProfileError(f"profile {name_or_path}: {error}") from None
    parent = record.pop("inherits", None)
    if parent is None:
        return record
    return _merged(_read(parent, (*heirs, name_or_path)), record)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _profile(record: dict[str, Any]) -> Profile:
    names = Names(**record.get("names", {}))
    try:
        re.compile(names.forbidden)
    except re.error as error:
        raise ProfileError(
            f"profile {record['name']}: names.forbidden is no regular expression: {error}"
        ) from None
    limits = {key: None if value == "unlimited" else value for key, value in record.get("limits", {}).items()}
    known = {item.name for item in fields(Profile)}
    rest = {key: value for key, value in record.items() if key in known - {"names", "limits"}}
    for table in ("operations", "features"):
        rest[table] = {key: claim for key, claim in record.get(table, {}).items() if claim is not False}
    rest["power"] = {call: tuple(states) for call, states in record.get("power", {}).items()}
    rest["libvirt"] = {group: tuple(flags) for group, flags in (record.get("libvirt") or {}).items()}
    profile = Profile(names=names, limits=Limits(**limits), **rest)
    if profile.identity == "name" and profile.claims("rename"):
        raise ProfileError(
            f"profile {profile.name}: where the name is the identity, rename cannot be claimed"
        )
    unknown = sorted(set(profile.power) - set(CALLS))
    if unknown:
        raise ProfileError(f"profile {profile.name}: power names unknown calls: {', '.join(unknown)}")
    return profile
