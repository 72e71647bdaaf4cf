"""Copies of the state's values: they are those of ``dataclasses.replace``, and share no computed property."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from rpds import HashTrieMap

from snaptree.spec.copies import replace
from snaptree.spec.state import Domain, Point, SavedState, Snapshot, blank_domain

POINT = Point(HashTrieMap(), 3, "running", HashTrieMap({"key": "value"}))
SNAPSHOT = Snapshot("s1", 1, "n", "d", "u", None, 1, POINT)
DOMAIN = blank_domain({"vda": 65536}).with_snapshot(SNAPSHOT)
VALUES = [POINT, SNAPSHOT, DOMAIN, SavedState(3, "paused")]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_copy_is_that_of_dataclasses(value: Any) -> None:
    for field in dataclasses.fields(value):
        copy = replace(value, **{field.name: "another"})
        assert copy == dataclasses.replace(value, **{field.name: "another"}) != value
        assert type(copy) is type(value)
        assert replace(value) == value
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(copy, field.name, None)


def test_a_copy_computes_its_properties_anew() -> None:
    assert (POINT.seen["memory"], POINT.holds) == (3, (False, True, True))
    copy = replace(POINT, memory=None, configuration=HashTrieMap())
    assert (copy.seen["memory"], copy.seen["configuration"], copy.holds) == (None, {}, (False, False, False))
    assert copy.seen is copy.seen


def test_a_list_in_order_is_the_callers() -> None:
    domain = Domain(POINT, POINT).with_snapshot(SNAPSHOT)
    domain.in_order().clear()
    assert domain.in_order() == [SNAPSHOT]
    later = domain.with_snapshot(replace(SNAPSHOT, id="s2", serial=0, uuid="v"))
    assert [one.id for one in later.in_order()] == ["s2", "s1"]
    assert domain.in_order() == [SNAPSHOT]
