"""Laws of memory and power: what a point keeps of them, and what a revert, reset or power call leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import Step, after_all, law, off, reset_to, same
from snaptree.spec.laws.menu import menu
from snaptree.spec.operations import ForcedDelete, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point, SavedState


@law(
    "point(d·create(n), n) = point(d, active)[power := that of managed_save, or as asked]; "
    "name(n), uuid(n), description(n) = those asked; current(d·create(n)) = n"
)
def a_point_keeps_what_was_asked(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A new snapshot has the disks, configuration and power of the active state, and memory if asked
    for or in a managed-save image; it has the words and the uuid that were asked for, and is current.
    """
    for operation in (one for one in menu(domain) if isinstance(one, ops.Create)):
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            continue
        new = outcome.domain.snapshots[outcome.result]
        image = domain.managed_save if profile.create_with_managed_save == "captures" else None
        wanted = domain.active if operation.memory else replace(domain.active, memory=None)
        if image is not None and profile.memory != "never":
            wanted = replace(wanted, memory=image.memory, power=image.power)
        kept = None if profile.create_with_managed_save == "drops" else domain.managed_save
        words = (new.name, new.description, new.id) == (operation.name, operation.description, outcome.result)
        after = outcome.domain
        own = operation.uuid in (None, new.uuid) and (after.managed_save, after.current) == (kept, new.id)
        latest = new.serial == new.captured == after.serial == domain.serial + 1
        yield "" if new.point == wanted and words and own and latest else f"{operation}: {new}"


@law("active, managed_save of d·revert(S, r) = continued(d, S, r); current(d·revert(S, r)) = S")
def a_revert_continues_what_was_captured(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """After a revert the memory and power are those of the point, as an image or not at all where the profile
    says so, or as resume_as asks.
    """
    for snapshot, named in domain.snapshots.items():
        for resume_as in (None, *ops.RESUME_AS):
            after = after_all(domain, profile, step, ops.Revert(snapshot, resume_as))
            if after is None:
                continue
            active, image = _continued(named.point, resume_as, profile)
            right = (after.active, after.managed_save, after.current) == (active, image, snapshot)
            yield (
                ""
                if right
                else f"revert({snapshot}, {resume_as}): {after.active.power}, {after.active.memory}"
            )


def _continued(
    point: Point, resume_as: ops.ResumeAs | None, profile: Profile
) -> tuple[Point, SavedState | None]:
    """The active state and the image after a revert to a point."""
    if resume_as in ("running", "paused"):
        return replace(
            point, power=resume_as, memory="unspecified" if point.memory is None else point.memory
        ), None
    if resume_as is None and point.memory is not None:
        if profile.revert_with_memory == "captured":
            return point, None
        if profile.revert_with_memory == "saved":
            return off(point), SavedState(point.memory, point.power)
    return off(point), None


@law(
    "d·del_forced(S, r) ≡ d·del_forced(S)[power := r], if active ∈ gone(del_forced(S)); "
    "d·del_forced(S, r) ≡ d·del_forced(S) else"
)
def a_reset_is_off_or_as_asked(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A forced delete keeps what it does not destroy; what it resets is off, or as resume_as asks."""
    for snapshot in domain.snapshots:
        for kind in (ops.DiscardForced, ops.MergeIntoParentForced):
            plain = after_all(domain, profile, step, kind(snapshot))
            for resume_as in ops.RESUME_AS:
                after = after_all(domain, profile, step, kind(snapshot, resume_as))
                if after is None or plain is None:
                    continue
                wanted = plain
                if plain.active != domain.active or _is_lost(domain, kind(snapshot)):
                    source = reset_to(plain, plain.current)
                    point = plain.base if plain.current is None else plain.snapshots[plain.current].point
                    resumed = off(point) if resume_as == "off" else _continued(point, resume_as, profile)[0]
                    wanted = replace(source, active=resumed)
                yield (
                    "" if same(after, wanted) else f"{kind(snapshot, resume_as)} leaves {after.active.power}"
                )


def _is_lost(domain: Domain, operation: ForcedDelete) -> bool:
    parent = domain.snapshots[operation.snapshot].parent
    below = operation.snapshot in domain.ancestors(domain.current)
    if isinstance(operation, ops.DiscardForced):
        return below
    return not below and (parent is None or parent in domain.ancestors(domain.current))


@law(
    "d·start ≡ d[power := that of managed_save, or running, managed_save := ∅]; "
    "d·stop ≡ d·crash ≡ d[power := off]; d·pause ≡ d[power := paused]; d·resume ≡ d[power := running]; "
    "d·managed_save ≡ d·stop[managed_save := power of d]"
)
def power_calls_do_what_they_say(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Each call of power leaves its own power state and memory, and keeps everything else."""
    for operation, wanted in _powered(domain):
        after = after_all(domain, profile, step, operation)
        if after is not None and after.defined:
            yield (
                ""
                if same(after, wanted)
                else f"{operation} leaves {after.active.power}, {after.managed_save}"
            )


def _powered(domain: Domain) -> Iterator[tuple[Operation, Domain]]:
    active, image = domain.active, domain.managed_save
    continued = ("unspecified", "running") if image is None else (image.memory, image.power)
    started = replace(active, memory=continued[0], power=continued[1])
    yield ops.Start(), replace(domain, active=started, managed_save=None)
    stopped = replace(domain, active=off(active))
    yield from ((ops.Stop(), stopped), (ops.Crash(), stopped))
    yield ops.Pause(), replace(domain, active=replace(active, power="paused"))
    yield ops.Resume(), replace(domain, active=replace(active, power="running"))
    yield ops.ManagedSave(), replace(stopped, managed_save=SavedState(active.memory, active.power))
    yield ops.ManagedSaveRemove(), replace(domain, managed_save=None)
    yield ops.WriteMemory(77), replace(domain, active=replace(active, memory=77))


@law("base, active of d·create(n) = those of d; independent of d·op = those of d, op ∉ work")
def nothing_else_moves(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A create changes no disk and no power, and nothing done to the tree changes an independent disk."""
    for operation in menu(domain):
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted) or not outcome.domain.defined:
            continue
        after, about_disks = (
            outcome.domain,
            operation.call in ("attach_disk", "detach_disk", "resize_disk", "write_disk"),
        )
        kept = after.persistent == domain.persistent and (
            about_disks or after.independent == domain.independent
        )
        same_active = not operation.creates or (after.active, after.base) == (domain.active, domain.base)
        yield "" if kept and same_active else f"{operation}"
