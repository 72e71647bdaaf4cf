"""Limits that a profile names: a refusal by them is no deviation and no pass, and may change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.spec.examples import DISKS
from snaptree.spec.operations import Create, Discard, MergeIntoChildren, Operation, Revert
from snaptree.spec.outcomes import InvalidArgument, Unsupported
from snaptree.spec.profiles import (
    DocumentedRefusal,
    Profile,
    ProfileError,
    load_profile,
    profile_from,
    record_of,
)

LIMIT = DocumentedRefusal(
    "merge_into_children", "Unsupported", "not in the chain", "https://host", "off-chain"
)
PROFILE = replace(load_profile("rfc"), name="named", placement="beside", refuses=(LIMIT,))

# b lies off the chain once the domain went back to a; it has a child, so a merge is what a caller asks for.
OFF_CHAIN: tuple[Operation, ...] = (Create("a"), Create("b"), Create("c"), Revert("s1"))


class Limited(SimulatedDomain):
    """It does not merge what the active state does not stand on."""

    def merge_into_children(self, snapshot: str) -> None:
        if snapshot in self.nodes and self.nodes[snapshot] not in self.at.path():
            raise Unsupported("not in the chain")
        super().merge_into_children(snapshot)


class RefusesWithEffect(Limited):
    """It refuses after it has done half of it."""

    def merge_into_children(self, snapshot: str) -> None:
        try:
            super().merge_into_children(snapshot)
        except Unsupported:
            self.nodes[snapshot].description = "half merged"
            self.touched(self.nodes[snapshot])
            raise


class RefusesAsAnotherKind(SimulatedDomain):
    """It refuses in that case, but says another thing."""

    def merge_into_children(self, snapshot: str) -> None:
        raise InvalidArgument(f"no such chain: {snapshot}")


class RefusesElsewhere(SimulatedDomain):
    """It refuses every merge, also of what the active state stands on."""

    def merge_into_children(self, snapshot: str) -> None:
        raise Unsupported(f"never {snapshot}")


def played(kind: type[SimulatedDomain], *operations: Operation, profile: Profile = PROFILE) -> Lockstep:
    """The pair after the operations; the last one is looked at by the caller."""
    pair = Lockstep(kind(profile, DISKS), profile, DISKS)
    for operation in operations:
        assert not pair.do(operation).differences
    return pair


def test_a_named_limit_is_no_deviation_and_counts_for_no_rule() -> None:
    pair = played(Limited, *OFF_CHAIN)
    counted = pair.tally.coverage.copy()
    taken = pair.do(MergeIntoChildren("s2"))
    assert taken.differences == ()
    assert taken.documented == LIMIT
    assert taken.after is taken.before is pair.model
    assert not pair.broken
    assert pair.tally.documented == {("merge_into_children", "Unsupported", "off-chain"): 1}
    assert pair.tally.coverage == counted
    assert pair.do(Discard("s3")).differences == ()


def test_who_does_it_all_the_same_is_right_too() -> None:
    taken = played(SimulatedDomain, *OFF_CHAIN).do(MergeIntoChildren("s2"))
    assert (taken.differences, taken.documented) == ((), None)


@pytest.mark.parametrize("kind", [RefusesWithEffect, RefusesAsAnotherKind])
def test_a_limit_excuses_no_effect_and_no_other_kind(kind: type[SimulatedDomain]) -> None:
    assert played(kind, *OFF_CHAIN).do(MergeIntoChildren("s2")).differences


def test_a_limit_excuses_no_other_case() -> None:
    pair = played(RefusesElsewhere, Create("a"), Create("b"))
    assert pair.do(MergeIntoChildren("s1")).differences
    assert not pair.tally.documented


def test_without_the_limit_it_is_a_deviation() -> None:
    plain = replace(PROFILE, refuses=())
    pair = played(Limited, *OFF_CHAIN, profile=plain)
    assert pair.do(MergeIntoChildren("s2")).differences


def test_a_profile_with_limits_is_read_back_from_its_record() -> None:
    assert profile_from(record_of(PROFILE), "a trace") == PROFILE


@pytest.mark.parametrize(
    "wrong", [{"call": "merg"}, {"condition": "of-chain"}, {"kind": "Unsuported"}, {"sentence": ""}]
)
def test_a_limit_in_words_that_do_not_exist_is_refused(wrong: dict[str, str]) -> None:
    record = record_of(PROFILE)
    record["refuses"] = [{**record["refuses"][0], **wrong}]
    with pytest.raises(ProfileError):
        profile_from(record, "a trace")
