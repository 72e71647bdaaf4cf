"""Laws of capturing and going back: create, revert, names, and work on the active state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from snaptree.spec import operations as ops
from snaptree.spec.laws.law import (
    Step,
    after_all,
    law,
    may,
    reset_to,
    same,
    turned_off,
)
from snaptree.spec.laws.menu import fresh_name, work
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


@law("off(d·revert(S, r)) ≡ off(d·revert(S)) ≡ reset(d, S); d·revert(S, r) ≡ d·revert(S, r)·revert(S, r)")
def reverting_is_taking_the_point(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A revert changes no snapshot, makes the active state the point, and done twice does the same; resume_as
    changes nothing but memory and power.
    """
    for snapshot in domain.snapshots:
        plain = after_all(domain, profile, step, ops.Revert(snapshot))
        for resume_as in (None, *ops.RESUME_AS):
            revert = ops.Revert(snapshot, resume_as)
            once = after_all(domain, profile, step, revert)
            if once is None:
                continue
            off = turned_off(once)
            alike = same(off, reset_to(domain, snapshot)) and (plain is None or same(off, turned_off(plain)))
            yield "" if alike else f"{revert} takes something else"
            if may(once, profile, "revert"):
                yield "" if same(once, after_all(once, profile, step, revert)) else f"{revert} twice"


@law(
    "d·create(n)·merge_into_children(n) ≡ d, where create keeps managed_save; "
    "disks, configuration of n in d·create(n) = those of active in d"
)
def create_then_merge_is_nothing(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Creating a snapshot captures the active state and changes nothing else: merged into its children it has
    never been.
    """
    if profile.create_with_managed_save == "drops" or not may(domain, profile, "merge_into_children"):
        return
    for memory in (False, True):
        created = step(domain, ops.Create(fresh_name(domain), memory=memory), profile)
        if isinstance(created, Accepted):
            point = created.domain.snapshots[created.result].point
            merged = after_all(created.domain, profile, step, ops.MergeIntoChildren(created.result))
            held = (point.disks, point.configuration) == (domain.active.disks, domain.active.configuration)
            yield "" if held and same(merged, domain) else f"create with{'' if memory else 'out'} memory"


@law("accepted(create(n)) ⇒ d·revert(T) ≡ d·create(n)·revert(T)·discard(n)")
def create_then_discard_is_a_revert(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Creating a snapshot, reverting to another and discarding the new one is reverting to the other."""
    created = step(domain, ops.Create(fresh_name(domain)), profile)
    if isinstance(created, Refused) or not may(domain, profile, "revert"):
        return
    for other in domain.snapshots:
        reverted = after_all(domain, profile, step, ops.Revert(other))
        if reverted is None or not may(reverted, profile, "discard"):
            continue
        back = after_all(created.domain, profile, step, ops.Revert(other), ops.Discard(created.result))
        yield "" if same(back, reverted) else f"create, revert to {other}, discard"


@law("id(n) ∉ d ∪ retired(d) ∪ issued(d) in d·create(n), where identity ≠ name")
def an_id_is_issued_once(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """A new snapshot has an id that nothing listed, retired or just removed has or had."""
    if profile.identity == "name":
        return
    used = {*domain.snapshots, *domain.retired}
    here: Domain | None = domain
    for _ in range(3):
        created = step(here, ops.Create(fresh_name(domain)), profile) if here is not None else None
        if not isinstance(created, Accepted):
            return
        yield "" if created.result not in used else f"{created.result} is issued again"
        used.add(created.result)
        here = after_all(created.domain, profile, step, ops.MergeIntoChildren(created.result))


@law("d·rename(S, n) ≡ d[name(S) := n]; d·describe(S, t) ≡ d[description(S) := t]")
def names_are_only_names(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Renaming and describing change one name or one description, and keep everything else."""
    for snapshot, named in domain.snapshots.items():
        for operation in (ops.Rename(snapshot, fresh_name(domain)), ops.Describe(snapshot, "other words")):
            after = after_all(domain, profile, step, operation)
            new = replace(
                named, **{key: getattr(operation, key) for key in operation.arguments() if key != "snapshot"}
            )
            if after is not None:
                wanted = replace(domain, snapshots=domain.snapshots.insert(snapshot, new))
                yield "" if same(after, wanted) else f"{operation}"


@law("defined(d·work) ⇒ snapshots, base, current of d·work = those of d")
def work_stays_in_the_active_state(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Writes, changes of devices and power keep every snapshot, base and current, while the domain lasts."""
    for operation in work(domain):
        after = after_all(domain, profile, step, operation)
        if after is None or not after.defined:
            continue
        kept = (domain.in_order(), domain.base, domain.current)
        yield "" if (after.in_order(), after.base, after.current) == kept else f"{operation}"


@law(
    "d·a·b ≡ d, (a, b) ∈ {(pause, resume), (resume, pause), "
    "(managed_save, start), (attach_disk, detach_disk)}"
)
def there_and_back_is_nothing(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
    """Pausing and resuming, saving and starting, attaching a disk and detaching it leave no trace."""
    disk = ops.AttachDisk("vdz", 64 * 1024)
    for there, back in (
        (ops.Pause(), ops.Resume()), (ops.Resume(), ops.Pause()), (ops.ManagedSave(), ops.Start()),
        (disk, ops.DetachDisk(disk.disk)),
    ):  # fmt: skip
        gone = after_all(domain, profile, step, there)
        if gone is None or not may(gone, profile, back.op):
            continue
        yield "" if same(after_all(gone, profile, step, back), domain) else f"{there}, {back}"
