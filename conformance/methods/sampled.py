"""sampled: random sequences, drawn by Hypothesis and decoded against the live state.

Each step is three bytes of one draw: which call, on which snapshot, and with
what. Decoding looks at the state that the sequence has reached, so nearly every
step means something, and a whole sequence costs Hypothesis one draw. The first
difference ends a sequence; making it small is the business of ``sequences``,
which works on operations and so is the same for every method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from snaptree.conformance.driver import Driver
from snaptree.conformance.lockstep import Lockstep, Taken
from snaptree.conformance.sequences import Run, opened_domain
from snaptree.conformance.tally import Tally
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE, Domain

MOST_SNAPSHOTS: Final = 8
"""Beyond this a tree is pruned rather than grown: faults show in small trees."""

BYTES: Final = 3

TRANSIENT: Final = 8
"""One in so many sequences is on a transient domain, where the profile has them."""

WEIGHTS: Final[dict[str, int]] = {
    "create": 110, "write_disk": 40, "revert": 24, "merge_into_children": 16, "merge_into_parent": 16,
    "merge_into_parent_forced": 10, "discard": 14, "discard_forced": 10, "remove_subtree": 6, "retire": 8,
    "reclaim": 8, "rename": 5, "describe": 3, "start": 8, "stop": 6, "pause": 4, "resume": 4,
    "managed_save": 5, "managed_save_remove": 2, "crash": 3, "write_memory": 8,
    "resize_disk": 5, "attach_disk": 3, "detach_disk": 3, "configure": 5,
    "undefine": 1, "undefine_forced": 0, "list": 2, "children": 2, "parent": 2, "current": 2,
    "lookup_by_name": 3, "lookup_by_id": 2, "count": 4,
}  # fmt: skip
"""How often each call is drawn, relative to the others."""

ODD_NAMES: Final = (
    "", "x" * 10_000, "x" * 255, "../../etc/x", "-rf", "a\nb", "\x00", "caf\u00e9", "cafe\u0301", " ",
    "s1", "S1", "1", "2", "3",
    "<b>&amp;</b>", "'; echo", "$(id)", "\u202etxt", "\U0001f4be", "\ud800", "con", "%s", "active", "base",
)  # fmt: skip
"""Names that somebody's code has tripped over."""


class Decodes(Protocol):
    """Makes an operation of three bytes."""

    def operation(self, domain: Domain, which: int, target: int, variant: int) -> Operation:
        """The operation that they mean in this state."""


class Decoder:
    """Turns bytes into operations that mean something in the state at hand."""

    def __init__(self, profile: Profile) -> None:
        calls = [call for call in WEIGHTS if profile.claims(call)]
        total = sum(WEIGHTS[call] for call in calls)
        table: list[str] = []
        for call in calls:
            table += [call] * max(1 if WEIGHTS[call] else 0, round(250 * WEIGHTS[call] / total))
        unclaimed = [call for call in WEIGHTS if not profile.claims(call)]
        # A few draws ask for what is not claimed: it must be refused, without effect.
        self._table = (table + unclaimed[:6] + table)[:256]
        self._memory = profile.memory != "never"
        self._features = profile.features

    def operation(self, domain: Domain, which: int, target: int, variant: int) -> Operation:
        """The operation that three bytes mean in this state."""
        call = self._table[which % len(self._table)]
        if call == "create" and len(domain.snapshots) >= MOST_SNAPSHOTS:
            call = "discard" if variant % 2 else "merge_into_children"
        snapshot = _target(domain, target)
        match call:
            case "create":
                return self._create(domain, target, variant)
            case "write_disk":
                disks = sorted([*domain.active.disks, *domain.independent]) or ["vda"]
                if variant >= 253:
                    return ops.WriteDisk("vdz", 99, 256)
                return ops.WriteDisk(disks[target % len(disks)], (target >> 2) % 4 * 5, variant)
            case "revert":
                return ops.Revert(snapshot, self._resume_as(variant))
            case "merge_into_children":
                return ops.MergeIntoChildren(snapshot)
            case "merge_into_parent":
                return ops.MergeIntoParent(snapshot)
            case "merge_into_parent_forced":
                return ops.MergeIntoParent(snapshot, forced=True, resume_as=self._resume_as(variant))
            case "discard":
                return ops.Discard(snapshot)
            case "discard_forced":
                return ops.Discard(snapshot, forced=True, resume_as=self._resume_as(variant))
            case "remove_subtree":
                return ops.RemoveSubtree(snapshot, keep_root=variant % 2 == 1)
            case "retire":
                return ops.Retire(snapshot)
            case "reclaim":
                retired = sorted(domain.retired)
                return ops.Reclaim(retired[target % len(retired)] if retired and variant < 224 else snapshot)
            case "rename":
                return ops.Rename(snapshot, self._name(domain, target, variant))
            case "describe":
                return ops.Describe(snapshot, f"described {variant}")
            case "write_memory":
                return ops.WriteMemory(variant)
            case "resize_disk" | "attach_disk" | "detach_disk":
                return self._disk_change(call, domain, target, variant)
            case "configure":
                return ops.Configure(f"key{target % 3}", "" if variant % 4 == 0 else f"value{variant}")
            case "undefine" | "undefine_forced":
                return ops.Undefine(forced=call == "undefine_forced")
            case "children":
                return ops.Children(snapshot if variant % 3 else None)
            case "parent":
                return ops.Parent(snapshot)
            case "lookup_by_name":
                bearer = domain.snapshots.get(snapshot)
                return ops.LookupByName(bearer.name if bearer is not None and variant < 224 else "nobody")
            case "lookup_by_id":
                return ops.LookupById(snapshot)
            case _:
                return ops.OPERATIONS[call]()

    def _create(self, domain: Domain, target: int, variant: int) -> Operation:
        memory = self._memory and variant % 2 == 0 and (domain.active.power != "off" or variant % 16 == 0)
        quiesce = variant % 32 == 7 and ("quiesce" in self._features or variant == 7)
        uuid = f"{target:08x}-0000-4000-8000-{variant:012x}" if variant % 8 == 5 else None
        description = f"made at {domain.serial}" if variant % 4 == 3 else ""
        return ops.Create(self._name(domain, target, variant), description, memory, uuid, quiesce)

    def _name(self, domain: Domain, target: int, variant: int) -> str:
        if variant >= 246 and domain.names:
            taken = sorted(domain.names)
            name = taken[target % len(taken)]
            # The same name in another case is another name.
            return name.swapcase() if variant % 2 == 0 else name
        if variant >= 238:
            return ODD_NAMES[target % len(ODD_NAMES)]
        return f"n{domain.serial + 1}"

    def _resume_as(self, variant: int) -> ops.ResumeAs | None:
        if variant >= 96 or ("resume_as" not in self._features and variant):
            return None
        return ops.RESUME_AS[variant % 3]

    def _disk_change(self, call: str, domain: Domain, target: int, variant: int) -> Operation:
        disks = sorted([*domain.active.disks, *domain.independent]) or ["vda"]
        disk = disks[target % len(disks)]
        size = (1 + variant % 24) * BLOCK_STRIDE
        if call == "resize_disk":
            return ops.ResizeDisk(disk, size if variant < 248 else size + 1)
        if call == "detach_disk":
            return ops.DetachDisk(disk)
        independent = "independent_disks" in self._features and variant % 3 == 0
        return ops.AttachDisk(f"vd{'cdef'[target % 4]}", size, independent)


def _target(domain: Domain, byte: int) -> str:
    """A listed snapshot, or now and then one that is gone, retired or never was."""
    listed = sorted(domain.snapshots)
    if byte >= 244 or not listed:
        return f"s{byte % (domain.serial + 2)}"
    return listed[byte % len(listed)]


def sample(
    driver: Driver,
    batch_seed: int,
    *,
    longest: int,
    sequences: int,
    tally: Tally,
    done: Callable[[], None],
    expired: Callable[[], bool],
    decoder: Decodes | None = None,
) -> Iterator[Run]:
    """Run one batch of sequences of ``longest`` steps; yields each run that deviated.

    The same seed gives the same sequences. ``done`` is called after each.
    ``decoder`` says what is drawn, in place of the operations of the specification.
    """
    decoder = decoder or Decoder(driver.profile)
    failed: list[Run] = []

    @settings(
        max_examples=sequences,
        database=None,  # what is found is kept as a trace, in a format of our own
        deadline=None,  # drivers are slow, and that is no fault
        derandomize=False,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @seed(batch_seed)
    # All of the same length: what a sequence costs Hypothesis is then spread over the most steps.
    @given(st.binary(min_size=longest * BYTES, max_size=longest * BYTES))
    def draw(steps: bytes) -> None:
        if not expired():
            failed.extend(_runs(driver, decoder, steps, tally))
            done()

    draw()
    yield from failed


def _runs(driver: Driver, decoder: Decodes, drawn: bytes, tally: Tally) -> Iterator[Run]:
    """What deviates in one sequence: it goes on as long as both sides are in the same state."""
    # Now and then a domain that has no definition to outlive it.
    persistent = not (driver.profile.offers("transient") and drawn[0] % TRANSIENT == 0)
    with opened_domain(driver, persistent=persistent) as domain:
        lockstep = Lockstep(domain, driver.profile, persistent=persistent, tally=tally)
        driver_ids = lockstep.identities.to_driver
        steps: list[Taken] = []
        for place in range(0, len(drawn), BYTES):
            operation = decoder.operation(lockstep.model, *drawn[place : place + BYTES])
            steps.append(lockstep.do(operation))
            if not lockstep.model.defined and not steps[-1].before.defined:
                break  # one call on a domain that is gone is enough
            if steps[-1].differences:
                yield Run(tuple(steps), steps[-1].differences, dict(driver_ids), persistent)
                if lockstep.broken:
                    return
                steps.pop()
        differences = lockstep.finish(steps)
        if differences:
            yield Run(tuple(steps), differences, driver_ids, persistent)
