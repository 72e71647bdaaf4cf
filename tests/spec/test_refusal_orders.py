"""Of several refusals any is right: whatever a hypervisor looks at first, the model allows its answer.

The checks of each call are stated here a second time, one by one. A hypervisor makes them in some order and
answers with the first that fails; a check that needs the snapshot cannot fail where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.examples import example_domain
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Refused
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain

Fails = Callable[[Domain, Any, Profile], bool]


@dataclass(frozen=True)
class Check:
    """One thing that a hypervisor looks at, and its answer where that is wrong."""

    kind: str
    fails: Fails
    needs_snapshot: bool = False


def _depends(domain: Domain, snapshot: str) -> int:
    below = sum(one.parent == snapshot for one in domain.in_order())
    return below + (domain.current == snapshot)


def _siblings(domain: Domain, snapshot: str) -> bool:
    parent = domain.snapshots[snapshot].parent
    others = [one for one in domain.in_order() if one.parent == parent and one.id != snapshot]
    return bool(others) or domain.current == parent


def _grew_from(domain: Domain, snapshot: str) -> bool:
    """Whether the active state grew from the snapshot or from something below it."""
    at = domain.current
    while at is not None and at != snapshot:
        at = domain.snapshots[at].parent
    return at == snapshot


def _reset_by_merge(domain: Domain, snapshot: str) -> bool:
    parent = domain.snapshots[snapshot].parent
    inside = parent is None or _grew_from(domain, parent)
    return inside and not _grew_from(domain, snapshot)


def _is_root(domain: Domain, snapshot: str) -> bool:
    return domain.snapshots[snapshot].parent is None


UNKNOWN = Check("NoSuchSnapshot", lambda domain, op, _: op.snapshot not in domain.snapshots)
POWER = Check(
    "InvalidPowerState",
    lambda domain, op, profile: domain.active.power not in profile.power.get(op.call, (domain.active.power,)),
)
RESUME: Final = (
    Check("InvalidArgument", lambda _, op, __: op.resume_as not in (None, "running", "paused", "off")),
    Check("Unsupported", lambda _, op, profile: op.resume_as and "resume_as" not in profile.features),
)
SPLITS = Check(
    "Unsupported",
    lambda domain, op, profile: (
        profile.roots == "single"
        and _is_root(domain, op.snapshot)
        and sum(one.parent == op.snapshot for one in domain.in_order()) > 1
    ),
    needs_snapshot=True,
)
CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "revert": RESUME,
    "rename": (
        Check("InvalidName", lambda _, op, profile: not profile.names.allows(op.name)),
        Check(
            "NameInUse",
            lambda domain, op, profile: (
                profile.names.policy != "duplicates"
                and any(one.name == op.name and one.id != op.snapshot for one in domain.in_order())
            ),
        ),
    ),
    "describe": (
        Check(
            "InvalidArgument", lambda _, op, profile: profile.descriptions == "xml" and "\0" in op.description
        ),
    ),
    "merge_into_children": (
        Check("WouldDiscard", lambda domain, op, _: not _depends(domain, op.snapshot), needs_snapshot=True),
        Check(
            "LimitExceeded",
            lambda domain, op, profile: (
                _depends(domain, op.snapshot) > (profile.limits.merge_children or 1_000)
            ),
            needs_snapshot=True,
        ),
        SPLITS,
    ),
    "merge_into_parent": (
        Check("WouldDiscard", lambda domain, op, _: _siblings(domain, op.snapshot), needs_snapshot=True),
        SPLITS,
    ),
    "merge_into_parent_forced": (
        *RESUME,
        Check(
            "Unsupported",
            lambda domain, op, profile: (
                "reset_to_base" not in profile.features
                and _is_root(domain, op.snapshot)
                and _reset_by_merge(domain, op.snapshot)
            ),
            needs_snapshot=True,
        ),
        SPLITS,
    ),
    "discard": (
        Check("WouldDiscard", lambda domain, op, _: _depends(domain, op.snapshot) > 0, needs_snapshot=True),
    ),
    "discard_forced": (
        *RESUME,
        Check(
            "Unsupported",
            lambda domain, op, profile: (
                "reset_to_base" not in profile.features
                and _is_root(domain, op.snapshot)
                and _grew_from(domain, op.snapshot)
            ),
            needs_snapshot=True,
        ),
    ),
    "remove_subtree": (),
    "retire": (SPLITS,),
    "parent": (),
    "lookup_by_id": (),
    "children": (),
}

PROFILES: Final = {
    "rfc": load_profile("rfc"),
    "virtualbox": load_profile("virtualbox"),
    "esx": load_profile("esx"),
    "one root": varied("rfc", ["roots=single", "limits.merge_children=1"]),
    "no resume": varied("rfc", ["features.resume_as=false", "features.reset_to_base=false"]),
    "any text": varied("rfc", ["descriptions=any", "names.policy=duplicates"]),
}
TREES: Final = ("base-only", "lone", "chain-mid", "fork", "fork-base", "running", "saved", "retired")


def calls(domain: Domain) -> Iterator[Operation]:
    """Every call that names a snapshot, with arguments that are right and wrong, on every target."""
    for target in (*domain.snapshots, *domain.retired, "nobody"):
        for name in ("a", "new", "", "a\nb"):
            yield ops.Rename(target, name)
        yield from (ops.Describe(target, text) for text in ("words", "end\0"))
        for wish in (None, "off", "running", "flying"):
            yield from (
                kind(target, wish) for kind in (ops.Revert, ops.DiscardForced, ops.MergeIntoParentForced)
            )  # type: ignore[arg-type]
        yield from (kind(target) for kind in (
            ops.MergeIntoChildren, ops.MergeIntoParent, ops.Discard, ops.RemoveSubtree, ops.Retire,
            ops.Children, ops.Parent, ops.LookupById,
        ))  # fmt: skip


def failing(domain: Domain, operation: Any, profile: Profile) -> list[Check]:
    """The checks that fail, each made by itself."""
    listed = operation.snapshot in domain.snapshots
    made = (UNKNOWN, POWER, *CHECKS[operation.call])
    return [
        one for one in made if (listed or not one.needs_snapshot) and one.fails(domain, operation, profile)
    ]


@pytest.mark.rule("REFUSE-2", "REFUSE-4", "REVERT-16", "REVERT-17", "TREE-11", "CREATE-17")
@pytest.mark.parametrize("name", PROFILES)
def test_the_first_check_that_fails_is_a_right_answer_in_every_order(name: str) -> None:
    profile, several = PROFILES[name], 0
    for tree in TREES:
        domain = example_domain(tree)
        for operation in calls(domain):
            outcome = step(domain, operation, profile)
            if not profile.claims(operation.call):
                assert outcome == Refused(frozenset({"Unsupported"})), operation
                continue
            wrong = failing(domain, operation, profile)
            seen = outcome.kinds if isinstance(outcome, Refused) else frozenset()
            for order in permutations(wrong):
                assert order[:1] == () or order[0].kind in seen, f"{tree}: {operation}: {order[0].kind}"
            assert seen == {one.kind for one in wrong}, f"{tree}: {operation}"
            several += len(seen) > 1
    assert several >= 5, "no call was wrong in two ways"


@pytest.mark.rule("REFUSE-5")
@pytest.mark.parametrize("tree", TREES)
def test_a_call_that_is_not_claimed_is_unsupported_and_nothing_else(tree: str) -> None:
    domain = example_domain(tree)
    for operation in calls(domain):
        profile = varied("rfc", [f"operations.{operation.call}=false"])
        assert step(domain, operation, profile) == Refused(frozenset({"Unsupported"})), operation


@pytest.mark.rule("REFUSE-5", "POWER-18")
def test_of_a_removed_domain_both_answers_are_right() -> None:
    outcome = step(example_domain("lone"), ops.UndefineForced(), load_profile("rfc"))
    assert not isinstance(outcome, Refused)
    later = step(outcome.domain, ops.Discard("s1"), varied("rfc", ["operations.discard=false"]))
    assert later == Refused(frozenset({"Unsupported", "InvalidArgument"}))
