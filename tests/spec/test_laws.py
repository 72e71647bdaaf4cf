"""The laws hold on every small tree and on random ones, and each of them can be broken.

States come from the search of the laws themselves, and ``snaptree laws`` looks
at the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from itertools import count
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snaptree.conformance.canonical import shape_of
from snaptree.conformance.cli import lawful
from snaptree.conformance.cli.problems import Problem
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.sampled import BYTES, Decoder
from snaptree.spec import laws as laws_package
from snaptree.spec import operations as ops
from snaptree.spec.laws import LAWS, Law, Reached, Scope, Step, menu, small_domains
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import REFUSALS, Accepted, Outcome, Refused
from snaptree.spec.plan import Plan
from snaptree.spec.profiles import FEATURES, Limits, Names, Profile, load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

RFC = load_profile("rfc")
NARROW = replace(
    RFC,
    name="narrow",
    operations={
        call: claim
        for call, claim in RFC.operations.items()
        if call not in ("merge_into_parent", "merge_into_parent_forced", "retire")
    },
    features={},
    power={"discard": ("off",), "merge_into_children": ("off", "running"), "revert": ("off",)},
    memory="always",
    names=Names("duplicates", "first-depth-first"),
    limits=Limits(merge_children=1, depth=3, count=5),
    roots="single",
    revert_with_memory="saved",
)
"""What VirtualBox could be like: limits, names that repeat, nothing on a running domain."""
REPLACING = replace(RFC, name="replacing", names=Names("replace"), create_with_managed_save="drops")

SPACES: dict[str, tuple[Profile, int, Scope]] = {
    "rfc": (RFC, 4, "tree"),
    "rfc-storage": (RFC, 2, "storage"),
    "rfc-power": (RFC, 1, "power"),
    "qemu": (load_profile("qemu"), 3, "tree"),
    "narrow": (NARROW, 3, "tree"),
    "narrow-power": (NARROW, 1, "power"),
    "replacing": (REPLACING, 3, "tree"),
}

LAW = {law.name: law for law in LAWS}
JOINING = set(
    re.findall(r"\w+", "all after any asked before else if in is keeps of or order those twice when where")
)
"""Words of the language in a formula."""


@cache
def states(space: str) -> list[Domain]:
    """One domain of each shape that can be reached, the blank one first."""
    profile, bound, scope = SPACES[space]
    found = small_domains(
        blank_domain(DEFAULT_DISKS), profile, bound, scope, lambda domain: shape_of(domain).key
    )
    domains = [reached.domain for reached in found.values()]
    # Those without a retired snapshot are the states of the scope "tree".
    return [domain for domain in domains if domain.retired or scope != "storage"]


def broken(law: Law, domains: list[Domain], profile: Profile, wrong: Step) -> str | None:
    found = (law.counterexample(domain, profile, wrong) for domain in domains)
    return next((text for text in found if text is not None), None)


def test_laws_are_named_once_and_said_in_one_sentence() -> None:
    assert len(LAWS) >= 15
    assert len(LAW) == len(LAWS)
    assert [law.name for law in LAWS if not law.sentence.endswith(".") or law.sentence.count(". ")] == []


def test_every_law_is_a_formula_in_the_notation_that_is_explained() -> None:
    """Each word of a formula is a call or its argument, a feature, a kind of refusal, or explained."""
    explained = " ".join(re.findall(r"``(.*?)``", str(laws_package.__doc__)))
    known = {*re.findall(r"\w+", explained), *CALLS, *REFUSALS, *FEATURES, "keep_root"} | JOINING
    known |= {field.name for field in fields(Plan)}
    assert len({law.formula for law in LAWS if law.formula.strip()}) == len(LAWS)
    assert {
        law.name: unknown for law in LAWS if (unknown := set(re.findall(r"[^\W\d]\w+", law.formula)) - known)
    } == {}


def test_the_states_are_many_and_their_points_differ() -> None:
    assert {space: len(states(space)) for space in ("rfc", "qemu")} == {"rfc": 94, "qemu": 34}
    for domain in states("rfc"):
        contents = [snapshot.point.disks for snapshot in domain.in_order()]
        assert not any(one == other for place, one in enumerate(contents) for other in contents[:place])


def test_the_menu_has_every_operation() -> None:
    largest = states("rfc")[-1]
    assert {operation.call for operation in menu(largest)} == set(RFC.operations)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("law", LAWS, ids=LAW)
def test_law_holds_on_every_small_tree(law: Law, space: str) -> None:
    """TREE-6 is the law plan-is-what-step-does."""
    profile = SPACES[space][0]
    found = [law.counterexample(domain, profile) for domain in states(space)]
    assert [text for text in found if text is not None] == []


PROFILES = (RFC, NARROW, REPLACING, load_profile("qemu"))
DECODERS = [Decoder(profile) for profile in PROFILES]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    which=st.integers(0, len(PROFILES) - 1),
    persistent=st.booleans(),
    drawn=st.integers(1, 40).flatmap(lambda n: st.binary(min_size=n * BYTES, max_size=n * BYTES)),
)
def test_laws_hold_on_random_domains(which: int, persistent: bool, drawn: bytes) -> None:
    profile, decoder = PROFILES[which], DECODERS[which]
    domain = blank_domain(DEFAULT_DISKS, persistent=persistent)
    for place in range(0, len(drawn), BYTES):
        operation = decoder.operation(domain, *drawn[place : place + BYTES])
        domain = Reached(domain).then(operation, profile).domain
    found = {law.name: law.counterexample(domain, profile) for law in LAWS}
    assert {name: text for name, text in found.items() if text is not None} == {}


# --- what is wrong in each of these is what its law forbids -----------------


def instead(op: str, effect: Callable[[Domain, Any, Domain], Domain]) -> Step:
    """A step in which an accepted operation ends in another domain: before, operation and after are given."""

    def wrong(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        outcome = step(domain, operation, profile)
        if operation.call != op or isinstance(outcome, Refused):
            return outcome
        return Accepted(outcome.result, effect(domain, operation, outcome.domain))

    return wrong


def changed(domain: Domain, snapshot: str | None, **parts: Any) -> Domain:
    """The domain with other parts of a snapshot, or with another point of the base."""
    if snapshot is None:
        return (
            replace(domain, base=replace(parts["point"], memory=None, power="off"))
            if "point" in parts
            else domain
        )
    return domain.with_changed(replace(domain.snapshots[snapshot], **parts))


def merges_childless(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    if isinstance(operation, ops.MergeIntoChildren) and operation.snapshot in domain:
        return Accepted(None, domain.with_spliced_out(operation.snapshot))
    return step(domain, operation, profile)


def copies_over_the_parent(before: Domain, operation: Any, result: Domain) -> Domain:
    gone = before.snapshots[operation.snapshot]
    return changed(result, gone.parent, point=gone.point)


def writes_to_the_base(before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, base=before.active)


def keeps_the_active_state(before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, active=before.active)


def keeps_the_parents_time(before: Domain, operation: Any, result: Domain) -> Domain:
    parent = before.snapshots[operation.snapshot].parent
    return result if parent is None else changed(result, parent, captured=before.snapshots[parent].captured)


def stops_the_domain(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, active=replace(result.active, power="off", memory=None))


def discards_from_the_root(before: Domain, operation: Any, result: Domain) -> Domain:
    root = list(before.ancestors(operation.snapshot))[-1]
    return replace(before.with_cut_off(root), current=None, active=result.active)


def is_not_current(before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, current=before.current)


def names_no_casualties(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    outcome = step(domain, operation, profile)
    return Refused(outcome.kinds) if isinstance(outcome, Refused) else outcome


def claims_nothing_less(domain: Domain, operation: Operation, _profile: Profile) -> Outcome:
    return step(domain, operation, RFC)


def changes_its_mind() -> Step:
    asked = count()

    def wrong(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        return step(domain, operation, profile) if next(asked) % 2 else Refused(frozenset({"Busy"}))

    return wrong


def forgets_the_children(before: Domain, operation: Any, result: Domain) -> Domain:
    return replace(before, snapshots=before.snapshots.remove(operation.snapshot), current=result.current)


def moves_children_to_the_end(before: Domain, operation: Any, result: Domain) -> Domain:
    for child in before.children_of(operation.snapshot):
        result = changed(result, child, serial=result.snapshots[child].serial + 1000)
    return result


def counts_one_more(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    outcome = step(domain, operation, profile)
    if isinstance(operation, ops.Count) and isinstance(outcome, Accepted):
        return Accepted(outcome.result + 1, domain)
    return outcome


def reverts_one_disk(before: Domain, _operation: Any, result: Domain) -> Domain:
    disks = before.active.disks.insert("vda", result.active.disks["vda"])
    return replace(result, active=replace(result.active, disks=disks))


def has_no_current(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, current=None)


def numbers_by_what_is_listed(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    if isinstance(operation, ops.Create):
        highest = max((snapshot.serial for snapshot in domain.snapshots.values()), default=0)
        domain = replace(domain, serial=highest)
    return step(domain, operation, profile)


def captures_anew(_before: Domain, operation: Any, result: Domain) -> Domain:
    return changed(result, operation.snapshot, captured=result.serial + 1)


def goes_back_to_the_survivor(_before: Domain, _operation: Any, result: Domain) -> Domain:
    point = result.base if result.current is None else result.snapshots[result.current].point
    return replace(result, active=replace(point, memory=None, power="off"))


def writes_through(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return result if result.current is None else changed(result, result.current, point=result.active)


def detaches_nothing(before: Domain, _operation: Any, _result: Domain) -> Domain:
    return before


WRONG: dict[str, Step] = {
    "one-of-merge-and-discard": merges_childless,
    "removing-everything-keeps-what-is-active": instead("merge_into_children", writes_to_the_base),
    "removals-commute": instead("merge_into_children", copies_over_the_parent),
    "forced-discard-is-reset-and-discards": instead("discard_forced", keeps_the_active_state),
    "forced-merge-is-revert-discards-and-merge": instead("merge_into_parent_forced", keeps_the_active_state),
    "merge-into-parent-is-taking-its-identity": instead("merge_into_parent", keeps_the_parents_time),
    "plain-deletes-keep-every-point": instead("merge_into_children", copies_over_the_parent),
    "power-keeps-the-meaning": instead("merge_into_children", stops_the_domain),
    "force-is-about-casualties-only": instead("discard_forced", discards_from_the_root),
    "plan-is-what-step-does": instead("revert", is_not_current),
    "refusals-say-why": names_no_casualties,
    "claims-are-kept": claims_nothing_less,
    "same-question-same-answer": changes_its_mind(),
    "the-tree-stays-a-tree": instead("merge_into_children", forgets_the_children),
    "order-survives-everything": instead("merge_into_children", moves_children_to_the_end),
    "look-ups-agree": counts_one_more,
    "reverting-is-taking-the-point": instead("revert", reverts_one_disk),
    "create-then-merge-is-nothing": instead("create", writes_to_the_base),
    "create-then-discard-is-a-revert": instead("discard", has_no_current),
    "an-id-is-issued-once": numbers_by_what_is_listed,
    "names-are-only-names": instead("rename", captures_anew),
    "retiring-looks-like-removing": instead("retire", has_no_current),
    "a-subtree-goes-leaf-first": instead("remove_subtree", goes_back_to_the_survivor),
    "work-stays-in-the-active-state": instead("write_disk", writes_through),
    "there-and-back-is-nothing": instead("detach_disk", detaches_nothing),
}


def test_every_law_has_something_that_breaks_it() -> None:
    assert set(WRONG) == set(LAW)


@pytest.mark.parametrize("name", WRONG)
def test_law_is_broken_by_what_it_forbids(name: str) -> None:
    # Under ``rfc`` everything is claimed, so only a lesser profile shows who ignores claims.
    spaces = ("rfc", "qemu")
    found = [broken(LAW[name], states(space), SPACES[space][0], WRONG[name]) for space in spaces]
    assert any(found)


# --- snaptree laws -----------------------------------------------------------


def run_laws(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(lawful.laws_command)
    code = app(list(arguments), standalone_mode=False)
    return code, capsys.readouterr().out


def test_command_prints_every_law_and_counts_what_it_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run_laws(capsys, "--snapshots", "1", "--scope", "tree")
    assert code == 0
    # Only this law needs two snapshots, so it asks nothing of the four states.
    assert [law.name for law in LAWS if f"✓ {law.name} " not in said] == ["removals-commute"]
    flat = " ".join(said.split())
    assert [law.name for law in LAWS if law.formula.replace("; ", " ") not in flat] == []
    assert "· removals-commute" in said
    assert "25 laws × 4 states under rfc" in said


def test_command_shows_a_counterexample(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves_no_snapshot(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
        for snapshot in domain.snapshots:
            if isinstance(step(domain, ops.Parent(snapshot), profile), Accepted):
                yield f"there is {snapshot}"

    false = Law("never-a-snapshot", "d = ∅", "Nobody takes a snapshot.", leaves_no_snapshot)
    monkeypatch.setattr(lawful, "LAWS", (*LAWS, false))
    code, said = run_laws(capsys, "--snapshots", "2", "never-a-snapshot", "removals-commute")
    assert code == 1
    assert "✗ never-a-snapshot" in said
    assert "counterexample: there is" in said
    assert "create(n1)" in said.partition("reached by:")[2].splitlines()[0]
    assert "1 contradicted" in said


def test_command_says_when_nothing_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["no-such-law"], ["removals-commute", "--snapshots", "1"]):
        with pytest.raises(Problem) as problem:
            run_laws(capsys, *arguments)
        assert problem.value.exit_code == 4


@pytest.mark.parametrize("arguments", [["--scope", "all"], ["--profile", "nobody"]])
def test_command_refuses_what_it_does_not_know(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Problem) as problem:
        run_laws(capsys, *arguments)
    assert problem.value.exit_code == 2
