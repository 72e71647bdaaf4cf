"""Laws of refusals: each kind is the answer where its own reason holds, and nowhere else.

The reasons are stated here once more, as conditions on the domain and the arguments. They share no code with
the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import Step, brief, kinds, law, replaced
from snaptree.spec.laws.menu import menu
from snaptree.spec.operations import ForcedDelete, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Power

_ON: Final[tuple[Power, ...]] = ("running", "paused")
_NEEDED: Final[dict[str, tuple[Power, ...]]] = {
    "start": ("off",), "stop": _ON, "pause": ("running",), "resume": ("paused",), "managed_save": _ON,
    "write_memory": _ON, "undefine": ("off",), "undefine_forced": ("off",),
}  # fmt: skip
"""The power states that a call needs under any profile."""
_BARRED_BY_IMAGE: Final = ("write_disk", "resize_disk", "attach_disk", "detach_disk", "configure")
_SPLITTING: Final = (ops.MergeIntoChildren, ops.MergeIntoParent, ops.MergeIntoParentForced, ops.Retire)
"""What turns the children of a root into roots."""


@law("InvalidPowerState ∈ kinds(op) ⇔ ¬permitted(op) ∨ ¬fitting(op), where claimed(op)")
def power_bars_what_it_must(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """An operation is refused for the power state where the profile bars it there, and where it needs another
    power state, or no managed-save image.
    """
    for operation in filter(lambda one: profile.claims(one.call), menu(domain)):
        barred = domain.active.power not in profile.power.get(operation.call, ("off", *_ON))
        wanted = barred or not _fits(domain, operation, profile)
        outcome = step(domain, operation, profile)
        if domain.defined:
            right = ("InvalidPowerState" in kinds(outcome)) == wanted
            yield "" if right else f"{operation} when {domain.active.power}: {brief(outcome)}"


def _fits(domain: Domain, operation: Operation, profile: Profile) -> bool:
    """Whether power and image are what the operation itself needs."""
    power, image = domain.active.power, domain.managed_save is not None
    if power not in _NEEDED.get(operation.call, ("off", *_ON)):
        return False
    if image and operation.call in _BARRED_BY_IMAGE:
        return False
    if isinstance(operation, ops.Create):
        asleep = (operation.memory and power == "off") or (operation.quiesce and power != "running")
        return not asleep and not (image and profile.create_with_managed_save == "refuses")
    ends_off = not domain.persistent and profile.transient_off == "refused"
    return not (ends_off and _left_off(domain, operation, profile))


def _left_off(domain: Domain, operation: Operation, profile: Profile) -> bool:
    """Whether a revert, or the reset of a forced delete, leaves the domain off."""
    if isinstance(operation, ops.Revert) and operation.snapshot in domain:
        wakes = domain.snapshots[operation.snapshot].point.memory is not None
        wakes = wakes and profile.revert_with_memory == "captured"
        return not wakes if operation.resume_as is None else operation.resume_as == "off"
    resets = isinstance(operation, ForcedDelete) and loses_active(domain, operation)
    return resets and getattr(operation, "resume_as", None) in (None, "off")


def loses_active(domain: Domain, operation: ForcedDelete) -> bool:
    """Whether the active state grew from what a forced delete destroys, or overwrites."""
    if operation.snapshot not in domain:
        return False
    above = set(domain.ancestors(domain.current))
    if isinstance(operation, ops.DiscardForced):
        return operation.snapshot in above
    parent = domain.snapshots[operation.snapshot].parent
    return (parent is None or parent in above) and operation.snapshot not in above


@law("Unsupported ∈ kinds(op) ⇔ ¬claimed(op) ∨ ¬offered(op); ¬claimed(op) ⇒ kinds(op) = {Unsupported}")
def unsupported_is_what_is_not_offered(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A call is Unsupported where the profile has not it, or not what it was asked for, and nowhere else."""
    if not domain.defined:
        return
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if not profile.claims(operation.call):
            right = kinds(outcome) == {"Unsupported"}
        else:
            right = ("Unsupported" in kinds(outcome)) == _lacks(domain, operation, profile)
        yield "" if right else f"{operation}: {brief(outcome)}"


def _lacks(domain: Domain, operation: Operation, profile: Profile) -> bool:
    """Whether the operation asks for something that the profile does not have."""
    if getattr(operation, "resume_as", None) is not None and not profile.offers("resume_as"):
        return True
    match operation:
        case ops.Create():
            return _cannot_create(domain, operation, profile)
        case ops.ManagedSave():
            return not domain.persistent
        case ops.AttachDisk(independent=True):
            return not profile.offers("independent_disks")
        case ops.Revert() if operation.snapshot in domain and operation.resume_as is None:
            saved = domain.snapshots[operation.snapshot].point.memory is not None
            return saved and profile.revert_with_memory == "saved" and not domain.persistent
    return _splits(domain, operation, profile) or _resets_to_base(domain, operation, profile)


def _cannot_create(domain: Domain, operation: ops.Create, profile: Profile) -> bool:
    kept = [] if operation.memory else ["always"] if domain.active.power != "off" else []
    if profile.memory in (["never"] if operation.memory else kept):
        return True
    if operation.quiesce and not profile.offers("quiesce"):
        return True
    gone = replaced(domain, operation.name, profile)
    roots = [
        one for one in (*sorted(set(domain.snapshots) - set(gone)), "new")
        if all(above in gone for above in _above(domain, one))
    ]  # fmt: skip
    return profile.roots == "single" and len(roots) > 1


def _above(domain: Domain, snapshot: str) -> list[str]:
    """What lies above a snapshot, or above one that is new."""
    if snapshot == "new":
        return list(domain.ancestors(domain.current))
    return list(domain.ancestors(domain.snapshots[snapshot].parent))


def _splits(domain: Domain, operation: Operation, profile: Profile) -> bool:
    if profile.roots != "single" or not isinstance(operation, _SPLITTING) or operation.snapshot not in domain:
        return False
    children = [one for one in domain.snapshots.values() if one.parent == operation.snapshot]
    return domain.snapshots[operation.snapshot].parent is None and len(children) > 1


def _resets_to_base(domain: Domain, operation: Operation, profile: Profile) -> bool:
    if not isinstance(operation, ForcedDelete) or operation.snapshot not in domain:
        return False
    root = domain.snapshots[operation.snapshot].parent is None
    return root and loses_active(domain, operation) and not profile.offers("reset_to_base")


@law(
    "¬defined(d) ⇒ InvalidArgument ∈ kinds(op) ∧ d ∪ retired(d) = ∅; "
    "defined(d·op) ∨ op ∈ {stop, crash, undefine, undefine_forced}"
)
def nothing_is_left_of_a_removed_domain(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A domain that is removed has no snapshot, disk or image, and refuses every call."""
    for ending in (ops.UndefineForced(), ops.Undefine(), ops.Stop(), ops.Crash()):
        outcome = step(domain, ending, profile)
        if not isinstance(outcome, Accepted):
            continue
        after = outcome.domain
        ends = ending.op == "undefine" or (not domain.persistent and domain.active.power != "off")
        yield "" if after.defined != ends else f"{ending} {'does not end' if ends else 'ends'} the domain"
        if after.defined:
            continue
        rest = (after.snapshots, after.retired, after.independent, after.active.disks, after.base.disks)
        yield f"after {ending} something is left" if any(map(len, rest)) or after.managed_save else ""
        for operation in menu(after):
            answer = kinds(step(after, operation, profile))
            yield "" if "InvalidArgument" in answer else f"{ending}, {operation}: {sorted(answer)}"
