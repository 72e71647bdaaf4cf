"""The bindings say the same things: every shape of a call reaches what the separate call reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.bindings import (
    Translation,
    direction_flags,
    libvirt,
    outcome_of,
    refined_flags,
    separate_calls,
)
from snaptree.spec.bindings.libvirt import CreateFlag, ListFlag, Record, RevertFlag
from snaptree.spec.examples import DISKS, example_domain
from snaptree.spec.laws import Scope, small_domains, visible
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Casualties, Outcome, Refused
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import Domain, blank_domain

Call = Callable[[str, Profile], Translation]

RFC = load_profile("rfc")


def lacking(name: str, *calls: str) -> Profile:
    return replace(
        RFC,
        name=name,
        operations={call: claim for call, claim in RFC.operations.items() if call not in calls},
    )


UP = ("merge_into_parent", "merge_into_parent_forced")
PROFILES = {
    "both": RFC,
    "parent": lacking("to-parent", "merge_into_children"),
    "children": lacking("to-children", *UP),
    "none": lacking("no-merge", "merge_into_children", *UP),
    "unforced": lacking("unforced", "merge_into_parent_forced", "discard_forced", "retire"),
    "stopped": replace(RFC, name="stopped", power=dict.fromkeys(separate_calls.CALLS, ("off",))),
}

REFINED = refined_flags.DeleteFlag
DIRECTED = direction_flags.DeleteFlag
INVALID = Refused(frozenset({"InvalidArgument"}))
UNSUPPORTED = Refused(frozenset({"Unsupported"}))
MISSING = Refused(frozenset({"NoSuchSnapshot"}))

INTO_CHILDREN: dict[int, Call] = {
    0: separate_calls.retire,
    REFINED.MERGE: separate_calls.merge_into_children,
    REFINED.MERGE_FORCE: separate_calls.merge_into_children,
    REFINED.DISCARD: separate_calls.discard,
    REFINED.DISCARD_FORCE: separate_calls.discard_forced,
}
INTO_PARENT: dict[int, Call] = {
    **INTO_CHILDREN,
    REFINED.MERGE: separate_calls.merge_into_parent,
    REFINED.MERGE_FORCE: separate_calls.merge_into_parent_forced,
}
WITH_DIRECTION: dict[int, Call] = {
    0: separate_calls.retire,
    DIRECTED.MERGE | DIRECTED.TO_CHILDREN: separate_calls.merge_into_children,
    DIRECTED.MERGE_FORCE | DIRECTED.TO_CHILDREN: separate_calls.merge_into_children,
    DIRECTED.MERGE | DIRECTED.TO_PARENT: separate_calls.merge_into_parent,
    DIRECTED.MERGE_FORCE | DIRECTED.TO_PARENT: separate_calls.merge_into_parent_forced,
    DIRECTED.DISCARD: separate_calls.discard,
    DIRECTED.DISCARD_FORCE: separate_calls.discard_forced,
}


@cache
def states(scope: Scope, bound: int) -> list[Domain]:
    """One domain of each shape of the bounded graph."""
    blank = blank_domain(DISKS)
    reached = small_domains(blank, RFC, bound, scope, lambda domain: shape_of(domain).key)
    return [one.domain for one in reached.values()]


def targets() -> Iterator[tuple[Domain, str]]:
    """Every snapshot of every state, listed or retired, and one that never was."""
    for domain in (
        *states("tree", 3),
        *states("storage", 2),
        *states("power", 1),
        example_domain("running"),
        example_domain("saved"),
    ):
        for snapshot in (*domain.snapshots, *domain.retired, "nobody"):
            yield domain, snapshot


def differences(one: Call, other: Call, profile: Profile) -> list[str]:
    """Where two calls end differently, as text."""
    found = []
    for domain, snapshot in targets():
        left = outcome_of(one(snapshot, profile), domain, profile, step)
        right = outcome_of(other(snapshot, profile), domain, profile, step)
        if left != right:
            found.append(f"{snapshot} of {list(domain.snapshots)}: {left}, {right}")
    return found


def asked(domain: Domain, translation: Translation, profile: Profile = RFC) -> Outcome:
    return outcome_of(translation, domain, profile, step)


def unsupported(domain: Domain, translation: Translation, profile: Profile) -> bool:
    """Whether a call is refused as unclaimed, like the operation that it stands for."""
    outcome = outcome_of(translation, domain, profile, step)
    return isinstance(outcome, Refused) and "Unsupported" in outcome.kinds


def accepted(domain: Domain, translation: Translation, profile: Profile = RFC) -> Accepted:
    outcome = asked(domain, translation, profile)
    assert isinstance(outcome, Accepted), outcome
    return outcome


# --- the three shapes of the mail -------------------------------------------


@pytest.mark.rule("BIND-19", "BIND-3", "BIND-5")
@pytest.mark.parametrize("flags", INTO_CHILDREN)
@pytest.mark.parametrize(
    ("profile", "calls"),
    [
        ("children", INTO_CHILDREN),
        ("both", INTO_CHILDREN),
        ("unforced", INTO_CHILDREN),
        ("stopped", INTO_CHILDREN),
        ("parent", INTO_PARENT),
    ],
)
def test_refined_flags_are_the_calls_of_the_drivers_direction(
    profile: str, calls: dict[int, Call], flags: int
) -> None:
    """BIND-19, BIND-3, BIND-5."""
    delete: Call = lambda snapshot, profile: refined_flags.delete(snapshot, flags, profile)  # noqa: E731 - one of many
    assert differences(delete, calls[flags], PROFILES[profile]) == []


@pytest.mark.rule("BIND-19")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("toward", "calls"), [("parent", INTO_PARENT), ("children", INTO_CHILDREN)])
def test_a_named_direction_is_that_direction(
    toward: refined_flags.MergeDirection, calls: dict[int, Call], profile: str
) -> None:
    """BIND-19: where the driver cannot merge that way, it is Unsupported and not the other way."""
    merges = (REFINED.MERGE, REFINED.MERGE_FORCE)
    for flags, call in calls.items():
        translated = refined_flags.delete("s1", flags, PROFILES[profile], toward)
        assert translated == (call("s1", PROFILES[profile]) if flags in merges else INVALID)


@pytest.mark.rule("BIND-19")
def test_a_direction_that_is_none_is_invalid() -> None:
    """BIND-19."""
    sideways: refined_flags.MergeDirection = "sideways"  # type: ignore[assignment]  # what an application may send
    assert refined_flags.delete("s1", REFINED.MERGE, RFC, sideways) == INVALID


@pytest.mark.rule("BIND-19")
def test_a_driver_that_cannot_merge_says_so() -> None:
    """BIND-19."""
    fork = example_domain("fork")
    for flags in (REFINED.MERGE, REFINED.MERGE_FORCE):
        translated = refined_flags.delete("s1", flags, PROFILES["none"])
        assert unsupported(fork, translated, PROFILES["none"])
    assert refined_flags.delete("s1", REFINED.DISCARD, PROFILES["none"]) == (ops.Discard("s1"),)


@pytest.mark.rule("BIND-2")
@pytest.mark.parametrize(
    "flags", [*(a | b for a, b in combinations(REFINED, 2)), 1 << 4, REFINED.MERGE | 1 << 7, -1, sum(REFINED)]
)
def test_contradictory_and_unknown_flags_are_invalid(flags: int) -> None:
    """BIND-2."""
    assert refined_flags.delete("s1", flags, RFC) == INVALID


@pytest.mark.rule("BIND-3")
def test_force_cannot_merge_what_nothing_depends_on() -> None:
    """BIND-3: "fail if the snapshot itself would actually be discarded"."""
    fork = example_domain("fork")
    leaf = Refused(frozenset({"WouldDiscard"}), Casualties(("s3",)))
    assert asked(fork, refined_flags.delete("s3", REFINED.MERGE_FORCE, PROFILES["children"])) == leaf
    directed = DIRECTED.MERGE_FORCE | DIRECTED.TO_CHILDREN
    assert asked(fork, direction_flags.delete("s3", directed, RFC)) == leaf


@pytest.mark.rule("BIND-2", "BIND-21")
@pytest.mark.parametrize("flags", range(-1, 1 << 7))
def test_direction_flags_are_separate_calls_or_invalid(flags: int) -> None:
    """BIND-2, BIND-21: whatever is not one of the seven is invalid, under every profile."""
    for profile in PROFILES.values():
        wanted = WITH_DIRECTION[flags]("s1", profile) if flags in WITH_DIRECTION else INVALID
        assert direction_flags.delete("s1", flags, profile) == wanted


@pytest.mark.rule("BIND-5")
@pytest.mark.parametrize("profile", ["both", "stopped"])
@pytest.mark.parametrize("flags", WITH_DIRECTION)
def test_direction_flags_reach_what_the_calls_reach(flags: int, profile: str) -> None:
    """BIND-5."""
    delete: Call = lambda snapshot, profile: direction_flags.delete(snapshot, flags, profile)  # noqa: E731 - as above
    assert differences(delete, WITH_DIRECTION[flags], PROFILES[profile]) == []


PLAIN: dict[str, Operation] = {
    "merge_into_children": ops.MergeIntoChildren("s1"),
    "merge_into_parent": ops.MergeIntoParent("s1"),
    "merge_into_parent_forced": ops.MergeIntoParentForced("s1"),
    "discard": ops.Discard("s1"),
    "discard_forced": ops.DiscardForced("s1"),
    "retire": ops.Retire("s1"),
    "reclaim": ops.Reclaim("s1"),
}


@pytest.mark.rule("BIND-5")
@pytest.mark.parametrize("profile", PROFILES)
def test_a_separate_call_is_its_operation_or_is_not_there(profile: str) -> None:
    """BIND-5: what is not there is Unsupported, which the model finds correct in every state."""
    claimed = separate_calls.available(PROFILES[profile])
    assert set(separate_calls.CALLS) == set(PLAIN)
    for name, operation in PLAIN.items():
        call: Call = getattr(separate_calls, name)
        translated = call("s1", PROFILES[profile])
        assert translated == (operation,)
        if name not in claimed:
            answers = [step(domain, operation, PROFILES[profile]) for domain in states("storage", 2)]
            assert all(isinstance(answer, Refused) and "Unsupported" in answer.kinds for answer in answers)


@pytest.mark.rule("BIND-5")
def test_forced_calls_pass_on_what_the_domain_should_be() -> None:
    """BIND-5."""
    chain = example_domain("chain")
    after = accepted(chain, separate_calls.discard_forced("s2", RFC, "paused")).domain
    assert after.active.power == "paused"
    after = accepted(chain, separate_calls.merge_into_parent_forced("s2", RFC, "running")).domain
    assert set(after.snapshots) == {"s1", "s3"}


@pytest.mark.rule("BIND-6")
@pytest.mark.parametrize("binding", [refined_flags, separate_calls, direction_flags, libvirt])
def test_every_binding_reclaims(binding: object) -> None:
    """BIND-6."""
    reclaim: Call = binding.reclaim  # type: ignore[attr-defined]  # a module, each with its own attributes
    retired = example_domain("retired")
    (gone,) = retired.retired
    after = accepted(retired, reclaim(gone, RFC)).domain
    assert visible(after) == visible(retired)
    assert gone not in after.retired
    assert asked(after, reclaim(gone, RFC)) == MISSING
    assert asked(retired, reclaim("s1", RFC)) == INVALID
    keeps = lacking("keeps", "reclaim")
    assert unsupported(retired, reclaim(gone, keeps), keeps)


# --- libvirt as shipped -----------------------------------------------------

DELETE = libvirt.DeleteFlag


def deleted(flags: int) -> Callable[[Domain, str], Outcome]:
    return lambda domain, snapshot: asked(domain, libvirt.delete(domain, snapshot, flags, RFC))


@pytest.mark.rule("BIND-25")
def test_libvirt_delete_without_flags_is_the_accepted_one_of_merge_and_discard() -> None:
    """BIND-25: the same as removing a subtree of one, and never refused."""
    for domain, snapshot in targets():
        outcome = deleted(0)(domain, snapshot)
        if snapshot not in domain:
            assert outcome == MISSING
            continue
        both = ops.MergeIntoChildren(snapshot), ops.Discard(snapshot)
        wanted = [
            answer for answer in (step(domain, one, RFC) for one in both) if isinstance(answer, Accepted)
        ]
        assert wanted == [outcome]


@pytest.mark.rule("BIND-26")
@pytest.mark.parametrize(("flags", "keep_root"), [(DELETE.CHILDREN, False), (DELETE.CHILDREN_ONLY, True)])
def test_libvirt_delete_of_children_is_remove_subtree(flags: int, keep_root: bool) -> None:
    """BIND-25."""
    for domain, snapshot in targets():
        assert deleted(flags)(domain, snapshot) == step(domain, ops.RemoveSubtree(snapshot, keep_root), RFC)


@pytest.mark.rule("BIND-27")
@pytest.mark.parametrize("flags", [0, DELETE.CHILDREN, DELETE.CHILDREN_ONLY])
def test_libvirt_forgets_records_only(flags: int) -> None:
    """BIND-25: it looks like the same delete with contents, and the contents stay."""
    for domain, snapshot in targets():
        if snapshot not in domain:
            continue
        forgotten, gone = (
            deleted(flags | DELETE.METADATA_ONLY)(domain, snapshot),
            deleted(flags)(domain, snapshot),
        )
        assert isinstance(forgotten, Accepted)
        assert isinstance(gone, Accepted)
        assert visible(forgotten.domain) == visible(gone.domain)
        kept = {one.id: one.point for one in forgotten.domain.retired.values()}
        lost = {one.id: one.point for one in domain.in_order() if one.id not in forgotten.domain}
        assert kept == {one.id: one.point for one in domain.retired.values()} | lost


@pytest.mark.rule("BIND-28", "BIND-52")
@pytest.mark.parametrize("flags", [DELETE.CHILDREN | DELETE.CHILDREN_ONLY, 1 << 3, -1])
def test_libvirt_refuses_contradictory_deletes(flags: int) -> None:
    """BIND-25."""
    assert deleted(flags)(example_domain("fork"), "s1") == INVALID


@pytest.mark.rule("BIND-5", "BIND-25")
def test_libvirt_delete_asks_for_what_the_profile_claims() -> None:
    """BIND-25, BIND-5."""
    chain = example_domain("chain")
    for call, flags in (("retire", 2), ("remove_subtree", 1), ("merge_into_children", 0)):
        without = lacking(f"no-{call}", call)
        assert unsupported(chain, libvirt.delete(chain, "s2", flags, without), without)
    empty = libvirt.delete(chain, "s3", DELETE.METADATA_ONLY | DELETE.CHILDREN_ONLY, RFC)
    assert accepted(chain, empty).domain == chain


@pytest.mark.rule("BIND-29")
@pytest.mark.parametrize("force", [0, RevertFlag.FORCE])
@pytest.mark.parametrize(("flags", "resume_as"), [(0, None), (1, "running"), (2, "paused")])
def test_libvirt_revert_flags_are_resume_as(flags: int, resume_as: ops.ResumeAs | None, force: int) -> None:
    """BIND-29."""
    for domain, snapshot in targets():
        wanted = step(domain, ops.Revert(snapshot, resume_as), RFC)
        assert asked(domain, libvirt.revert(snapshot, flags | force, RFC)) == wanted


@pytest.mark.rule("BIND-29")
def test_libvirt_refuses_other_reverts() -> None:
    """BIND-29."""
    assert libvirt.revert("s1", RevertFlag.RUNNING | RevertFlag.PAUSED, RFC) == INVALID
    assert libvirt.revert("s1", 1 << 4, RFC) == INVALID
    assert libvirt.revert("s1", RevertFlag.RESET_NVRAM, RFC) == UNSUPPORTED
    onward = lacking("onward", "revert")
    assert unsupported(example_domain("chain"), libvirt.revert("s1", 0, onward), onward)


@pytest.mark.rule("BIND-29")
def test_libvirt_looks_up_or_says_that_there_is_none() -> None:
    """BIND-29."""
    chain, empty = example_domain("chain"), example_domain("base-only")
    assert accepted(chain, libvirt.lookup_by_name("b", RFC)).result == "s2"
    assert asked(chain, libvirt.lookup_by_name("nobody", RFC)) == MISSING
    assert accepted(chain, libvirt.current(chain, RFC)).result == "s3"
    assert asked(empty, libvirt.current(empty, RFC)) == MISSING
    assert accepted(chain, libvirt.parent(chain, "s2", RFC)).result == "s1"
    assert asked(chain, libvirt.parent(chain, "s1", RFC)) == MISSING
    assert asked(chain, libvirt.parent(chain, "nobody", RFC)) == MISSING


@pytest.mark.rule("BIND-29")
@pytest.mark.parametrize(
    ("flags", "memory", "quiesce"),
    [
        (0, True, False),
        (CreateFlag.ATOMIC | CreateFlag.LIVE | CreateFlag.VALIDATE, True, False),
        (CreateFlag.DISK_ONLY, False, False),
        (CreateFlag.DISK_ONLY | CreateFlag.QUIESCE, False, True),
    ],
)
def test_libvirt_create_captures_a_running_domain_with_its_memory(
    flags: int, memory: bool, quiesce: bool
) -> None:
    """BIND-29."""
    running = example_domain("running")
    wanted = ops.Create("new", "words", memory, None, quiesce)
    assert libvirt.create(running, Record("new", "words"), flags, RFC) == (wanted,)


@pytest.mark.rule("BIND-29")
def test_libvirt_halts_after_the_capture() -> None:
    """BIND-29: the point holds the memory of the domain that is off afterwards."""
    running = example_domain("running")
    halted = accepted(running, libvirt.create(running, Record("new"), CreateFlag.HALT, RFC))
    assert halted.domain.snapshots[halted.result].point == running.active
    assert (halted.domain.active.power, halted.domain.active.memory) == ("off", None)
    off = example_domain("lone")
    assert libvirt.create(off, Record("new"), CreateFlag.HALT, RFC) == (ops.Create("new"),)


@pytest.mark.rule("BIND-5", "BIND-30")
def test_libvirt_halts_wholly_or_not_at_all() -> None:
    """BIND-29, BIND-5: a domain that may not be stopped gets no snapshot either."""
    running = example_domain("running")
    unstoppable = replace(RFC, name="unstoppable", power={"stop": ("off",)})
    outcome = asked(
        running, libvirt.create(running, Record("new"), CreateFlag.HALT, unstoppable), unstoppable
    )
    assert outcome == Refused(frozenset({"InvalidPowerState"}))
    runs_on = lacking("runs-on", "stop")
    assert unsupported(running, libvirt.create(running, Record("new"), CreateFlag.HALT, runs_on), runs_on)


@pytest.mark.rule("BIND-29")
@pytest.mark.parametrize(
    ("flags", "answer"),
    [
        (CreateFlag.CURRENT, INVALID),
        (CreateFlag.REDEFINE | CreateFlag.HALT, INVALID),
        (CreateFlag.REDEFINE | CreateFlag.NO_METADATA, INVALID),
        (CreateFlag.QUIESCE, INVALID),
        (1 << 10, INVALID),
        (CreateFlag.NO_METADATA, UNSUPPORTED),
        (CreateFlag.REUSE_EXT, UNSUPPORTED),
    ],
)
def test_libvirt_refuses_other_creates(flags: int, answer: Refused) -> None:
    """BIND-29."""
    assert libvirt.create(example_domain("chain"), Record("b"), flags, RFC) == answer


@pytest.mark.rule("BIND-29")
def test_libvirt_does_not_halt_a_transient_domain() -> None:
    """BIND-29: it would be gone, and the snapshot with it."""
    transient = replace(example_domain("running"), persistent=False)
    assert libvirt.create(transient, Record("new"), CreateFlag.HALT, RFC) == INVALID


# Four snapshots: a and b of a domain that is off, c with the memory of a running one, d without.
#   a - b
#     - c - d
def mixed() -> Domain:
    domain = blank_domain(DISKS)
    for operation in (
        ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.Start(), ops.WriteMemory(5),
        ops.Create("c", memory=True), ops.Create("d"),
    ):  # fmt: skip
        outcome = step(domain, operation, RFC)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    return domain


@pytest.mark.rule("BIND-32", "BIND-33", "BIND-34")
@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, "abcd"),
        (ListFlag.ROOTS, "a"),
        (ListFlag.LEAVES, "bd"),
        (ListFlag.NO_LEAVES, "ac"),
        (ListFlag.LEAVES | ListFlag.NO_LEAVES, "abcd"),
        (ListFlag.INACTIVE, "ab"),
        (ListFlag.ACTIVE, "c"),
        (ListFlag.DISK_ONLY, "d"),
        (ListFlag.ACTIVE | ListFlag.DISK_ONLY, "cd"),
        (ListFlag.LEAVES | ListFlag.INACTIVE, "b"),
        (ListFlag.LEAVES | ListFlag.INACTIVE | ListFlag.DISK_ONLY, "bd"),
        (ListFlag.ROOTS | ListFlag.LEAVES, ""),
        (ListFlag.METADATA, "abcd"),
        (ListFlag.NO_METADATA, ""),
        (ListFlag.METADATA | ListFlag.NO_METADATA | ListFlag.ACTIVE, "c"),
    ],
)
def test_libvirt_list_filters_by_groups(flags: int, names: str) -> None:
    """BIND-32."""
    domain = mixed()
    listed = accepted(domain, libvirt.list_all(domain, flags, RFC))
    assert "".join(domain.snapshots[one].name for one in listed.result) == names
    assert listed.domain is domain


@pytest.mark.rule("BIND-32", "BIND-35")
@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, "bc"),
        (ListFlag.DESCENDANTS, "bcd"),
        (ListFlag.DESCENDANTS | ListFlag.LEAVES, "bd"),
        (ListFlag.ACTIVE, "c"),
    ],
)
def test_libvirt_lists_children_or_all_that_is_below(flags: int, names: str) -> None:
    """BIND-32."""
    domain = mixed()
    listed = accepted(domain, libvirt.list_children(domain, "s1", flags, RFC))
    assert "".join(domain.snapshots[one].name for one in listed.result) == names


@pytest.mark.rule("BIND-36")
def test_libvirt_lists_parents_first_if_asked() -> None:
    """BIND-32: a redefined record may have a younger parent."""
    domain = mixed()
    record = Record("b", parent="d")
    domain = accepted(domain, libvirt.create(domain, record, CreateFlag.REDEFINE, RFC)).domain
    assert accepted(domain, libvirt.list_all(domain, 0, RFC)).result == ["s1", "s2", "s3", "s4"]
    assert accepted(domain, libvirt.list_all(domain, ListFlag.TOPOLOGICAL, RFC)).result == [
        "s1",
        "s3",
        "s4",
        "s2",
    ]


@pytest.mark.rule("BIND-32")
def test_libvirt_refuses_filters_that_speak_of_files_or_of_nothing() -> None:
    """BIND-32."""
    domain = mixed()
    for flags in (ListFlag.INTERNAL, ListFlag.EXTERNAL, ListFlag.INTERNAL | ListFlag.EXTERNAL):
        assert libvirt.list_all(domain, flags, RFC) == UNSUPPORTED
    assert libvirt.list_all(domain, 1 << 11, RFC) == INVALID
    assert libvirt.list_children(domain, "nobody", 0, RFC) == MISSING
    unlisted = lacking("unlisted", "list")
    assert unsupported(domain, libvirt.list_all(domain, 0, unlisted), unlisted)
    gone = step(blank_domain(DISKS), ops.Undefine(), RFC)
    assert isinstance(gone, Accepted)
    assert asked(gone.domain, libvirt.list_all(gone.domain, 0, RFC)) == INVALID


def redefined(domain: Domain, record: Record, flags: int = 0) -> Outcome:
    return asked(domain, libvirt.create(domain, record, flags | CreateFlag.REDEFINE, RFC))


@pytest.mark.rule("BIND-37", "BIND-40")
def test_libvirt_restores_what_was_forgotten() -> None:
    """BIND-37: forgetting every record and restoring them one by one gives the domain that was."""
    domain = mixed()
    lost = accepted(domain, libvirt.delete(domain, "s1", DELETE.CHILDREN | DELETE.METADATA_ONLY, RFC)).domain
    assert list(lost.snapshots) == []
    for one in domain.in_order():
        above = None if one.parent is None else domain.snapshots[one.parent].name
        outcome = redefined(lost, Record(one.name, one.description, one.uuid, above))
        assert isinstance(outcome, Accepted)
        lost = outcome.domain
    outcome = redefined(lost, Record("d", parent="c"), CreateFlag.CURRENT)
    assert isinstance(outcome, Accepted)
    assert visible(outcome.domain) == visible(domain)
    assert list(outcome.domain.retired) == []


@pytest.mark.rule("BIND-37", "BIND-40")
def test_libvirt_rewrites_a_record_and_no_content() -> None:
    """BIND-37."""
    domain = mixed()
    outcome = redefined(domain, Record("d", "other words", parent="b"))
    assert isinstance(outcome, Accepted)
    after = outcome.domain
    assert after.snapshots["s4"] == replace(domain.snapshots["s4"], description="other words", parent="s2")
    assert (after.children_of("s2"), after.children_of("s3")) == (("s4",), ())
    assert (after.active, after.base, after.current) == (domain.active, domain.base, "s4")
    assert [one.point for one in after.in_order()] == [one.point for one in domain.in_order()]


UUIDS = {one.name: one.uuid for one in mixed().in_order()}


@pytest.mark.rule("BIND-38")
@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        (Record("b", parent="nobody"), {"NoSuchSnapshot", "InvalidArgument"}),
        (Record("a", parent="a"), {"InvalidArgument"}),
        (Record("a", parent="d"), {"InvalidArgument"}),
        (Record("c", uuid=UUIDS["b"]), {"InvalidArgument"}),
        (Record("new", uuid=UUIDS["b"]), {"InvalidArgument"}),
        (Record("c", uuid="00000000-0000-4000-8000-000000000001"), {"InvalidArgument"}),
        (Record(""), {"InvalidName"}),
    ],
)
def test_libvirt_refuses_records_that_cannot_be(record: Record, kinds: set[str]) -> None:
    """BIND-37."""
    assert redefined(mixed(), record) == Refused(frozenset(kinds))


@pytest.mark.rule("BIND-37")
def test_libvirt_cannot_tell_two_forgotten_ones_of_one_name_apart_without_a_uuid() -> None:
    """BIND-37."""
    domain = blank_domain(DISKS)
    for operation in (ops.Create("a"), ops.Retire("s1"), ops.Create("a"), ops.Retire("s2")):
        domain = accepted(domain, (operation,)).domain
    assert redefined(domain, Record("a")) == Refused(frozenset({"AmbiguousName"}))
    second = redefined(domain, Record("a", uuid=domain.retired["s2"].uuid))
    assert isinstance(second, Accepted)
    assert second.result == "s2"


@pytest.mark.rule("BIND-37")
def test_libvirt_takes_over_a_record_made_elsewhere() -> None:
    """BIND-37: "to recreate a snapshot hierarchy on a destination"; the content is what the disks hold."""
    source = mixed()
    there = blank_domain(DISKS)
    for one in source.in_order():
        above = None if one.parent is None else source.snapshots[one.parent].name
        record = Record(one.name, one.description, one.uuid, above, one.point)
        there = accepted(there, libvirt.create(there, record, CreateFlag.REDEFINE, RFC)).domain
    assert visible(replace(there, active=source.active, current=source.current)) == visible(source)
    assert there.current is None
    plain = accepted(source, libvirt.create(source, Record("new", parent="a"), CreateFlag.REDEFINE, RFC))
    assert plain.domain.snapshots[plain.result].parent == "s1"
    assert (plain.domain.current, plain.domain.active) == (source.current, source.active)


@pytest.mark.rule("BIND-39")
@pytest.mark.parametrize(
    ("settings", "record", "kinds"),
    [
        (["roots=single"], Record("d"), {"Unsupported"}),
        (["roots=single"], Record("new"), {"Unsupported"}),
        (["limits.depth=3"], Record("b", parent="d"), {"LimitExceeded"}),
        (["limits.depth=3"], Record("c", parent="b"), {"LimitExceeded"}),  # d stands on it
        (["limits.depth=3"], Record("new", parent="d"), {"LimitExceeded"}),
        (["limits.count=4"], Record("new", parent="a"), {"LimitExceeded"}),
    ],
)
def test_libvirt_records_keep_to_the_limits(settings: list[str], record: Record, kinds: set[str]) -> None:
    """BIND-37: no tree comes from records that no create could have made."""
    profile = varied("rfc", settings)
    domain = mixed()
    outcome = asked(domain, libvirt.create(domain, record, CreateFlag.REDEFINE, profile), profile)
    assert outcome == Refused(frozenset(kinds))
    same = Record("b", "other words", parent="a")
    assert isinstance(
        asked(domain, libvirt.create(domain, same, CreateFlag.REDEFINE, profile), profile), Accepted
    )


@pytest.mark.rule("BIND-38")
def test_libvirt_renames_nothing_by_its_uuid() -> None:
    """BIND-37: only rename changes a name, that of a forgotten snapshot as well."""
    domain = mixed()
    forgotten = accepted(domain, libvirt.delete(domain, "s4", DELETE.METADATA_ONLY, RFC)).domain
    uuid = domain.snapshots["s4"].uuid
    assert redefined(forgotten, Record("other", uuid=uuid)) == INVALID
    other = "00000000-0000-4000-8000-000000000001"
    assert redefined(forgotten, Record("d", uuid=other)) == INVALID
    back = redefined(forgotten, Record("d", uuid=uuid, parent="c"))
    assert isinstance(back, Accepted)
    assert back.domain.snapshots["s4"].name == "d"


@pytest.mark.rule("BIND-37")
def test_libvirt_brings_no_disk_twice() -> None:
    """BIND-37: a record whose point holds a disk that is independent now cannot be reverted to."""
    domain = blank_domain(DISKS)
    for operation in (ops.AttachDisk("vdc", 65536), ops.Create("a"), ops.DetachDisk("vdc")):
        domain = accepted(domain, (operation,)).domain
    point = domain.snapshots["s1"].point
    elsewhere = accepted(blank_domain(DISKS), (ops.AttachDisk("vdc", 65536, independent=True),)).domain
    assert redefined(elsewhere, Record("a", point=point)) == INVALID
    assert isinstance(redefined(blank_domain(DISKS), Record("a", point=point)), Accepted)
