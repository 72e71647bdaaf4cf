"""sampled: random sequences, drawn as bytes and decoded against the live state.

Each step is three bytes: the call, the snapshot, the other arguments. Decoding looks at the present state,
so nearly every step is meaningful. A sequence ends with a sweep. Seed and number alone reproduce it.
``sequences`` shrinks it: it works on operations, in the same way for every method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, ClassVar, Final, NamedTuple, Protocol

from snaptree.conformance.driver import DEFAULT_DISKS, CallBarred, DomainFault, Driver, opened_domain
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.engine.own_calls import domain_fault_step
from snaptree.conformance.methods.bounds import Bounds, Calls
from snaptree.conformance.methods.libvirt_calls import LibvirtDecoder
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.methods.sweep import LOOK_UPS, sweep
from snaptree.conformance.sequences.running import Run
from snaptree.spec import operations as ops
from snaptree.spec.domains.names import ODD
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain

MOST_SNAPSHOTS: Final = 8
"""Beyond this a tree is pruned rather than grown: faults show in small trees."""

PRUNES: Final = ("merge_into_children", "discard")
"""What is drawn in place of a create then."""

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

ODD_NAMES: Final = ODD[:25]
"""The odd names that are drawn; the method ``values`` uses all of them."""


class Decodes(Protocol):
    """Makes an operation of three bytes."""

    def operation(self, domain: Domain, which: int, target: int, variant: int) -> Operation:
        """The operation in this state."""

    def may_make(self, which: int, calls: frozenset[str]) -> bool:
        """Whether the first byte may mean one of the calls, in some state."""


class Draw(NamedTuple):
    """What was drawn for one operation in this state: two bytes."""

    domain: Domain
    target: int
    variant: int

    @property
    def snapshot(self) -> str:
        """The snapshot that the first byte means here."""
        return _target(self.domain, self.target)


Builder = Callable[[Draw], Operation]


class Decoder:
    """Turns bytes into operations that are meaningful in the present state."""

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
        self._builders = self._every_builder()

    def _every_builder(self) -> dict[str, Builder]:
        """How the operation of a call is made of a draw. A call without a builder takes no arguments."""
        on_snapshot = (
            "merge_into_children", "merge_into_parent", "discard", "retire", "parent", "lookup_by_id",
        )  # fmt: skip
        resuming = ("revert", "merge_into_parent_forced", "discard_forced")
        return {
            **{call: self._on_snapshot(call) for call in on_snapshot},
            **{call: self._resuming(call) for call in resuming},
            "create": self._create,
            "write_disk": self._write_disk,
            "remove_subtree": lambda draw: ops.RemoveSubtree(draw.snapshot, keep_root=draw.variant % 2 == 1),
            "reclaim": self._reclaim,
            "rename": lambda draw: ops.Rename(draw.snapshot, self._name(draw)),
            "describe": lambda draw: ops.Describe(draw.snapshot, f"described {draw.variant}"),
            "write_memory": lambda draw: ops.WriteMemory(draw.variant),
            "resize_disk": self._resize_disk,
            "attach_disk": self._attach_disk,
            "detach_disk": lambda draw: ops.DetachDisk(_disk(draw)),
            "configure": lambda draw: ops.Configure(
                f"key{draw.target % 3}", f"value{draw.variant}" if draw.variant % 4 else ""
            ),
            "children": lambda draw: ops.Children(draw.snapshot if draw.variant % 3 else None),
            "lookup_by_name": self._lookup_by_name,
        }

    def operation(self, domain: Domain, which: int, target: int, variant: int) -> Operation:
        """The operation of three bytes in this state."""
        call = self._table[which % len(self._table)]
        if call == "create" and len(domain.snapshots) >= MOST_SNAPSHOTS:
            call = PRUNES[variant % 2]
        draw = Draw(domain, target, variant)
        build = self._builders.get(call)
        return build(draw) if build is not None else ops.KINDS[call]()

    def may_make(self, which: int, calls: frozenset[str]) -> bool:
        """Whether the first byte means one of the calls; a large tree is pruned by others."""
        call = self._table[which % len(self._table)]
        return call in calls or (call == "create" and not calls.isdisjoint(PRUNES))

    def _on_snapshot(self, call: str) -> Builder:
        kind: Any = ops.KINDS[call]
        return lambda draw: kind(draw.snapshot)

    def _resuming(self, call: str) -> Builder:
        kind: Any = ops.KINDS[call]
        return lambda draw: kind(draw.snapshot, self._resume_as(draw.variant))

    def _reclaim(self, draw: Draw) -> Operation:
        retired = sorted(draw.domain.retired)
        meant = retired and draw.variant < 224
        return ops.Reclaim(retired[draw.target % len(retired)] if meant else draw.snapshot)

    def _lookup_by_name(self, draw: Draw) -> Operation:
        bearer = draw.domain.snapshots.get(draw.snapshot)
        return ops.LookupByName(bearer.name if bearer is not None and draw.variant < 224 else "nobody")

    def _write_disk(self, draw: Draw) -> Operation:
        if draw.variant >= 253:
            return ops.WriteDisk("vdz", 99, 256)
        return ops.WriteDisk(_disk(draw), (draw.target >> 2) % 4 * 5, draw.variant)

    def _create(self, draw: Draw) -> Operation:
        domain, variant = draw.domain, draw.variant
        memory = self._memory and variant % 2 == 0 and (domain.active.power != "off" or variant % 16 == 0)
        quiesce = variant % 32 == 7 and ("quiesce" in self._features or variant == 7)
        uuid = f"{draw.target:08x}-0000-4000-8000-{variant:012x}" if variant % 8 == 5 else None
        description = f"made at {domain.serial}" if variant % 4 == 3 else ""
        return ops.Create(self._name(draw), description, memory, uuid, quiesce)

    def _name(self, draw: Draw) -> str:
        domain, target, variant = draw.domain, draw.target, draw.variant
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

    def _resize_disk(self, draw: Draw) -> Operation:
        return ops.ResizeDisk(_disk(draw), _size(draw) + (draw.variant >= 248))

    def _attach_disk(self, draw: Draw) -> Operation:
        independent = "independent_disks" in self._features and draw.variant % 3 == 0
        return ops.AttachDisk(f"vd{'cdef'[draw.target % 4]}", _size(draw), independent)


def _disk(draw: Draw) -> str:
    domain = draw.domain
    disks: list[str] = sorted([*domain.active.seen["disks"], *(domain.independent or ())]) or ["vda"]
    return disks[draw.target % len(disks)]


def _size(draw: Draw) -> int:
    return (1 + draw.variant % 24) * BLOCK_STRIDE


def _target(domain: Domain, byte: int) -> str:
    """A listed snapshot; now and then a removed, retired or unknown one."""
    if byte >= 244 or not domain.snapshots:
        return f"s{byte % (domain.serial + 2)}"
    listed = sorted(one.id for one in domain.in_order())
    return listed[byte % len(listed)]


@dataclass(frozen=True)
class Batch:
    """Sequences by number: ``sequences`` of them from ``first`` on, each of ``longest`` steps.

    Each is made up to its last step with one of the ``calls``.
    """

    part: str
    seed: int
    first: int
    sequences: int
    longest: int
    calls: Calls = None


class Sampled(Method[Batch]):
    """Random sequences: a number of them, and more until the budget ends if the bounds are endless."""

    name: ClassVar[str] = "sampled"
    noun: ClassVar[str] = "sequence"
    worth: ClassVar[int] = 2

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:  # noqa: ARG002 - the same for all
        """One part, unless the bounds ask for no sequences, or for no call."""
        if not bounds.sequences or bounds.calls == frozenset():
            return ()
        return (Part(self.name, f"sequences of {bounds.longest} steps", bounds.sequences),)

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Batch]:
        """Batches of numbered sequences; they never end if the bounds are endless."""
        for part in self.parts(profile, bounds):
            for first in count(0, bounds.batch):
                left = bounds.batch if bounds.endless else bounds.sequences - first
                if left <= 0:
                    return
                size = min(bounds.batch, left)
                yield Batch(part.key, bounds.seed, first, size, bounds.longest, bounds.calls)

    def perform(self, driver: Driver, unit: Batch, ledger: Ledger) -> Iterator[Run]:
        """Run one sequence after the other; every second one uses libvirt's own calls, if there are any."""
        decoders: list[Decodes] = [Decoder(driver.profile)]
        if driver.profile.libvirt:
            decoders.append(LibvirtDecoder())
        for number in range(unit.first, unit.first + unit.sequences):
            if ledger.expired():
                return
            deviated = False
            decoder = decoders[number % len(decoders)]
            drawn = needed(draw(unit.seed, number, unit.longest), decoder, unit.calls)
            swept = unit.calls is None or not unit.calls.isdisjoint(LOOK_UPS)
            for run in _runs(driver, decoder, drawn, ledger.tally, swept=swept) if drawn else ():
                deviated = True
                yield run
            ledger.counts.sequences += 1
            ledger.counts.deviated += deviated
            ledger.counts.covered += not deviated


def draw(seed: int, number: int, longest: int) -> bytes:
    """The bytes of a sequence, which depend only on seed and number."""
    return Random(f"{seed}:{number}").randbytes(longest * BYTES)


def needed(drawn: bytes, decoder: Decodes, calls: Calls) -> bytes:
    """The bytes up to the last step that may make one of the calls."""
    if calls is None:
        return drawn
    places = (at for at in range(0, len(drawn), BYTES) if decoder.may_make(drawn[at], calls))
    return drawn[: max(places, default=-BYTES) + BYTES]


def _runs(driver: Driver, decoder: Decodes, drawn: bytes, tally: Tally, *, swept: bool) -> Iterator[Run]:
    """The deviations of one sequence, which continues as long as both sides are in the same state."""
    # Now and then a domain that has no definition to outlive it.
    persistent = not (driver.profile.offers("transient") and drawn[0] % TRANSIENT == 0)

    def on(lockstep: Lockstep, steps: list[StepResult]) -> Iterator[Run]:
        places = range(0, len(drawn), BYTES)
        operations = (decoder.operation(lockstep.model, *drawn[at : at + BYTES]) for at in places)
        yield from runs_of(lockstep, steps, operations, persistent=persistent)
        yield from run_at_end(lockstep, steps, persistent=persistent, swept=swept)

    return runs_on_fresh_domain(driver, on, tally, persistent=persistent)


def runs_on_fresh_domain(
    driver: Driver,
    on: Callable[[Lockstep, list[StepResult]], Iterator[Run]],
    tally: Tally,
    *,
    persistent: bool,
) -> Iterator[Run]:
    """The runs of ``on``, which collects its steps; else a fault of opening or closing the domain."""
    steps: list[StepResult] = []
    deviates = False
    try:
        with opened_domain(driver, persistent=persistent) as domain:
            lockstep = Lockstep(domain, driver.profile, persistent=persistent, tally=tally)
            for run in on(lockstep, steps):
                deviates = True
                yield run
    except DomainFault as fault:
        if not deviates:  # what the sequence itself showed comes first
            before = steps[-1].after if steps else blank_domain(DEFAULT_DISKS, persistent=persistent)
            last = domain_fault_step(before, fault)
            yield Run((*steps, last), last.differences, {}, persistent)


def run_at_end(
    lockstep: Lockstep, steps: list[StepResult], *, persistent: bool, swept: bool = True
) -> Iterator[Run]:
    """The deviation that shows when a sequence that is in step ends: in a sweep, or in a last look."""
    if lockstep.broken:
        return
    asked = len(steps)
    if swept:
        sweep(lockstep, steps)
    differences = steps[-1].differences if len(steps) > asked else lockstep.finish(steps)
    if differences:
        yield Run(tuple(steps), differences, dict(lockstep.identities.to_driver), persistent)


def runs_of(
    lockstep: Lockstep, steps: list[StepResult], operations: Iterable[Operation], *, persistent: bool
) -> Iterator[Run]:
    """Each deviation of a walk, until both sides are in different states.

    Each operation is taken when the one before is done, so that it may be drawn from the state then.
    """
    for operation in operations:
        try:
            steps.append(lockstep.do(operation))
        except CallBarred:
            continue
        was_gone = not steps[-1].before.defined
        if steps[-1].differences:
            yield Run(tuple(steps), steps[-1].differences, dict(lockstep.identities.to_driver), persistent)
            if lockstep.broken:
                return
            steps.pop()
        if was_gone:
            break  # one call on a domain that is gone is enough
