"""Conditions: the cases that a rule can be about, beyond call, outcome, part and relation.

Each condition stands once, in ``CONDITIONS``: its name, its text, in which steps
it holds and under which profiles it can.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from snaptree.spec.operations import (
    Create,
    ForcedDelete,
    LookupByName,
    MergeIntoChildren,
    MergeIntoParent,
    MergeIntoParentForced,
    OnSnapshot,
    Operation,
    Retire,
    Revert,
)
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import destroyed
from snaptree.spec.state import Domain
from snaptree.spec.vocabulary.arguments import ARGUMENT_CONDITIONS
from snaptree.spec.vocabulary.choices import CHOICE_CONDITIONS
from snaptree.spec.vocabulary.condition import WITH_TARGET, Condition, HoldsForStep, always
from snaptree.spec.vocabulary.libvirt_flags import FLAG_CONDITIONS
from snaptree.spec.vocabulary.placement import PLACEMENT_CONDITIONS
from snaptree.spec.vocabulary.returns import RETURN_CONDITIONS

if TYPE_CHECKING:  # to load libvirt's calls takes as long as all other words of rules together
    from snaptree.spec.libvirt.calls import RevertToSnapshot

_LIBVIRT_REVERT: Final = "virDomainRevertToSnapshot"


def _resumes(_before: Domain, operation: Revert | ForcedDelete, _profile: Profile) -> bool:
    return operation.resume_as is not None


def _flags_resume(before: Domain, operation: RevertToSnapshot, _profile: Profile) -> bool:
    return operation.snapshot in before and bool(operation.flags & 3)


def _quiesces(_before: Domain, operation: Create, _profile: Profile) -> bool:
    return operation.quiesce


def _captures_memory(_before: Domain, operation: Create, _profile: Profile) -> bool:
    return operation.memory


def _captures_disks(before: Domain, operation: Create, _profile: Profile) -> bool:
    return not operation.memory and before.active.power != "off"


def _has_memory(before: Domain, operation: Revert | RevertToSnapshot, _profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    return snapshot is not None and snapshot.point.memory is not None


def _has_disks_only(before: Domain, operation: Revert | RevertToSnapshot, _profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    return snapshot is not None and snapshot.point.memory is None


def _transient(before: Domain) -> bool:
    return not before.persistent


def _replaces(before: Domain, operation: Create, profile: Profile) -> bool:
    return operation.name in before.names and profile.names.policy == "replace"


def _repeated(before: Domain, operation: LookupByName, _profile: Profile) -> bool:
    return len(before.names.get(operation.name, ())) > 1


def _numeric(before: Domain, operation: Any, _profile: Profile) -> bool:
    target = before.snapshots.get(operation.snapshot)
    return target is not None and target.name.isdecimal()


def _resets(before: Domain, operation: ForcedDelete, profile: Profile) -> bool:
    return destroyed(before, operation, profile).active


def _resets_to_base(before: Domain, operation: ForcedDelete, profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    return (
        snapshot is not None
        and snapshot.parent is None
        and not profile.offers("reset_to_base")
        and destroyed(before, operation, profile).active
    )


def _second_root(before: Domain, operation: Create, profile: Profile) -> bool:
    if profile.roots != "single" or not before.snapshots:
        return False
    return before.current is None or any(
        before.snapshots[bearer].parent is None and len(before.children_of(bearer)) > 1
        for bearer in before.names.get(operation.name, ())
        if profile.names.policy == "replace"
    )


def _splits_root(before: Domain, operation: OnSnapshot, profile: Profile) -> bool:
    snapshot = before.snapshots.get(operation.snapshot)
    splits = profile.roots == "single" and snapshot is not None and snapshot.parent is None
    return splits and len(before.children_of(operation.snapshot)) > 1


CONDITIONS: Final = {
    condition.name: condition
    for condition in (
        Condition(
            "resume-as",
            "the operation asked for a power state",
            {
                Revert: _resumes,
                ForcedDelete: _resumes,
                _LIBVIRT_REVERT: _flags_resume,
            },
            always,
        ),
        Condition("quiesce", "the operation asked for quiescing", {Create: _quiesces}, always),
        Condition(
            "with-memory",
            "the operation asked for memory, or its snapshot holds some",
            {Create: _captures_memory, Revert: _has_memory, _LIBVIRT_REVERT: _has_memory},
            lambda profile: profile.memory != "never",
        ),
        Condition(
            "disk-only",
            "a snapshot without memory of a domain that is on, or a revert to a point without memory",
            {Create: _captures_disks, Revert: _has_disks_only, _LIBVIRT_REVERT: _has_disks_only},
            always,
        ),
        Condition(
            "retired",
            "the domain has retired snapshots",
            attrgetter("retired"),
            lambda profile: profile.claims("retire"),
        ),
        Condition(
            "image",
            "the domain has a managed-save image",
            attrgetter("managed_save"),
            lambda profile: profile.claims("managed_save"),
        ),
        Condition(
            "independent",
            "the domain has independent disks",
            attrgetter("independent"),
            lambda profile: profile.offers("independent_disks"),
        ),
        Condition(
            "transient",
            "the domain is transient",
            _transient,
            lambda profile: profile.offers("transient"),
        ),
        Condition(
            "replaces",
            "the new snapshot takes a name in use",
            {Create: _replaces},
            lambda profile: profile.names.policy == "replace",
            needs=lambda profile: profile.names.policy == "replace",
        ),
        Condition(
            "repeated-name",
            "several snapshots bear the name",
            {LookupByName: _repeated},
            lambda profile: profile.names.policy == "duplicates",
        ),
        Condition(
            "numeric-name",
            "the snapshot's name reads as a number",
            {WITH_TARGET: _numeric},
            lambda profile: profile.names.allows("2"),
        ),
        Condition(
            "reset",
            "the active state is among the casualties",
            {ForcedDelete: _resets},
            always,
        ),
        Condition(
            "base-reset",
            "the active state would be reset to the base, which the profile does not offer",
            {ForcedDelete: _resets_to_base},
            lambda profile: not profile.offers("reset_to_base"),
            needs=lambda profile: not profile.offers("reset_to_base"),
        ),
        Condition(
            "second-root",
            "there would be a root beside another, where only one may exist",
            {
                Create: _second_root,
                MergeIntoChildren: _splits_root,
                MergeIntoParent: _splits_root,
                MergeIntoParentForced: _splits_root,
                Retire: _splits_root,
            },
            lambda profile: profile.roots == "single",
            needs=lambda profile: profile.roots == "single",
        ),
        Condition(
            "gone",
            "the domain was removed, or has ended",
            lambda before: not before.defined,
            lambda profile: profile.claims("undefine") or profile.offers("transient"),
        ),
        *ARGUMENT_CONDITIONS,
        *CHOICE_CONDITIONS,
        *PLACEMENT_CONDITIONS,
        *FLAG_CONDITIONS,
        *RETURN_CONDITIONS,
    )
}
"""The conditions by name."""

_NONE: Final[frozenset[str]] = frozenset()

_BY_DOMAIN: Final = tuple(
    (one.name, one.when) for one in CONDITIONS.values() if not isinstance(one.when, dict)
)
Asked = tuple[tuple[str, HoldsForStep], ...]

_BY_STEP: Final[dict[int, tuple[Profile, dict[type[Operation], Asked]]]] = {}
"""The other conditions that can hold under a profile for a kind of operation: every step asks them.

They are found once, by the id of the profile, which is kept with them: to hash a profile takes longer.
"""
_MOST_PROFILES: Final = 64


def conditions_of(before: Domain, operation: Operation, profile: Profile) -> frozenset[str]:
    """Which of the conditions that rules can name hold for this step."""
    held: list[str] = []
    for name, of_domain in _BY_DOMAIN:
        if of_domain(before):
            held.append(name)
    known = _BY_STEP.get(id(profile))
    cases = None if known is None else known[1].get(type(operation))
    for name, holds in _cases_of(type(operation), profile) if cases is None else cases:
        if holds(before, operation, profile):
            held.append(name)
    return frozenset(held) if held else _NONE


def _cases_of(kind: type[Operation], profile: Profile) -> Asked:
    by_step = (one for one in CONDITIONS.values() if isinstance(one.when, dict) and one.needs(profile))
    found = tuple((one.name, case) for one in by_step if (case := one.case_of(kind)) is not None)
    if id(profile) not in _BY_STEP and len(_BY_STEP) >= _MOST_PROFILES:
        _BY_STEP.clear()
    _BY_STEP.setdefault(id(profile), (profile, {}))[1][kind] = found
    return found
