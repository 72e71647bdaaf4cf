"""The shipped profiles side by side, and the catalogue of faulty hypervisors."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from pages.words import linked, rule_link, table
from snaptree.conformance.mutants.catalogue import MUTANTS
from snaptree.spec.operations import CALLS
from snaptree.spec.profiles import FEATURES, OBSERVABLE_PARTS, Profile, load_profile, shipped_profiles
from snaptree.spec.state import POWER_STATES

_NO: Final = "–"


def hypervisor_pages() -> dict[str, str]:
    """The pages of profiles and of mutants."""
    return {"profiles.md": _profiles(), "mutants.md": _mutants()}


def _profiles() -> str:
    known = [load_profile(name) for name in shipped_profiles()]
    titles = [f"{{ref}}`{one.name} <profile-{one.name}>`" for one in known]

    def rows(entries: list[tuple[str, list[str]]]) -> str:
        return (
            ":::{container} snaptree-wide\n"
            + table(["", *titles], ([name, *values] for name, values in entries))
            + "\n:::\n"
        )

    def point(name: str, values: list[str]) -> tuple[str, list[str]]:
        return name, values

    general = [
        point("identity", [one.identity for one in known]),
        point("roots", [one.roots for one in known]),
        point("merges into", [one.merge_direction for one in known]),
        point("memory of a running domain", [one.memory for one in known]),
        point("power after a revert with memory", [one.revert_with_memory for one in known]),
        point("create beside a managed-save image", [one.create_with_managed_save for one in known]),
        point("descriptions", [one.descriptions for one in known]),
    ]
    names = [
        point("a name in use", [one.names.policy for one in known]),
        point("a name that several bear", [_lookup(one) for one in known]),
        point("longest name, in bytes", [f"{one.names.longest:,}" for one in known]),
        point("forbidden", [_code(", ".join(one.names.forbidden)) for one in known]),
        point("forbidden at the start", [_code(", ".join(one.names.forbidden_first)) for one in known]),
    ]
    limits = [
        point("dependents of a merge into children", [_number(one.limits.merge_children) for one in known]),
        point("depth", [_number(one.limits.depth) for one in known]),
        point("count", [_number(one.limits.count) for one in known]),
    ]
    calls = [point(f"`{call}`", [one.operations.get(call, _NO) for one in known]) for call in CALLS]
    features = [point(f"`{one}`", [profile.features.get(one, _NO) for profile in known]) for one in FEATURES]
    restricted = [call for call in CALLS if any(call in one.power for one in known)]
    power = [point(f"`{call}`", [_power(one, call) for one in known]) for call in restricted]
    durable = [call for call in CALLS if any(call in one.atomicity for one in known)]
    atomicity = [point(f"`{call}`", [one.atomicity.get(call, _NO) for one in known]) for call in durable]
    overlap = (*CALLS, "observe")
    singly = [call for call in overlap if any(one.is_single(call) for one in known)]
    single = [point(f"`{call}`", ["yes" if one.is_single(call) else _NO for one in known]) for call in singly]
    atomicity.append(point("a loss of power", [one.power_loss for one in known]))
    observes = [point(part, [one.observes.get(part, "never") for one in known]) for part in OBSERVABLE_PARTS]
    sections = [
        "# What the hypervisors claim\n",
        "Every point in which hypervisors may differ, for every profile that is shipped. `native`: the",
        "hypervisor does it. `adapter`: the driver composes it. A dash: not claimed, so the call has to be",
        "refused as `Unsupported`. What a claim means is said in the chapter {doc}`/chapters/profiles`.\n",
        "## Identity, memory and power\n", rows(general),
        "## Calls\n", rows(calls),
        "## Features\n", rows(features),
        "## Power states in which a call is allowed\n",
        "Calls that are not listed are allowed in every state.\n", rows(power),
        "## Names\n", rows(names),
        "## Limits\n", rows(limits),
        "## What a crash inside a call may leave\n", rows(atomicity),
        "## Calls that are one call of the hypervisor, where several callers overlap\n", rows(single),
        "## What can be observed\n", rows(observes),
        "## The files, with their reasons\n", *(_file(one) for one in known),
    ]  # fmt: skip
    return "\n".join(sections)


def _file(profile: Profile) -> str:
    text = files("snaptree.spec.claims").joinpath(f"{profile.name}.toml").read_text(encoding="utf-8")
    return (
        f"(profile-{profile.name})=\n### {profile.name}: {profile.title}\n\n"
        f"```{{raw}} html\n<details><summary>{profile.name}.toml</summary>\n```\n\n"
        f"````toml\n{text}````\n\n```{{raw}} html\n</details>\n```\n"
    )


def _lookup(profile: Profile) -> str:
    return profile.names.lookup if profile.names.policy == "duplicates" else _NO


def _number(limit: int | None) -> str:
    return "unlimited" if limit is None else f"{limit:,}"


def _code(text: str) -> str:
    return f"`{text}`" if text else _NO


def _power(profile: Profile, call: str) -> str:
    if not profile.claims(call):
        return _NO
    return ", ".join(state for state in POWER_STATES if profile.allows_power(call, state))


def _mutants() -> str:
    rows = [
        (
            f'<span id="mutant-{one.name}">{one.name}</span>',
            linked(one.about),
            ", ".join(map(rule_link, one.caught_by)) or "none",
        )
        for one in MUTANTS
    ]
    return (
        "# Faulty hypervisors\n\nThe suite is put to the test with these. Each is the simulated hypervisor\n"
        "with one fault, and one of the rules beside it has to be named when it is caught. Those that break\n"
        "no rule must not be blamed.\n"
        "`snaptree mutants` runs them.\n\n" + table(("hypervisor", "what it does", "caught by"), rows) + "\n"
    )
