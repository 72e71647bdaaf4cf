"""What holds in every state that calls reach, libvirt's restoring of records included."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from snaptree.spec import operations as ops
from snaptree.spec.libvirt.calls import SnapshotRedefine
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain

from .reading.calls import draw

FLAGS = load_profile("libvirt-test").libvirt
RFC = replace(load_profile("rfc"), libvirt=FLAGS)
SETTINGS = ("names.policy=replace", "roots=single", "limits.depth=2", "limits.count=3", "identity=uuid")
WALKS, LENGTH = 60, 80


def drawn(random: Random, domain: Domain, profile: Profile) -> Operation:
    """One call: work on disks more often than elsewhere, and records that are restored."""
    pick = random.random()
    if pick < 0.15 and domain.retired:
        return SnapshotRedefine(random.choice(sorted(domain.retired)))
    if pick < 0.35:
        disk = random.choice(("vda", "vdb", "vdc"))
        attached = disk in domain.active.disks or disk in domain.independent
        return (
            ops.DetachDisk(disk) if attached else ops.AttachDisk(disk, BLOCK_STRIDE, independent=pick < 0.27)
        )
    return draw(random, domain, profile)


def broken(domain: Domain, profile: Profile) -> list[str]:
    """The invariants that do not hold in a state."""
    everyone = [*domain.snapshots.values(), *domain.retired.values()]
    held = {
        disk
        for point in (domain.base, domain.active, *(one.point for one in everyone))
        for disk in point.disks
    }
    uuids = Counter(one.uuid for one in everyone)
    depth = max((sum(1 for _ in domain.ancestors(one)) for one in domain.snapshots), default=0)
    limits = profile.limits
    checks = {
        "a disk id means one disk": not held & set(domain.independent),
        "a uuid is of one snapshot": max(uuids.values(), default=1) == 1,
        "a name is of one listed snapshot": all(len(bearers) == 1 for bearers in domain.names.values()),
        "every parent is listed": all(one.parent in (None, *domain.snapshots) for one in domain.in_order()),
        "the current snapshot is listed": domain.current in (None, *domain.snapshots),
        "no deeper than the limit": limits.depth is None or depth <= limits.depth,
        "no more than the limit": limits.count is None or len(everyone) <= limits.count,
        "memory is where power is": (domain.active.memory is None) == (domain.active.power == "off"),
        "an image is of a domain that is off": domain.managed_save is None or domain.active.power == "off",
        "a transient domain has no image": domain.persistent or domain.managed_save is None,
    }
    return [name for name, holds in checks.items() if not holds]


@pytest.mark.parametrize("setting", ["", *SETTINGS, "revert_with_memory=saved"])
@pytest.mark.rule("ACTIVE-18")
def test_every_reachable_state_keeps_the_invariants(setting: str) -> None:
    profile = replace(varied("rfc", [setting]), libvirt=FLAGS) if setting else RFC
    restored = refused_disks = 0
    for seed in range(WALKS):
        random = Random(f"{setting}:{seed}")
        domain = blank_domain({"vda": BLOCK_STRIDE, "vdb": BLOCK_STRIDE}, persistent=seed % 5 != 0)
        for _ in range(LENGTH):
            operation = drawn(random, domain, profile)
            outcome = step(domain, operation, profile)
            if isinstance(outcome, Refused):
                refused_disks += isinstance(operation, ops.AttachDisk)
                continue
            restored += isinstance(operation, SnapshotRedefine)
            domain = outcome.domain
            assert broken(domain, profile) == [], f"after {operation} in walk {seed}"
    # Walks that never come there would say nothing.
    assert restored > 5
    assert refused_disks > 5


@pytest.mark.rule("ACTIVE-18")
def test_a_disk_of_a_restored_record_is_there_once() -> None:
    """The way to a disk that is there twice: a retired point holds its id, and its record comes back."""
    domain = blank_domain({"vda": BLOCK_STRIDE})
    for operation in (
        ops.AttachDisk("vdc", BLOCK_STRIDE),
        ops.Create("a"),
        ops.DetachDisk("vdc"),
        ops.Retire("s1"),
    ):
        outcome = step(domain, operation, RFC)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    beside = ops.AttachDisk("vdc", BLOCK_STRIDE, independent=True)
    assert step(domain, beside, RFC) == Refused(frozenset({"InvalidArgument"}))
    gone = step(domain, ops.Reclaim("s1"), RFC)
    assert isinstance(gone, Accepted)
    assert isinstance(step(gone.domain, beside, RFC), Accepted)
