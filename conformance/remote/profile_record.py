"""A profile as JSON: the form of a profile's TOML file, everything inherited resolved."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.profiles import Limits, Names, Profile, ProfileError, load_profile


def record_of(profile: Profile) -> dict[str, Any]:
    """A profile in full, as JSON."""
    record = asdict(profile)
    record["power"] = {call: list(states) for call, states in profile.power.items()}
    record["libvirt"] = {group: list(flags) for group, flags in profile.libvirt.items()}
    limits = record["limits"]
    record["limits"] = {key: "unlimited" if value is None else value for key, value in limits.items()}
    return record


def profile_from(said: Any) -> Profile:
    """The profile that a driver named, or gave in full. Raises ProfileError."""
    if isinstance(said, str):
        return load_profile(said)
    try:
        check_against("profile", said)
    except SchemaViolation as error:
        raise ProfileError(f"the driver's profile: {error}") from None
    if "inherits" in said:
        raise ProfileError("the driver's profile: give it in full, or the path of a TOML file that inherits")
    record = dict(said)
    names, limits = record.pop("names", {}), record.pop("limits", {})
    for table in ("operations", "features"):
        record[table] = {key: claim for key, claim in record.get(table, {}).items() if claim is not False}
    record["power"] = {call: tuple(states) for call, states in record.get("power", {}).items()}
    record["libvirt"] = {group: tuple(flags) for group, flags in (record.get("libvirt") or {}).items()}
    bounds = {key: None if value == "unlimited" else value for key, value in limits.items()}
    return Profile(names=Names(**names), limits=Limits(**bounds), **record)
