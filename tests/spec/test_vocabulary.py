"""The words that rules speak in: what each means, against a slower way to say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.laws import Scope, menu, small_domains
from snaptree.spec.libvirt.calls import (
    LIBVIRT_CALLS,
    ListAllSnapshots,
    RevertToSnapshot,
    SnapshotDelete,
    SnapshotNum,
)
from snaptree.spec.libvirt.flags import DeleteFlag, ListFlag
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import REFUSALS, Accepted, Outcome
from snaptree.spec.profiles import Limits, Names, Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import Domain, blank_domain
from snaptree.spec.vocabulary import (
    CONDITIONS,
    PARTS,
    RELATIONS,
    WORDS,
    conditions_of,
    hint,
    names_of,
    relation_of,
    relations_present,
)
from snaptree.spec.vocabulary.libvirt_flags import FLAG_CONDITIONS
from snaptree.spec.vocabulary.placement import PLACEMENT_CONDITIONS

RFC = load_profile("rfc")
ODD = replace(RFC, name="odd", names=Names("duplicates", "first-depth-first"), features={}, roots="single")
TURNS = replace(RFC, name="turns", placement="by-turns")
REPLACING = replace(RFC, name="replacing", names=Names("replace"))
TIGHT = replace(
    RFC,
    name="tight",
    memory="always",
    limits=Limits(1, 1, 1, 65536),
    names=Names("replace", "first-breadth-first"),
    create_with_managed_save="drops",
    revert_with_memory="off",
    descriptions="xml",
)
SHIPPED = [*map(load_profile, ("rfc", "qemu", "libvirt", "virtualbox", "esx"))]
PROFILES = [*SHIPPED, ODD, REPLACING, TURNS, TIGHT]


def steps_under(
    profile: Profile, bound: int, scope: Scope = "tree"
) -> Iterator[tuple[Domain, Operation, Outcome]]:
    """Every operation of the menu, and some that are odd, in every small domain."""
    start = blank_domain({"vda": 65536})
    for reached in small_domains(start, profile, bound, scope, lambda one: shape_of(one).key).values():
        for domain in variants(reached.domain, profile):
            odd = [ops.Create("7"), ops.Create("q", quiesce=True)]
            for operation in (*menu(domain), *odd, *(RevertToSnapshot(one, 1) for one in domain.snapshots)):
                yield domain, operation, step(domain, operation, profile)


def every_step_under(profile: Profile) -> Iterator[tuple[Domain, Operation, Outcome]]:
    """With one snapshot, which may be retired, and everything that power can be."""
    for scope in ("storage", "power"):
        yield from steps_under(profile, 1, scope)


def variants(domain: Domain, profile: Profile) -> Iterator[Domain]:
    """The domain, and what else the profile lets it be."""
    yield domain
    if profile.offers("transient"):
        yield replace(domain, persistent=False)
    attached = step(domain, ops.AttachDisk("vdi", 65536, independent=True), profile)
    if isinstance(attached, Accepted):
        yield attached.domain


def test_relations_present_are_those_of_every_snapshot() -> None:
    seen = set[str]()
    for domain, operation, outcome in steps_under(RFC, bound=4):
        target = getattr(operation, "snapshot", None)
        slowly = {relation_of(domain, target, one) for one in domain.snapshots}
        if target is not None:
            slowly.add("target")
        if isinstance(outcome, Accepted) and operation.creates:
            slowly.add("new")
        quickly = set(names_of(relations_present(domain, operation, outcome)))
        assert quickly == slowly | {"active", "base", "domain"}, (domain, operation)
        seen |= quickly
    assert seen == set(RELATIONS)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_condition_of_an_accepted_step_can_hold_under_the_profile(profile: Profile) -> None:
    for domain, operation, outcome in every_step_under(profile):
        held = conditions_of(domain, operation, profile)
        assert held == {one for one in CONDITIONS if CONDITIONS[one].holds(domain, operation, profile)}
        if isinstance(outcome, Accepted):
            assert [one for one in held if not CONDITIONS[one].can_hold(profile)] == [], (domain, operation)


def test_every_condition_holds_somewhere_and_not_everywhere() -> None:
    held, missed = set[str](), set[str]()
    for profile in (RFC, ODD, REPLACING):
        for domain, operation, _outcome in every_step_under(profile):
            here = conditions_of(domain, operation, profile)
            held |= here
            missed |= CONDITIONS.keys() - here
    with_tests = {"numeric-name", "repeated-name", "second-root", "depth-first", "breadth-first",
        "replaces-too-much", *(name for name, *_ in CASES),
        *(one.name for one in (*PLACEMENT_CONDITIONS, *FLAG_CONDITIONS))}  # fmt: skip
    assert CONDITIONS.keys() - held <= with_tests, "those have a test of their own"
    assert missed == set(CONDITIONS)


def test_the_flags_of_libvirts_calls_are_conditions() -> None:
    """The bits are those that libvirt has."""
    cases: list[tuple[Operation, set[str]]] = [
        (SnapshotDelete("s1", int(DeleteFlag.CHILDREN)), {"deletes-below"}),
        (SnapshotDelete("s1", int(DeleteFlag.METADATA_ONLY)), {"forgets"}),
        (SnapshotDelete("s1", int(DeleteFlag.CHILDREN_ONLY) | 2), {"deletes-below", "forgets"}),
        (SnapshotDelete("s1"), set()),
        (ListAllSnapshots(int(ListFlag.TOPOLOGICAL)), {"ordered"}),
        (ListAllSnapshots(int(ListFlag.LEAVES)), set()),
        *(
            (SnapshotNum(int(group)), {"whole-group"})
            for group in (
                ListFlag.LEAVES | ListFlag.NO_LEAVES,
                ListFlag.METADATA | ListFlag.NO_METADATA,
                ListFlag.ACTIVE | ListFlag.INACTIVE | ListFlag.DISK_ONLY,
                ListFlag.INTERNAL | ListFlag.EXTERNAL,
            )
        ),
    ]  # fmt: skip
    names = {one.name for one in FLAG_CONDITIONS}
    for operation, wanted in cases:
        assert set(conditions_of(blank_domain({}), operation, RFC)) & names == wanted, operation


def test_where_content_lies_is_a_condition_where_the_profile_says_that_it_differs() -> None:
    """By turns: the first and third snapshot lie inside, the second beside."""
    domain = blank_domain({"vda": 65536})
    for operation in (ops.Create("1st"), ops.Create("2nd"), ops.Create("3rd"), ops.Start()):
        outcome = step(domain, operation, RFC)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    placed = {"beside", "inside-parent", "beside-below", "other-image", "off-chain"}

    def held(snapshot: str, before: Domain = domain, profile: Profile = TURNS) -> set[str]:
        return set(conditions_of(before, ops.MergeIntoChildren(snapshot), profile) & placed)

    assert held("s1") == {"beside-below", "other-image"}
    assert held("s2") == {"beside", "inside-parent", "beside-below"}
    assert held("s3") == set()
    assert held("nobody") == set()
    off = replace(domain, active=domain.base)
    assert held("s3", off) == set()
    assert held("s3", replace(domain, current="s1")) == {"other-image", "off-chain"}
    assert held("s1", replace(domain, current="s1")) == {"beside-below"}
    assert held("s2", profile=replace(RFC, name="beside", placement="beside")) == {"beside", "beside-below"}
    assert held("s2", profile=RFC) == set()


def test_the_conditions_of_a_profile_are_the_words_of_the_vocabulary() -> None:
    """The schema lists them, so that a wrong one is told where it is written."""
    refuses = json.loads(files("snaptree.schemas").joinpath("profile.schema.json").read_text())
    item = refuses["properties"]["refuses"]["items"]["properties"]
    assert item["condition"]["enum"] == ["", *CONDITIONS]
    assert item["kind"]["enum"] == [*REFUSALS]


def test_a_name_that_is_a_number_or_repeats_is_a_condition() -> None:
    domain = blank_domain({"vda": 65536})
    for _ in range(2):
        outcome = step(domain, ops.Create("7"), ODD)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    (first, second) = domain.snapshots
    assert first != second
    assert conditions_of(domain, ops.Rename(first, "b"), ODD) == {"numeric-name"}
    assert conditions_of(domain, ops.LookupByName("7"), ODD) == {"repeated-name", "depth-first"}
    assert conditions_of(domain, ops.LookupByName("b"), ODD) == set()


def test_a_root_beside_another_is_a_condition_where_only_one_may_exist() -> None:
    outcome = step(blank_domain({"vda": 65536}), ops.Create("a"), ODD)
    assert isinstance(outcome, Accepted)
    beside = replace(outcome.domain, current=None)
    assert conditions_of(beside, ops.Create("b"), ODD) == {"second-root"}
    assert conditions_of(beside, ops.Create("b"), RFC) == set()
    assert conditions_of(outcome.domain, ops.Create("b"), ODD) == set()


UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
STRIDE = 65536

CASES: list[tuple[str, str, list[Operation], Operation]] = [
    # Condition, setting of the profile, the way there, a step that is such a case.
    ("unknown-disk", "", [], ops.WriteDisk("vdz", 0, 1)),
    ("unknown-disk", "", [ops.DetachDisk("vdb")], ops.DetachDisk("vdb")),
    ("beyond-disk", "", [], ops.WriteDisk("vda", 16, 1)),
    ("beyond-disk", "", [], ops.WriteDisk("vda", -1, 1)),
    ("no-byte", "", [], ops.WriteDisk("vda", 0, 256)),
    ("no-byte", "", [], ops.WriteMemory(-1)),
    ("no-size", "", [], ops.ResizeDisk("vda", 0)),
    ("no-size", "", [], ops.AttachDisk("vdc", STRIDE + 1)),
    ("too-large", f"limits.disk_size={STRIDE}", [], ops.ResizeDisk("vda", 2 * STRIDE)),
    ("attached", "", [], ops.AttachDisk("vda", STRIDE)),
    ("captured-disk", "", [ops.DetachDisk("vda")], ops.AttachDisk("vda", STRIDE, independent=True)),
    ("captured-disk", "",
     [ops.AttachDisk("vdc", STRIDE), ops.Create("a"), ops.DetachDisk("vdc"), ops.Retire("s1")],
     ops.AttachDisk("vdc", STRIDE, independent=True)),
    ("empty-disk-id", "", [], ops.AttachDisk("", STRIDE)),
    ("empty-key", "", [], ops.Configure("", "1")),
    ("empty-value", "", [], ops.Configure("cpus", "")),
    ("malformed-uuid", "", [], ops.Create("a", uuid=UUID.upper())),
    ("borne-uuid", "", [ops.Create("a", uuid=UUID), ops.Retire("s1")], ops.Create("b", uuid=UUID)),
    ("spent-uuid", "identity=uuid", [ops.Create("a", uuid=UUID), ops.MergeIntoChildren("s1")],
     ops.Create("b", uuid=UUID)),
    ("uuid-asked", "", [], ops.Create("a", uuid=UUID)),
    ("too-deep", "limits.depth=1", [ops.Create("a")], ops.Create("b")),
    ("too-many", "limits.count=1", [ops.Create("a"), ops.Retire("s1")], ops.Create("b")),
    ("own-name", "", [ops.Create("a")], ops.Rename("s1", "a")),
    ("image-captured", "", [ops.Start(), ops.ManagedSave()], ops.Create("a")),
    ("image-left-out", "memory=never", [ops.Start(), ops.ManagedSave()], ops.Create("a")),
    ("image-dropped", "create_with_managed_save=drops", [ops.Start(), ops.ManagedSave()], ops.Create("a")),
    ("image-bars", "create_with_managed_save=refuses", [ops.Start(), ops.ManagedSave()], ops.Create("a")),
    ("gone", "", [ops.Undefine()], ops.Count()),
    ("memory-never", "memory=never", [ops.Start()], ops.Create("a", memory=True)),
    ("memory-always", "memory=always", [ops.Start()], ops.Create("a")),
    ("quiesce-not-offered", "features.quiesce=false", [], ops.Create("a", quiesce=True)),
    ("unwritable", "", [], ops.Create("a", "end\0")),
    ("unwritable", "", [ops.Create("a")], ops.Describe("s1", "\ufffe")),
    ("no-resume-as", "", [ops.Create("a")], ops.Revert("s1")),
    ("resume-on", "", [ops.Create("a")], ops.DiscardForced("s1", "paused")),
    ("resume-off", "", [ops.Create("a")], ops.Revert("s1", "off")),
    ("no-power-state", "", [], ops.Revert("s1", "flying")),  # type: ignore[arg-type]
    ("resume-not-offered", "features.resume_as=false", [], ops.Revert("s1", "off")),
    ("back-captured", "", [ops.Start(), ops.Create("a", memory=True)], ops.Revert("s1")),
    ("back-saved", "revert_with_memory=saved", [ops.Start(), ops.Create("a", memory=True)], ops.Revert("s1")),
    ("back-off", "revert_with_memory=off", [ops.Start(), ops.Create("a", memory=True)], ops.Revert("s1")),
    ("no-reset", "", [ops.Create("a"), ops.Create("b"), ops.Revert("s1")], ops.DiscardForced("s2")),
    ("on-current", "", [ops.Create("a")], ops.MergeIntoChildren("s1")),
    ("later-disk", "", [ops.Create("a"), ops.AttachDisk("vdc", STRIDE)], ops.Revert("s1")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "setting", "way", "there"), CASES)
def test_a_condition_holds_in_its_case_and_not_before_it(
    name: str, setting: str, way: list[Operation], there: Operation
) -> None:
    profile = varied("rfc", [setting] if setting else [])
    domain = blank_domain({"vda": 16 * STRIDE, "vdb": 16 * STRIDE})
    for operation in way:
        assert name not in conditions_of(domain, operation, profile)
        outcome = step(domain, operation, profile)
        assert isinstance(outcome, Accepted), operation
        domain = outcome.domain
    assert name in conditions_of(domain, there, profile)
    assert CONDITIONS[name].can_hold(profile)


def test_a_bearer_with_too_many_dependents_and_the_order_of_repeated_names_are_conditions() -> None:
    replacing = varied("rfc", ["names.policy=replace", "limits.merge_children=1"])
    repeating = varied("rfc", ["names.policy=duplicates", "names.lookup=first-breadth-first"])
    domain = blank_domain({"vda": STRIDE})
    for operation in (ops.Create("a"), ops.Create("b"), ops.Revert("s1")):
        outcome = step(domain, operation, replacing)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    assert conditions_of(domain, ops.Create("a"), replacing) == {"replaces", "replaces-too-much"}
    assert conditions_of(domain, ops.Create("b"), replacing) == {"replaces"}
    outcome = step(domain, ops.Rename("s2", "a"), repeating)
    assert isinstance(outcome, Accepted)
    assert conditions_of(outcome.domain, ops.LookupByName("a"), repeating) == {
        "repeated-name",
        "breadth-first",
    }


@pytest.mark.parametrize(
    ("profile", "hidden"),
    [("rfc", {"events"}), ("qemu", {"events", "memory", "casualties"})],
)
def test_a_part_shows_where_the_profile_observes_it(profile: str, hidden: set[str]) -> None:
    claimed = load_profile(profile)
    shown = {part.name for part in PARTS.values() if part.can_show(claimed)}
    assert shown.isdisjoint(hidden & {"events"})
    blind = replace(claimed, observes={})
    assert {part.name for part in PARTS.values() if part.can_show(blind)} <= {
        "outcome", "result", "managed_save", "events", "form",
    }  # fmt: skip


def test_every_word_has_a_name_and_a_text() -> None:
    for table in (PARTS, RELATIONS, CONDITIONS):
        for name, word in table.items():
            assert word.name == name
            assert word.text.strip() == word.text != ""
    assert set(WORDS["call"]) == {*CALLS, *LIBVIRT_CALLS}
    assert set(WORDS["outcome"]) == {"accepted", "refused", *REFUSALS}


@pytest.mark.parametrize("kind", WORDS)
def test_a_known_word_with_a_typing_error_is_hinted_at(kind: str) -> None:
    for word in WORDS[kind]:
        if len(word) > 3:
            assert hint(word[:2] + word[3:], kind) == f"did you mean {word}?"


def test_a_word_that_resembles_nothing_is_answered_with_all() -> None:
    assert hint("%%%%", "relation") == f"known are {', '.join(RELATIONS)}"
