"""BIND-5 as a law: a binding reaches what the separate call reaches, on every domain, profile and flag.

The tables of this module say which separate call each combination of flags stands for. They are written
from the chapter, not from the bindings.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptree.spec import operations as ops
from snaptree.spec.bindings import (
    Translation,
    direction_flags,
    libvirt,
    outcome_of,
    refined_flags,
    separate_calls,
)
from snaptree.spec.bindings.libvirt import DeleteFlag, Record, RevertFlag
from snaptree.spec.examples import TREES, example_domain
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Outcome, Refused
from snaptree.spec.profiles import Profile, load_profile, shipped_profiles, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

INVALID: Final = Refused(frozenset({"InvalidArgument"}))

# Every shipped profile, and one for each call of a delete that is not claimed.
PROFILES: Final = [
    *map(load_profile, shipped_profiles()),
    *(varied("rfc", [f"operations.{call}=false"]) for call in separate_calls.CALLS),
    varied("rfc", ["operations.merge_into_children=false", "operations.merge_into_parent=false"]),
    varied("rfc", ["operations.list=false", "operations.current=false", "operations.parent=false"]),
]

MERGE, MERGE_FORCE, DISCARD, DISCARD_FORCE, TO_PARENT, TO_CHILDREN = (1 << bit for bit in range(6))

# What is no number of flags at all.
NO_FLAGS: Final[tuple[Any, ...]] = ("3", None, 3.0, True, False, [], b"1", 1 << 40, -1)


def _gone(name: str) -> Domain:
    """An example after its domain was removed."""
    outcome = step(example_domain(name), ops.UndefineForced(), load_profile("rfc"))
    assert not isinstance(outcome, Refused)
    return outcome.domain


DOMAINS: Final = [
    *map(example_domain, TREES),
    *(_gone(name) for name in ("chain", "retired", "base-only")),
]

domains = st.sampled_from(DOMAINS)
profiles = st.sampled_from(PROFILES)
places = st.integers(0, 9)
resumes = st.sampled_from([None, "running", "paused", "off", "flying"])
directions = st.sampled_from([None, "parent", "children", "sideways"])


def named(domain: Domain, place: int) -> str:
    """A snapshot of the domain, listed or retired, or one that never was."""
    known = [*sorted(domain.snapshots), *sorted(domain.retired), "nobody"]
    return known[place % len(known)]


def asked(translation: Translation, domain: Domain, profile: Profile) -> Outcome:
    return outcome_of(translation, domain, profile, step)


def stands_for(
    snapshot: str, flags: int, direction: str | None, resume_as: ops.ResumeAs | None
) -> Operation | None:
    """The separate call, or None for what is an invalid argument in every shape."""
    merges = flags in (MERGE, MERGE_FORCE)
    if direction not in (("parent", "children") if merges else (None,)):
        return None
    forced: Operation | None = None
    plain: Operation | None = None
    match flags, direction:
        case 0, _:
            plain = ops.Retire(snapshot)
        case 4, _:
            plain = ops.Discard(snapshot)
        case 8, _:
            forced = ops.DiscardForced(snapshot, resume_as)
        case ((1 | 2), "children"):
            plain = ops.MergeIntoChildren(snapshot)
        case 1, "parent":
            plain = ops.MergeIntoParent(snapshot)
        case 2, "parent":
            forced = ops.MergeIntoParentForced(snapshot, resume_as)
    if forced is None and resume_as is not None:
        return None
    return forced or plain


def expected(operation: Operation | None, domain: Domain, profile: Profile) -> Outcome:
    return INVALID if operation is None else step(domain, operation, profile)


@pytest.mark.rule("BIND-3", "BIND-5", "BIND-19", "BIND-20", "BIND-22", "BIND-23")
@settings(max_examples=1500, deadline=None)
@given(domains, profiles, places, st.integers(0, 31), directions, resumes)
def test_refined_flags(
    domain: Domain,
    profile: Profile,
    place: int,
    flags: int,
    toward: refined_flags.MergeDirection | None,
    resume_as: ops.ResumeAs | None,
) -> None:
    snapshot = named(domain, place)
    direction: str | None = toward
    if toward is None and flags in (MERGE, MERGE_FORCE):
        up, down = (profile.claims(f"merge_into_{way}") for way in ("parent", "children"))
        direction = "parent" if up and not down else "children"
    wanted = expected(stands_for(snapshot, flags, direction, resume_as), domain, profile)
    given_ = refined_flags.delete(snapshot, flags, profile, toward, resume_as)
    assert asked(given_, domain, profile) == wanted


@pytest.mark.rule("BIND-5", "BIND-21", "BIND-22", "BIND-23")
@settings(max_examples=1500, deadline=None)
@given(domains, profiles, places, st.integers(0, 127), resumes)
def test_direction_flags(
    domain: Domain, profile: Profile, place: int, flags: int, resume_as: ops.ResumeAs | None
) -> None:
    snapshot = named(domain, place)
    ways = {0: None, TO_PARENT: "parent", TO_CHILDREN: "children"}
    direction = ways.get(flags & (TO_PARENT | TO_CHILDREN), "both")
    operation = stands_for(snapshot, flags & ~(TO_PARENT | TO_CHILDREN), direction, resume_as)
    given_ = direction_flags.delete(snapshot, flags, profile, resume_as)
    assert asked(given_, domain, profile) == expected(operation, domain, profile)


@pytest.mark.rule("BIND-5")
@settings(max_examples=800, deadline=None)
@given(domains, profiles, places, resumes, st.sampled_from(separate_calls.CALLS))
def test_separate_calls(
    domain: Domain, profile: Profile, place: int, resume_as: ops.ResumeAs | None, call: str
) -> None:
    snapshot = named(domain, place)
    operation: Operation
    match call:
        case "discard_forced":
            operation = ops.DiscardForced(snapshot, resume_as)
            given_ = separate_calls.discard_forced(snapshot, profile, resume_as)
        case "merge_into_parent_forced":
            operation = ops.MergeIntoParentForced(snapshot, resume_as)
            given_ = separate_calls.merge_into_parent_forced(snapshot, profile, resume_as)
        case _:
            operation = ops.KINDS[call](snapshot)  # type: ignore[call-arg]  # each names a snapshot
            given_ = getattr(separate_calls, call)(snapshot, profile)
    assert asked(given_, domain, profile) == step(domain, operation, profile)


@pytest.mark.rule("BIND-5", "BIND-25", "BIND-26", "BIND-28", "BIND-29", "BIND-31")
@settings(max_examples=1500, deadline=None)
@given(domains, profiles, places, st.integers(0, 7), st.integers(0, 3))
def test_libvirt_as_shipped(domain: Domain, profile: Profile, place: int, flags: int, power: int) -> None:
    snapshot = named(domain, place)
    resume_as: dict[int, ops.ResumeAs | None] = {0: None, 1: "running", 2: "paused"}
    wanted = step(domain, ops.Revert(snapshot, resume_as[power]), profile) if power in resume_as else INVALID
    assert asked(libvirt.revert(snapshot, power, profile), domain, profile) == wanted
    if flags & 5 == 5:
        assert asked(libvirt.delete(domain, snapshot, flags, profile), domain, profile) == INVALID
    elif not flags & DeleteFlag.METADATA_ONLY:
        depends = any(domain.dependents(snapshot))
        operation: Operation = (
            ops.RemoveSubtree(snapshot, keep_root=flags == DeleteFlag.CHILDREN_ONLY)
            if flags
            else ops.MergeIntoChildren(snapshot)
            if depends or snapshot not in domain
            else ops.Discard(snapshot)
        )
        deleted = asked(libvirt.delete(domain, snapshot, flags, profile), domain, profile)
        assert deleted == step(domain, operation, profile)
    for translation, operation in (
        (libvirt.lookup_by_name("a", profile), ops.LookupByName("a")),
        (libvirt.list_all(domain, 0, profile), ops.ListSnapshots()),
        (libvirt.list_children(domain, snapshot, 0, profile), ops.Children(snapshot)),
    ):
        assert asked(translation, domain, profile) == step(domain, operation, profile)
    for translation, operation in (
        (libvirt.current(domain, profile), ops.Current()),
        (libvirt.parent(domain, snapshot, profile), ops.Parent(snapshot)),
    ):
        # libvirt says that there is none by an error of its own.
        wanted = step(domain, operation, profile)
        if not isinstance(wanted, Refused) and wanted.result is None:
            wanted = Refused(frozenset({"NoSuchSnapshot"}))
        assert asked(translation, domain, profile) == wanted


@pytest.mark.rule("BIND-24")
@pytest.mark.parametrize("flags", NO_FLAGS, ids=repr)
def test_what_is_no_flags_is_an_invalid_argument(flags: int) -> None:
    """BIND-2: in every shape, and never an error of Python's."""
    domain, profile = example_domain("chain"), load_profile("rfc")
    for translation in (
        refined_flags.delete("s1", flags, profile),
        direction_flags.delete("s1", flags, profile),
        libvirt.delete(domain, "s1", flags, profile),
        libvirt.revert("s1", flags, profile),
        libvirt.create(domain, Record("new"), flags, profile),
        libvirt.list_all(domain, flags, profile),
        libvirt.list_children(domain, "s1", flags, profile),
    ):
        assert translation == INVALID


@pytest.mark.rule("BIND-53")
def test_a_flag_about_firmware_has_no_effect_where_the_profile_takes_it() -> None:
    """BIND-29: RESET_NVRAM of a domain without NVRAM is the same revert."""
    domain, takes = example_domain("chain"), load_profile("libvirt-qemu-internal")
    for power in (0, RevertFlag.RUNNING, RevertFlag.PAUSED):
        plain = asked(libvirt.revert("s1", int(power), takes), domain, takes)
        assert asked(libvirt.revert("s1", power | RevertFlag.RESET_NVRAM, takes), domain, takes) == plain
        assert not isinstance(plain, Refused)
