"""The laws hold on every small tree, and each of them can be broken.

States come from the search of the laws themselves, and ``snaptree laws`` looks
at the same ones.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from importlib import import_module
from itertools import count
from pkgutil import iter_modules
from typing import Any, Final

import pytest

from snaptree.spec import laws as laws_package
from snaptree.spec import operations as ops
from snaptree.spec.examples import DISKS
from snaptree.spec.laws import LAWS, Law, Scope, Step, few_domains, menu, small_domains, variations
from snaptree.spec.laws.law import laws_of
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import REFUSALS, Accepted, Casualties, Outcome, Refused
from snaptree.spec.plan import Plan
from snaptree.spec.profiles import FEATURES, Limits, Names, Profile, load_profile, shipped_profiles
from snaptree.spec.semantics import step
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import Domain, blank_domain

from .law_profiles import NARROW, REPLACING, RFC, WALKING

SPACES: dict[str, tuple[Profile, int, Scope]] = {
    "rfc": (RFC, 3, "tree"),
    "rfc-storage": (RFC, 2, "storage"),
    "rfc-power": (RFC, 1, "power"),
    "qemu": (load_profile("qemu"), 3, "tree"),
    "narrow": (NARROW, 3, "tree"),
    "narrow-power": (NARROW, 1, "power"),
    "replacing": (REPLACING, 3, "tree"),
    "walking": (WALKING, 3, "tree"),
}

LAW = {law.name: law for law in LAWS}
JOINING = {
    "all", "after", "any", "as", "asked", "before", "beyond", "else", "if", "in", "is", "it", "keeps", "of",
    "or", "order", "that", "those", "twice", "when", "where", "with", "without",
}  # fmt: skip
"""Words of the language in a formula."""


@cache
def states(space: str) -> list[Domain]:
    """One domain of each shape that can be reached, the blank one first."""
    profile, bound, scope = SPACES[space]
    found = small_domains(blank_domain(DISKS), profile, bound, scope, lambda domain: shape_of(domain).key)
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


def test_the_laws_of_every_module_are_listed() -> None:
    names = [f"{laws_package.__name__}.{one.name}" for one in iter_modules(laws_package.__path__)]
    assert {law.name for name in names for law in laws_of(import_module(name))} == set(LAW)


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
    assert {space: len(states(space)) for space in ("rfc", "qemu")} == {"rfc": 34, "qemu": 34}
    for domain in states("rfc"):
        contents = [snapshot.point.disks for snapshot in domain.in_order()]
        assert not any(one == other for place, one in enumerate(contents) for other in contents[:place])


def test_the_menu_has_every_operation() -> None:
    largest = states("rfc")[-1]
    assert {operation.call for operation in menu(largest)} == set(RFC.operations)


@pytest.mark.rule("TREE-6")
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("law", LAWS, ids=LAW)
def test_law_holds_on_every_small_tree(law: Law, space: str) -> None:
    """TREE-6 is the law plan-is-what-step-does."""
    profile = SPACES[space][0]
    found = [law.counterexample(domain, profile) for domain in states(space)]
    assert [text for text in found if text is not None] == []


EVERYWHERE: Final = os.environ.get("SNAPTREE_LAWS") == "all"
"""Whether to check each variation of each shipped profile on all its domains, as ``make nightly`` does."""


@pytest.mark.parametrize("name", shipped_profiles())
def test_laws_hold_under_every_shipped_profile(name: str) -> None:
    profile = load_profile(name)
    for reached in few_domains(DISKS, profile):
        answers = {law.name: law.counterexample(reached.domain, profile) for law in LAWS}
        assert {one: text for one, text in answers.items() if text is not None} == {}


@pytest.mark.parametrize("name", shipped_profiles() if EVERYWHERE else ["rfc"])
def test_laws_hold_when_a_point_of_a_profile_is_turned(name: str) -> None:
    for number, profile in enumerate(variations(load_profile(name))):
        domains = few_domains(DISKS, profile)
        for reached in domains if EVERYWHERE else domains[number % len(domains) :][:1]:
            answers = {law.name: law.counterexample(reached.domain, profile) for law in LAWS}
            wrong = {one: text for one, text in answers.items() if text is not None}
            assert wrong == {}, profile.name


def test_variations_turn_every_point_that_the_model_asks_for() -> None:
    said_of_drivers = {
        "title",
        "atomicity",
        "durability",
        "observes",
        "libvirt",
        "placement",
        "refuses",
        "sources",
        "concurrency",
    }
    points = {one.name for one in fields(Profile)} - said_of_drivers
    others = list(variations(RFC))
    assert {key for key in points if all(getattr(one, key) == getattr(RFC, key) for one in others)} == set()
    for table, kind in (("names", Names), ("limits", Limits)):
        turned = {
            key.name
            for one in others
            for key in fields(kind)
            if getattr(getattr(one, table), key.name) != getattr(getattr(RFC, table), key.name)
        }
        assert turned == {key.name for key in fields(kind)}, table


def test_a_law_compares_nothing_where_the_profile_claims_nothing_that_it_speaks_of() -> None:
    esx = load_profile("esx")
    domains = few_domains(DISKS, esx)
    asked = {law.name: sum(law.ask(one.domain, esx).compared for one in domains) for law in LAWS}
    silent = {
        "merge-into-parent-is-taking-its-identity": ["merge_into_parent"],
        "retiring-looks-like-removing": ["retire", "reclaim"],
        "forced-merge-is-revert-discards-and-merge": ["merge_into_parent", "merge_into_parent_forced"],
    }
    assert {name: asked[name] for name in silent} == dict.fromkeys(silent, 0)
    assert {name: LAW[name].unclaimed(esx) for name in silent} == silent
    assert asked["one-of-merge-and-discard"] > 0


def test_every_law_compares_something_on_the_few_domains_of_some_profile() -> None:
    profiles = (RFC, REPLACING, WALKING)
    spaces = [(one.domain, profile) for profile in profiles for one in few_domains(DISKS, profile)]
    asked = {law.name: any(law.ask(domain, profile).compared for domain, profile in spaces) for law in LAWS}
    assert [name for name, compared in asked.items() if not compared] == []


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


def refuses_for_power(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    if isinstance(operation, ops.Describe):
        return Refused(frozenset({"InvalidPowerState"}))
    return step(domain, operation, profile)


def takes_one_block_more(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    outcome = step(domain, operation, profile)
    return Accepted(None, domain) if isinstance(operation, ops.WriteDisk) and operation.block > 0 else outcome


def refuses_long_names(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    if isinstance(operation, ops.Create) and len(operation.name.encode()[:300]) == profile.names.longest:
        return Refused(frozenset({"InvalidName"}))
    return step(domain, operation, profile)


def is_full_at_one(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    if isinstance(operation, ops.Create) and len(domain.snapshots) == 1:
        return Refused(frozenset({"LimitExceeded"}))
    return step(domain, operation, profile)


def cannot_quiesce(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    return step(domain, operation, replace(profile, features={}))


def outlives_its_removal(before: Domain, _operation: Any, _result: Domain) -> Domain:
    return replace(before, defined=False)


def keeps_the_memory(before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, active=replace(result.active, memory=before.active.memory))


def holds_no_words(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return changed(result, result.current, description="")


def starts_the_guest(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, active=replace(result.active, power="running", memory=1))


def writes_to_both(_before: Domain, operation: Any, result: Domain) -> Domain:
    disks = result.active.disks
    for name, disk in result.active.disks.items():
        disks = disks.insert(name, disk.written(operation.block, operation.value))
    return replace(result, active=replace(result.active, disks=disks))


def keeps_what_is_cut_off(before: Domain, operation: Any, result: Domain) -> Domain:
    disk = before.active.disks.get(operation.disk)
    if disk is None:
        return result
    whole = replace(
        result.active, disks=result.active.disks.insert(operation.disk, replace(disk, size=operation.size))
    )
    return replace(result, active=whole)


def attaches_what_was_there(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(
        result, active=replace(result.active, configuration=result.active.configuration.insert("a", "b"))
    )


def keeps_the_entry(before: Domain, operation: Any, result: Domain) -> Domain:
    return result if operation.value else before


def replaces_nothing(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    return step(domain, operation, replace(profile, names=replace(profile.names, policy="duplicates")))


def finds_the_oldest(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    outcome = step(domain, operation, profile)
    if isinstance(operation, ops.LookupByName) and isinstance(outcome, Accepted):
        return Accepted(min(domain.names[operation.name]), domain)
    return outcome


def merges_as_captured_now(before: Domain, operation: Any, result: Domain) -> Domain:
    parent = before.snapshots[operation.snapshot].parent
    return changed(
        result, parent, captured=before.snapshots[operation.snapshot].captured + len(before.snapshots)
    )


def forgets_the_storage(_before: Domain, _operation: Any, result: Domain) -> Domain:
    return replace(result, retired=blank_domain({}).retired)


def names_itself(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
    outcome = step(domain, operation, profile)
    if isinstance(outcome, Refused) and isinstance(operation, ops.Discard) and outcome.casualties is not None:
        return Refused(outcome.kinds, Casualties((operation.snapshot, *outcome.casualties.snapshots)))
    return outcome


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
    "a-point-keeps-what-was-asked": instead("create", holds_no_words),
    "a-revert-continues-what-was-captured": instead("revert", keeps_the_memory),
    "a-reset-is-off-or-as-asked": instead("discard_forced", starts_the_guest),
    "power-calls-do-what-they-say": instead("crash", keeps_the_memory),
    "nothing-else-moves": instead("create", stops_the_domain),
    "a-write-is-one-block": instead("write_disk", writes_to_both),
    "what-is-cut-off-is-gone": instead("resize_disk", keeps_what_is_cut_off),
    "a-disk-comes-blank-and-goes-whole": instead("attach_disk", attaches_what_was_there),
    "an-entry-is-set-or-goes": instead("configure", keeps_the_entry),
    "replacing-is-removing-and-creating": replaces_nothing,
    "the-first-bearer-is-found": finds_the_oldest,
    "merges-along-a-path-associate": instead("merge_into_parent", merges_as_captured_now),
    "storage-is-kept-until-reclaimed": instead("create", forgets_the_storage),
    "casualties-are-named-in-full": names_itself,
    "power-bars-what-it-must": refuses_for_power,
    "unsupported-is-what-is-not-offered": cannot_quiesce,
    "nothing-is-left-of-a-removed-domain": instead("undefine_forced", outlives_its_removal),
    "arguments-have-edges": takes_one_block_more,
    "names-decide-by-themselves": refuses_long_names,
    "limits-are-met-exactly": is_full_at_one,
}


def test_every_law_has_something_that_breaks_it() -> None:
    assert set(WRONG) == set(LAW)


@pytest.mark.parametrize("name", WRONG)
def test_law_is_broken_by_what_it_forbids(name: str) -> None:
    # Under ``rfc`` everything is claimed, so only a lesser profile shows who ignores claims.
    spaces = ("rfc", "qemu", "rfc-power", "rfc-storage", "replacing", "walking")
    found = (broken(LAW[name], states(space), SPACES[space][0], WRONG[name]) for space in spaces)
    assert any(found)
