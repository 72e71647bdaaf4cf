"""The domains of arguments: every class has a reason, is recognised, and is reached where it can be."""

from __future__ import annotations

from typing import Any, cast

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.domains.history import FREED_BY, NO_HISTORY, WAYS, History
from snaptree.spec.domains.names import odd_names
from snaptree.spec.domains.search import (
    DISKS,
    Menus,
    after_step,
    class_in,
    feasible_cells,
    feasible_pairs,
    operation_in,
)
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.table import ARGUMENTS, DIMENSIONS, classes_of
from snaptree.spec.operations import CALLS, KINDS, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, blank_domain

RFC = load_profile("rfc")

REPLACING = varied("rfc", ["names.policy=replace"])

FEASIBLE = {"rfc": (551, 9021), "qemu": (430, 5064), "libvirt-test": (305, 3797)}
"""The cells and the pairs of each profile. Where a class is added or removed, these change with it."""


def after(*operations: Operation, profile: Profile = RFC) -> Situation:
    situation = Situation(blank_domain(DISKS), profile)
    for operation in operations:
        there = after_step(situation, operation)
        assert there is not None, operation
        situation = there
    return situation


def of_argument(call: str, argument: str, value: Any, situation: Situation, **others: Any) -> str:
    given = {"snapshot": "s1", "name": "x", "disk": "vda", "size": 1, "block": 0, "value": 1, "key": "key0"}
    wanted = KINDS[call].__match_args__
    arguments = {**{key: given[key] for key in wanted if key in given}, **others, argument: value}
    operation = KINDS[call](**arguments)
    return class_in(next(one for one in ARGUMENTS[call] if one.name == argument), operation, situation)


def test_every_argument_of_every_call_has_a_domain() -> None:
    assert set(ARGUMENTS) == set(CALLS)
    for call, arguments in ARGUMENTS.items():
        assert tuple(one.name for one in arguments) == KINDS[call].__match_args__


def test_every_class_has_a_reason() -> None:
    for arguments in DIMENSIONS.values():
        for argument in arguments:
            assert argument.classes
            assert all(len(why) > 4 for why in argument.classes.values()), argument.name


@pytest.mark.parametrize("name", FEASIBLE)
def test_the_numbers_of_cells_and_pairs(name: str) -> None:
    profile = load_profile(name)
    assert (len(feasible_cells(profile)), len(feasible_pairs(profile))) == FEASIBLE[name]


def test_every_cell_is_declared_and_shown_by_its_way() -> None:
    for cell, shown in feasible_cells(RFC).items():
        situation = Situation(blank_domain(DISKS, persistent=shown.persistent), RFC)
        for operation in shown.way:
            there = after_step(situation, operation)
            assert there is not None
            situation = there
        outcome = step(situation.domain, shown.operation, RFC)
        assert isinstance(outcome, Accepted) == (cell.answer == "accepted"), cell
        if cell.argument:
            argument = next(one for one in ARGUMENTS[cell.call] if one.name == cell.argument)
            assert cell.name in argument.classes
            assert class_in(argument, shown.operation, situation) == cell.name
        assert operation_in(cell, Menus(situation)) is not None


def unreached(profile: Profile) -> set[str]:
    """The classes that the search reaches for no call."""
    reached = {(cell.argument, cell.name) for cell in feasible_cells(profile)}
    return {
        f"{argument.name}: {name}"
        for call, arguments in ARGUMENTS.items()
        if profile.claims(call)
        for argument in arguments
        for name in argument.classes
        if (argument.name, name) not in reached
    }


def test_only_what_a_profile_excludes_is_unreached() -> None:
    replaced = {"snapshot: gone: replaced", "uuid: borne before: replaced"}
    assert unreached(RFC) == {*replaced, "size: beyond the limit"}
    assert unreached(REPLACING) == {"size: beyond the limit"}
    sized = varied("rfc", [f"limits.disk_size={64 * BLOCK_STRIDE}", "operations.rename=false"])
    assert "size: beyond the limit" not in unreached(sized)
    described = unreached(varied("qemu", ["descriptions=any"]))
    assert "description: no text of XML" in described, (
        "no protocol is asked to carry what it may be unable to"
    )


def test_every_pair_is_of_two_classes_that_are_declared() -> None:
    dimensions = {call: {one.name: one.classes for one in row} for call, row in DIMENSIONS.items()}
    for pair in feasible_pairs(RFC):
        assert pair.name in dimensions[pair.call][pair.argument]
        assert pair.other_name in dimensions[pair.call][pair.other]


THREE: list[Operation] = [
    ops.Create("a", uuid="11111111-0000-4000-8000-000000000000"),
    ops.Create("b"),
    ops.Create("c"),
]

FREED: dict[str, list[Operation]] = {
    "merged into children": [ops.MergeIntoChildren("s1")],
    "merged into parent": [ops.MergeIntoParent("s1")],
    "forced": [ops.DiscardForced("s1")],
    "in a subtree": [ops.RemoveSubtree("s1")],
    "retired": [ops.Retire("s1")],
    "reclaimed": [ops.Retire("s1"), ops.Reclaim("s1")],
}  # fmt: skip
"""How the first of three goes; two more ways, and a name alone, are below."""


@pytest.mark.parametrize("way", FREED)
def test_an_identifier_is_known_by_the_way_in_which_it_became_free(way: str) -> None:
    situation = after(*THREE, *FREED[way])
    uuid = "11111111-0000-4000-8000-000000000000"
    if way == "retired":
        assert of_argument("create", "name", "a", situation) == "of a retired snapshot"
        assert of_argument("create", "uuid", uuid, situation) == "of a retired snapshot"
        assert of_argument("parent", "snapshot", "s1", situation) == "retired"
        return
    assert of_argument("create", "name", "a", situation) == f"borne before: {way}"
    assert of_argument("create", "uuid", uuid, situation) == f"borne before: {way}"
    assert of_argument("parent", "snapshot", "s1", situation) == f"gone: {way}"


def test_a_leaf_that_was_discarded_and_a_name_that_was_renamed_away() -> None:
    situation = after(
        ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.Discard("s2"), ops.Rename("s1", "z")
    )
    assert of_argument("create", "name", "b", situation) == "borne before: discarded"
    assert of_argument("create", "name", "a", situation) == "borne before: renamed away"
    assert of_argument("rename", "name", "z", situation) == "own"


def test_what_a_create_replaced_and_what_a_force_took_along() -> None:
    replaced = after(ops.Create("a"), ops.Create("a"), profile=REPLACING)
    assert of_argument("parent", "snapshot", "s1", replaced) == "gone: replaced"
    merged = after(
        ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.Create("c"), ops.MergeIntoParentForced("s3")
    )
    assert of_argument("parent", "snapshot", "s2", merged) == "gone: forced"
    assert of_argument("parent", "snapshot", "s3", merged) == "gone: merged into parent"


def test_every_way_names_the_calls_that_make_it() -> None:
    assert set(FREED_BY) == set(WAYS)
    assert {call for calls in FREED_BY.values() for call in calls} <= set(CALLS)


def test_a_name_is_judged_by_what_it_means_before_its_look() -> None:
    situation = after(
        ops.Create("Name1", uuid="11111111-0000-4000-8000-000000000000"), ops.Create("caf\u00e9")
    )
    classes = {
        "nAME1": "another case of one in use",
        "cafe\u0301": "another normal form of one in use",
        "Na me1": "other blanks than one in use",
        "Name": "beginning of one in use",
        "Name12": "longer than one in use",
        "s1": "id of a snapshot",
        "11111111-0000-4000-8000-000000000000": "uuid of a snapshot",
        "11111111": "part of a uuid",
        "s7": "like an id",
        "": "empty",
        "\ud800": "half a surrogate",
    }
    assert {name: of_argument("lookup_by_name", "name", name, situation) for name in classes} == classes


def test_blocks_and_sizes_are_judged_by_what_the_disk_was() -> None:
    grown = after(ops.ResizeDisk("vda", 32 * BLOCK_STRIDE))
    assert [of_argument("write_disk", "block", block, grown) for block in (0, 5, 16, 31, 32, 99, -1)] == [
        "first", "inside", "grown", "grown", "one beyond", "far beyond", "negative"
    ]  # fmt: skip
    cut = after(ops.ResizeDisk("vda", 8 * BLOCK_STRIDE))
    assert of_argument("resize_disk", "size", 12 * BLOCK_STRIDE, cut) == "once cut off"
    assert of_argument("resize_disk", "size", 12 * BLOCK_STRIDE, after()) == "smaller"
    again = after(ops.ResizeDisk("vda", 8 * BLOCK_STRIDE), ops.ResizeDisk("vda", 16 * BLOCK_STRIDE))
    assert [of_argument("write_disk", "block", block, again) for block in (7, 8, 15)] == [
        "inside", "cut off once", "cut off once"
    ]  # fmt: skip
    back = after(ops.DetachDisk("vda"), ops.AttachDisk("vda", 16 * BLOCK_STRIDE))
    assert of_argument("write_disk", "disk", "vda", back) == "back again"


def test_odd_names_stand_around_the_limit_of_the_profile() -> None:
    sizes = {
        len(name.encode("utf-8", "surrogatepass")) for name in odd_names(varied("rfc", ["names.longest=40"]))
    }
    assert {40, 41} <= sizes


def test_a_look_up_leaves_no_history() -> None:
    domain = blank_domain(DISKS)
    assert NO_HISTORY.after(domain, ops.Count(), domain) is NO_HISTORY
    assert History().after(domain, ops.LookupByName("a"), domain) == NO_HISTORY


def test_another_api_and_combined_calls_have_no_classes() -> None:
    situation = after()
    assert classes_of(ops.WriteBlocks("vda", ((0, 1),)), situation) is None
    assert classes_of(ops.Create("a"), situation) == ("off", "empty", "plain", "none", "no", "none", "no")


def test_an_argument_of_another_type_is_in_no_class() -> None:
    """A recorded trace may hold any value; it is judged, and counts for no class."""
    situation = Situation(blank_domain({}), load_profile("rfc"))
    assert classes_of(ops.Configure("cpus", "2"), situation) is not None
    assert classes_of(ops.Configure("cpus", cast(Any, 2)), situation) is None
    assert classes_of(ops.Create(cast(Any, ["a"])), situation) is None
