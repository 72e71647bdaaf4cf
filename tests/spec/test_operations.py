"""Operations as values: forced variants are types, and the JSON form of both is one ``op``."""

from __future__ import annotations

import pickle
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.libvirt.calls import ALL_OPERATIONS, SnapshotGetParent
from snaptree.spec.operations import CALLS, FORCED, KINDS, OPERATIONS, operation_from_json, target_of

VALUES: dict[str, Any] = {
    "blocks": ((3, 7),),
    "name": "n",
    "description": "in words",
    "disk": "vda",
    "key": "k",
    "snapshot": "s1",
}


def example_of(kind: type[ops.Operation]) -> ops.Operation:
    """One operation of a kind, with every argument that has no default."""
    wanted = [field.name for field in fields(kind) if field.default is MISSING]
    return kind(**{name: VALUES.get(name, 7) for name in wanted})


@pytest.mark.parametrize("kind", [*KINDS.values(), *ALL_OPERATIONS.values()], ids=lambda kind: kind.call)
def test_every_operation_is_read_back_from_its_json(kind: type[ops.Operation]) -> None:
    operation = example_of(kind)
    again = operation_from_json(operation.to_json(), ALL_OPERATIONS)
    assert again == operation
    assert type(again) is kind
    assert pickle.loads(pickle.dumps(operation)) == operation


def test_a_forced_variant_has_the_op_of_the_plain_one_and_a_call_of_its_own() -> None:
    assert {op: kind.call for op, kind in FORCED.items()} == {
        "merge_into_parent": "merge_into_parent_forced",
        "discard": "discard_forced",
        "undefine": "undefine_forced",
    }
    assert set(FORCED) < set(OPERATIONS)
    assert (*OPERATIONS, *(kind.call for kind in FORCED.values())) == CALLS


def test_the_json_of_forced_variants_is_that_of_older_traces() -> None:
    assert ops.DiscardForced("s1").to_json() == {"op": "discard", "snapshot": "s1", "forced": True}
    assert ops.MergeIntoParentForced("s1", "off").to_json() == {
        "op": "merge_into_parent",
        "snapshot": "s1",
        "forced": True,
        "resume_as": "off",
    }
    assert ops.UndefineForced().to_json() == {"op": "undefine", "forced": True}


def test_older_traces_may_say_what_a_plain_delete_ignores() -> None:
    older = {"op": "discard", "snapshot": "s1", "forced": False, "resume_as": "off"}
    assert operation_from_json(older) == ops.Discard("s1")
    assert operation_from_json({"op": "undefine", "forced": False}) == ops.Undefine()
    for wrong in ("flying", 7, ["off"]):
        with pytest.raises(ValueError, match="resume_as is running, paused, off or null, not"):
            operation_from_json({**older, "resume_as": wrong})
    with pytest.raises(ValueError, match="unknown argument 'resume_as'"):
        operation_from_json({"op": "undefine", "forced": True, "resume_as": "off"})
    with pytest.raises(ValueError, match="unknown argument 'forced'"):
        operation_from_json({"op": "retire", "snapshot": "s1", "forced": True})


def test_the_older_way_to_write_a_forced_variant_makes_the_same_value() -> None:
    discard: Any = ops.Discard
    merge: Any = ops.MergeIntoParent
    undefine: Any = ops.Undefine
    assert discard("s1", forced=True, resume_as="off") == ops.DiscardForced("s1", "off")
    assert merge("s1", forced=True) == ops.MergeIntoParentForced("s1")
    assert undefine(forced=True) == ops.UndefineForced()
    assert discard("s1", forced=False) == ops.Discard("s1")
    assert replace(discard("s1"), forced=True) == ops.DiscardForced("s1")


def test_a_plain_delete_has_nothing_to_resume() -> None:
    assert ops.Discard("s1").arguments() == {"snapshot": "s1"}
    assert ops.DiscardForced("s1").arguments() == {"snapshot": "s1", "resume_as": None}


def test_the_target_is_the_snapshot_that_is_named() -> None:
    named = (ops.Discard("s1"), ops.Children("s1"), SnapshotGetParent("s1"))
    assert [target_of(operation) for operation in named] == ["s1"] * 3
    assert [target_of(operation) for operation in (ops.Children(), ops.Start(), ops.Create("s1"))] == [
        None
    ] * 3
