"""The one delete is called only where it does what was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptree.conformance.drivers.kit.one_delete import casualties, leaves_first
from snaptree.spec.outcomes import InvalidArgument, NoSuchSnapshot, Unsupported, WouldDiscard

from .hypervisor import Hypervisor, OneByOne

HYPERVISORS = [Hypervisor, OneByOne]


def grown(kind: type[Hypervisor], parents: list[int], at: int) -> Hypervisor:
    """A tree in which snapshot k grew from that of its number (0 for the base), and ``at`` is current."""
    domain = kind()
    for number, parent in enumerate(parents, start=1):
        domain.at = None if parent == 0 else f"s{parent}"
        domain.take(f"s{number}", number)
    domain.at = None if at == 0 else f"s{at}"
    domain.active = 100
    return domain


TREES = st.integers(1, 6).flatmap(
    lambda size: st.tuples(
        st.tuples(*(st.integers(0, number) for number in range(size))),
        st.integers(0, size),
        st.integers(1, size),
    )
)


@pytest.mark.parametrize("kind", HYPERVISORS)
@given(tree=TREES)
def test_a_merge_is_asked_for_where_something_depends_and_a_discard_where_nothing_does(
    kind: type[Hypervisor], tree: tuple[tuple[int, ...], int, int]
) -> None:
    parents, at, chosen = tree
    snapshot = f"s{chosen}"
    domain = grown(kind, list(parents), at)
    lost = casualties(domain.catalogue(), snapshot)
    dependents = domain.catalogue().children(snapshot) or domain.at == snapshot
    for call, allowed, named in (
        ("merge_into_children", bool(dependents), [snapshot]),
        ("discard", not lost, lost),
    ):
        domain = grown(kind, list(parents), at)
        if allowed:
            getattr(domain, call)(snapshot)
            assert domain.calls == [("delete", snapshot, False)]
        else:
            with pytest.raises(WouldDiscard) as refused:
                getattr(domain, call)(snapshot)
            assert refused.value.casualties == named
            assert domain.calls == []
        assert domain.active == 100


@pytest.mark.parametrize("kind", HYPERVISORS)
@given(tree=TREES, keep_root=st.booleans())
def test_removing_a_subtree_takes_it_alone_and_keeps_the_active_state(
    kind: type[Hypervisor], tree: tuple[tuple[int, ...], int, int], keep_root: bool
) -> None:
    parents, at, chosen = tree
    domain = grown(kind, list(parents), at)
    below = domain.catalogue().below(f"s{chosen}")
    kept = [one for one in domain.list() if one not in below and (keep_root or one != f"s{chosen}")]
    domain.remove_subtree(f"s{chosen}", keep_root)
    assert domain.list() == kept
    assert domain.active == 100
    assert all(call != "revert" for call, _, _ in domain.calls)


@pytest.mark.parametrize("kind", HYPERVISORS)
@given(tree=TREES)
def test_a_forced_discard_reverts_first_where_the_active_state_would_go(
    kind: type[Hypervisor], tree: tuple[tuple[int, ...], int, int]
) -> None:
    parents, at, chosen = tree
    domain = grown(kind, list(parents), at)
    snapshot, parent = f"s{chosen}", domain.parent(f"s{chosen}")
    lost = casualties(domain.catalogue(), snapshot)
    left = [one for one in domain.list() if one != snapshot and one not in lost]
    if "active" in lost and parent is None:
        with pytest.raises(Unsupported):
            domain.discard_forced(snapshot)
        assert domain.calls == []
        return
    domain.discard_forced(snapshot)
    assert domain.list() == left
    if "active" in lost:
        assert domain.calls[0] == ("revert", parent, False)
        assert (domain.current(), domain.active) == (parent, int(str(parent)[1:]))
    else:
        assert domain.active == 100


@given(tree=TREES)
def test_leaves_come_before_what_they_grew_from(tree: tuple[tuple[int, ...], int, int]) -> None:
    parents, at, chosen = tree
    catalogue = grown(Hypervisor, list(parents), at).catalogue()
    order = leaves_first(catalogue, f"s{chosen}")
    assert sorted(order) == sorted([f"s{chosen}", *catalogue.below(f"s{chosen}")])
    assert all(order.index(one) < order.index(str(catalogue.parent(one))) for one in order[:-1])


@pytest.mark.parametrize("call", ["merge_into_children", "discard", "discard_forced", "remove_subtree"])
def test_a_snapshot_that_is_not_there_reaches_no_delete(call: str) -> None:
    domain = grown(Hypervisor, [0], 1)
    with pytest.raises(NoSuchSnapshot):
        getattr(domain, call)("nobody")
    assert domain.calls == []


def test_a_power_state_that_is_none_or_is_not_offered_is_refused_before_anything_happens() -> None:
    domain = grown(Hypervisor, [0, 1], 2)
    with pytest.raises(InvalidArgument):
        domain.discard_forced("s2", "asleep")
    with pytest.raises(Unsupported):
        domain.discard_forced("s2", "running")
    assert domain.calls == []
