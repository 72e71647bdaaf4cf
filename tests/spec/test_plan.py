"""Plans: what a person reads before saying yes."""

from __future__ import annotations

from typing import Any

import pytest

from snaptree.spec.examples import example_domain, parse_operation, scripted_domain
from snaptree.spec.operations import AttachDisk
from snaptree.spec.outcomes import Accepted
from snaptree.spec.plan import Plan, plan
from snaptree.spec.profiles import load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

RFC = load_profile("rfc")
REPLACING = varied("rfc", ["names.policy=replace"])


def planned(domain: Domain, call: str, profile: Any = RFC) -> Plan:
    ids = {snapshot.name: snapshot.id for snapshot in domain.in_order()}
    return plan(domain, parse_operation(call, ids), profile)


@pytest.mark.rule("TREE-5", "TREE-6")
def test_a_replaced_leaf_is_a_casualty() -> None:
    fork = example_domain("fork")
    (leaf,) = fork.names["d"]
    would = planned(fork, "create(d)", REPLACING)
    assert (would.removed, would.casualties.snapshots, would.casualties.active) == ((leaf,), (leaf,), False)
    assert not would.refused


@pytest.mark.rule("TREE-5", "TREE-6")
def test_a_replaced_snapshot_that_has_dependents_is_merged_and_no_casualty() -> None:
    fork = example_domain("fork")
    would = planned(fork, "create(b)", REPLACING)
    assert (would.removed, would.casualties.snapshots) == (tuple(fork.names["b"]), ())
    current = planned(fork, "create(c)", REPLACING)
    assert current.casualties.snapshots == (), "the active state grew from c and keeps its content"


@pytest.mark.rule("TREE-5")
def test_nothing_is_replaced_where_the_policy_is_another() -> None:
    fork = example_domain("fork")
    would = planned(fork, "create(d)", varied("rfc", ["names.policy=duplicates"]))
    assert (would.removed, would.casualties.snapshots) == ((), ())


def with_disks(tree: str) -> Domain:
    """The tree with two more disks, one of them independent."""
    domain = example_domain(tree)
    for operation in (AttachDisk("vdc", 1 << 20), AttachDisk("vdd", 1 << 20, independent=True)):
        outcome = step(domain, operation, RFC)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    return domain


@pytest.mark.rule("REVERT-18", "TREE-6")
@pytest.mark.parametrize("call", ["revert(a)", "discard_forced(c)", "discard(c)"])
def test_a_plan_names_the_disk_that_a_revert_or_reset_detaches(call: str) -> None:
    assert planned(with_disks("chain"), call).detached == ("vdc",)


@pytest.mark.parametrize(
    "call", ["create(z)", "merge_into_children(b)", "stop()", "undefine_forced()", "count()"]
)
def test_other_calls_detach_nothing(call: str) -> None:
    assert planned(with_disks("chain"), call).detached == ()


@pytest.mark.parametrize(("disk", "gone"), [("vdc", ("vdc",)), ("vdd", ("vdd",)), ("nothing", ())])
def test_detaching_is_planned_too(disk: str, gone: tuple[str, ...]) -> None:
    assert planned(with_disks("chain"), f"detach_disk({disk})").detached == gone


@pytest.mark.rule("REVERT-18")
def test_a_revert_detaches_what_the_point_does_not_hold_and_keeps_what_is_independent() -> None:
    domain = with_disks("chain")
    outcome = step(domain, parse_operation("revert(a)", {"a": domain.names["a"][0]}), RFC)
    assert isinstance(outcome, Accepted)
    assert set(outcome.domain.active.disks) == {"vda", "vdb"}
    assert set(outcome.domain.independent) == {"vdd"}


def test_a_script_is_planned_as_a_named_tree_is() -> None:
    assert planned(scripted_domain("create a; write; create b"), "revert(a)").active == "replaced"
