"""Questions about a tree that was read, the order of creation, and the decorator of calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptree.conformance.drivers.kit.catalogue import SnapshotTree
from snaptree.conformance.drivers.kit.look_ups import LookUps
from snaptree.conformance.drivers.kit.order import CreationOrder
from snaptree.conformance.drivers.kit.refusals import ErrorTable, translate_errors
from snaptree.spec.outcomes import AmbiguousName, Busy, InvalidName, NoSuchSnapshot, Refusal

from .hypervisor import Taken

TREE = SnapshotTree(
    # A child that somebody else made may be listed before its parent.
    (
        Taken("c", "twin", "b", 0),
        Taken("a", "top", None, 0),
        Taken("b", "twin", "a", 0),
        Taken("d", "d", None, 0),
    ),
    "c",
)


class Domain(LookUps):
    def catalogue(self) -> SnapshotTree[Taken]:
        return TREE


def test_look_ups_answer_from_the_tree() -> None:
    domain = Domain()
    assert (domain.list(), domain.count(), domain.current()) == (["c", "a", "b", "d"], 4, "c")
    assert (domain.children(), domain.children("a"), domain.children("c")) == (["a", "d"], ["b"], [])
    assert (domain.parent("c"), domain.parent("a")) == ("b", None)
    assert (domain.lookup_by_id("d"), domain.lookup_by_name("top")) == ("d", "a")
    assert TREE.below("a") == ["c", "b"]


def test_what_is_not_there_and_what_is_there_twice_are_refused() -> None:
    domain = Domain()
    for call in (domain.children, domain.parent, domain.lookup_by_id, domain.lookup_by_name, TREE.below):
        with pytest.raises(NoSuchSnapshot):
            call("nobody")
    with pytest.raises(AmbiguousName, match="2"):
        domain.lookup_by_name("twin")


@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_order_is_that_of_the_last_creation_and_strangers_come_last(
    created: list[str], listed: list[str]
) -> None:
    order = CreationOrder()
    for one in created:
        order.created(one)
    own = [one for one in listed if one in created]
    own.sort(key=lambda one: len(created) - created[::-1].index(one))
    assert order.sort(listed, str) == own + sorted(set(listed) - set(created))
    assert set(order) == set(created)
    assert len(order) == len(set(created))


class Declined(Exception):
    code = 7


ERRORS = ErrorTable("toy", {7: Busy, 8: NoSuchSnapshot}, calls={"rename": {7: InvalidName}})


def test_a_code_means_what_the_moment_the_call_or_the_system_says() -> None:
    assert ERRORS.kind(7) is Busy
    assert ERRORS.kind(7, "rename") is InvalidName
    assert ERRORS.kind(7, "rename", {7: NoSuchSnapshot}) is NoSuchSnapshot
    assert ERRORS.kind(9) is None
    refusal = ERRORS.refusal(Busy, "in words", code=7, words="raw")
    assert (str(refusal), refusal.native) == ("in words", {"system": "toy", "code": 7, "text": "raw"})


def test_a_decorated_call_is_translated_under_its_own_name() -> None:
    class Toy(Domain):
        @contextmanager
        def translation(self, call: str) -> Iterator[None]:
            try:
                yield
            except Declined as error:
                kind = ERRORS.kind(error.code, call)
                assert kind is not None
                raise ERRORS.refusal(kind, str(error), code=error.code) from None

        @translate_errors
        def rename(self, snapshot: str, name: str) -> None:
            """Rename it."""
            raise Declined(f"{snapshot} as {name}")

    with pytest.raises(Refusal, match="new") as refused:
        Toy().rename("a", name="new")
    assert isinstance(refused.value, InvalidName)
    assert (Toy.rename.__name__, Toy.rename.__doc__) == ("rename", "Rename it.")
