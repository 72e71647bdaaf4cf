"""What the comparison of two profiles says, and what it leaves unsaid."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import Any

import pytest

from snaptree.spec.profile_diff import differences
from snaptree.spec.profiles import (
    Concurrency,
    DocumentedRefusal,
    Limits,
    Names,
    Profile,
    load_profile,
    shipped_profiles,
)

# A profile that has everything differs from one that has everything but one point in that point.
RFC = load_profile("rfc")


def less(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


CASES: list[tuple[dict[str, Any], str]] = [
    ({"operations": less(RFC.operations, "retire")}, "rfc offers retire (native); other does not"),
    (
        {"operations": {**RFC.operations, "retire": "adapter"}},
        "rfc offers retire (native); in other it is adapter",
    ),
    (
        {"features": less(RFC.features, "quiesce")},
        "rfc offers the feature quiesce (native); other does not",
    ),
    (
        {"identity": "name"},
        "rfc identifies a snapshot by an id of its own; other identifies a snapshot by its name",
    ),
    ({"roots": "single"}, "rfc takes any number of root snapshots; other takes one root snapshot only"),
    (
        {"power": {"revert": ("off",)}},
        "rfc allows revert in every power state; other allows revert while off only",
    ),
    (
        {"power": {"revert": ("running", "paused")}},
        "rfc allows revert in every power state; other allows revert while running or paused only",
    ),
    ({"power": {"revert": ()}}, "rfc allows revert in every power state; other never allows revert"),
    (
        {"names": replace(RFC.names, policy="replace")},
        "rfc refuses a name in use; other replaces the bearer of a name in use",
    ),
    (
        {"names": replace(RFC.names, policy="duplicates", lookup="first-breadth-first")},
        "rfc refuses a name in use; other lets names repeat, and takes the first bearer breadth-first",
    ),
    (
        {"names": replace(RFC.names, longest=80)},
        "rfc takes names of up to 255 bytes; other takes names of up to 80 bytes",
    ),
    (
        {"libvirt": {"delete": ("CHILDREN",)}},
        "rfc has none of libvirt's own calls; other has libvirt's own calls",
    ),
    (
        {"limits": Limits(merge_children=1)},
        "rfc merges into any number of dependents; other merges into at most 1 dependent",
    ),
    ({"limits": Limits(depth=32)}, "rfc goes to any depth; other goes at most 32 snapshots deep"),
    (
        {"limits": Limits(count=5)},
        "rfc holds any number of snapshots; other holds at most 5 snapshots",
    ),
    (
        {"memory": "always"},
        ("rfc captures the memory of a running domain if asked to; "
        "other always captures the memory of a running domain"),
    ),
    (
        {"revert_with_memory": "off"},
        ("rfc reverts to memory in the power state of its capture; "
        "other reverts to memory by dropping it, with the domain off"),
    ),
    (
        {"create_with_managed_save": "drops"},
        "rfc lets create capture a managed-save image; other lets create drop a managed-save image",
    ),
    (
        {"limits": Limits(disk_size=65536)},
        "rfc has disks of any size; other has at most 65536 bytes on a disk",
    ),
    (
        {"transient_off": "refused"},
        ("rfc keeps a transient domain that a revert or reset leaves off; "
        "other refuses a revert or reset that would leave a transient domain off"),
    ),
    (
        {"descriptions": "any"},
        "rfc takes descriptions that XML can carry; other keeps any text as a description",
    ),
    (
        {"placement": "beside"},
        ("rfc keeps the content of snapshots inside the disks; "
        "other keeps the content of snapshots beside the disks"),
    ),
    (
        {"refuses": (DocumentedRefusal("revert", "Unsupported", "Not yet.", "link", "with-memory"),)},
        ("rfc documents no refusal of its own; "
        "other documents that it refuses revert as Unsupported (with-memory)"),
    ),
    (
        {"id_case": "ignored"},
        "rfc says nothing of an id in another case; other takes an id in any case",
    ),
    (
        {"id_names": "distinct"},
        "rfc says nothing of a name in place of an id; other takes no name for an id",
    ),
    (
        {"atomicity": less(RFC.atomicity, "create")},
        ("rfc leaves the state before or after it if create is cut off; "
        "other promises nothing if create is cut off"),
    ),
    (
        {"concurrency": Concurrency(("list",))},
        (f"rfc lets several callers overlap in {', '.join(sorted(RFC.concurrency.single))}; "
        "other lets several callers overlap in list"),
    ),
    (
        {"durability": {"power": "ordered"}},
        "rfc promises nothing if power is lost; other comes through a loss of power with an ordered journal",
    ),
    (
        {"observes": {**RFC.observes, "disks": "by-reverting"}},
        "rfc shows disks at any time; other shows disks only by reverting",
    ),
    (
        {"observes": less(RFC.observes, "memory")},
        "rfc shows memory at any time; other does not show memory",
    ),
]  # fmt: skip


def other(**changed: Any) -> Profile:
    return replace(RFC, name="other", title="another", **changed)


@pytest.mark.parametrize(("changed", "sentence"), CASES)
def test_one_difference_is_one_sentence(changed: dict[str, Any], sentence: str) -> None:
    assert differences(RFC, other(**changed)) == (sentence,)


def test_every_point_of_a_profile_is_compared() -> None:
    compared = {name for changed, _ in CASES for name in changed}
    assert {field.name for field in fields(Profile)} - compared == {"name", "title", "sources"}


def test_the_flags_of_libvirts_calls_are_compared_where_both_have_them() -> None:
    assert (
        "libvirt-qemu-internal has libvirt's own delete, with CHILDREN, METADATA_ONLY, CHILDREN_ONLY; "
        "libvirt-test has libvirt's own delete, with CHILDREN, CHILDREN_ONLY"
    ) in differences(load_profile("libvirt-qemu-internal"), load_profile("libvirt-test"))


def test_what_is_forbidden_in_names_is_quoted() -> None:
    free = other(names=replace(RFC.names, forbidden=()))
    assert differences(free, RFC) == (
        (
            "other forbids no character in a name; "
            "rfc forbids U+0000-U+001F, U+007F-U+009F, U+2028-U+2029 in a name"
        ),
    )


def test_what_is_missing_first_is_said_of_the_first() -> None:
    poorer = other(operations=less(RFC.operations, "retire"))
    assert differences(poorer, RFC) == ("other does not offer retire; rfc does (native)",)


def test_names_and_titles_are_no_difference() -> None:
    assert differences(RFC, other()) == ()


@pytest.mark.parametrize(
    ("both", "changed"),
    [
        ({"operations": less(RFC.operations, "revert")}, {"power": {"revert": ("off",)}}),
        ({"operations": less(RFC.operations, "retire")}, {"atomicity": less(RFC.atomicity, "retire")}),
        ({"operations": less(RFC.operations, "managed_save")}, {"create_with_managed_save": "drops"}),
        ({"operations": less(RFC.operations, "merge_into_children")}, {"limits": Limits(merge_children=1)}),
        ({"memory": "never"}, {"revert_with_memory": "saved"}),
        ({}, {"names": Names(lookup="first-depth-first", forbidden=RFC.names.forbidden)}),
    ],
)
def test_what_can_never_show_is_left_out(both: dict[str, Any], changed: dict[str, Any]) -> None:
    one = replace(RFC, **both)
    assert differences(one, replace(one, name="other", **changed)) == ()


def test_two_versions_of_one_profile_are_told_apart() -> None:
    assert differences(RFC, replace(RFC, roots="single")) == (
        "the first rfc takes any number of root snapshots; the second rfc takes one root snapshot only",
    )


def test_shipped_profiles_differ_as_their_hypervisors_do() -> None:
    between = differences(load_profile("qemu"), load_profile("esx"))
    assert "qemu offers retire (adapter); esx does not" in between
    assert "qemu does not offer start; esx does (native)" in between


@pytest.mark.parametrize(("one", "another"), list(product(shipped_profiles(), repeat=2)))
def test_differences_are_the_same_ones_both_ways(one: str, another: str) -> None:
    there = differences(load_profile(one), load_profile(another))
    back = differences(load_profile(another), load_profile(one))
    assert len(there) == len(back)
    assert (there == ()) == (one == another)
    assert [text for text in there if "\n" in text or not text.startswith(f"{one} ")] == []
    assert len(set(there)) == len(there)
