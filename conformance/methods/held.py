"""held: every call stopped inside, where another caller meets it; a table of cells, and no search.

One caller is held at each place of its call. Others make every look-up, and each call that changes something;
then the first is let go, or fails where it is, or its caller closes, and all look again. Calls that the
profile lists under ``[concurrency] single`` take part, those that a driver composes of several do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any, ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS, Driver
from snaptree.conformance.engine.answers import Declined, Failed, Returned
from snaptree.conformance.engine.coverage import Cell
from snaptree.conformance.engine.differences import Difference
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.judging.histories import ALONE, PROGRESS, assess_calls, wrongly_busy
from snaptree.conformance.judging.moments import explanations
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.meeting import (
    Ending,
    Meeting,
    NotHeld,
    NotReached,
    Party,
    Place,
)
from snaptree.conformance.methods.method import Ledger, Method, Part
from snaptree.conformance.sequences.history import Call, Observe, words_of
from snaptree.conformance.sequences.running import Run
from snaptree.spec import operations as ops
from snaptree.spec.operations import KINDS, Operation, target_of
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain
from snaptree.spec.vocabulary import conditions_of, pairs

MOST_PLACES: Final = 8
"""Places of one call at which it is held."""

LOOKS: Final = ("list", "count", "current", "children", "parent", "lookup_by_name", "lookup_by_id", "observe")
"""Look-ups in the order in which they are made."""

LEFT_OUT: Final = frozenset(["undefine", "undefine_forced", "crash"])
"""Calls after which there is nothing to look at."""

NEW: Final = "held"
"""The name that the call that is held gives, and that is looked for."""


@dataclass(frozen=True)
class Scene:
    """A state, the call that is held in it, and what the others do there."""

    preparation: tuple[Operation, ...]
    domain: Domain
    held: Operation
    looks: tuple[Operation, ...]
    changes: tuple[Operation, ...]


@dataclass(frozen=True)
class Share:
    """One call that is held."""

    part: str
    number: int


def _carried_out(profile: Profile, wishes: Sequence[Operation]) -> tuple[tuple[Operation, ...], Domain]:
    """The wishes that the profile claims and the model accepts, one after the other, and where they lead."""
    domain, done = blank_domain(DEFAULT_DISKS), []
    for one in wishes:
        outcome = step(domain, one, profile) if profile.claims(one.call) else None
        if isinstance(outcome, Accepted):
            domain = outcome.domain
            done.append(one)
    return tuple(done), domain


@cache
def _states(profile: Profile) -> tuple[tuple[tuple[Operation, ...], Domain], ...]:
    """A tree with a leaf beside the active state, off; the same with one retired, running, and paused."""
    write = [ops.WriteDisk(min(DEFAULT_DISKS), block, 1 + block) for block in range(4)]
    names: list[Operation] = []
    made: list[str] = []
    for number, name in enumerate("abc"):
        names += [write[number], ops.Create(name)]
        _, domain = _carried_out(profile, names)
        made = [one.id for one in domain.in_order()]
    tree = [*names, *([ops.Revert(made[1])] if len(made) > 1 else []), write[3]]
    retired = [*tree, *([ops.Retire(made[-1])] if made else [])]
    running = [*tree, ops.Start(), ops.WriteMemory(7)]
    chosen = (tree, retired, running, [*running, ops.Pause()])
    return tuple(dict.fromkeys(_carried_out(profile, one) for one in chosen))


def _ways(call: str, domain: Domain, name: str) -> Iterator[Operation]:
    """Operations of a call, the likeliest to be accepted first."""
    kind: Any = KINDS[call]
    listed = [one.id for one in reversed(domain.in_order())]
    disk = max(DEFAULT_DISKS)
    match call:
        case "create":
            yield from (ops.Create(name), ops.Create(name, memory=True))
        case "rename" | "describe":
            yield from (kind(one, name) for one in listed)
        case "reclaim":
            yield from (kind(f"s{number}") for number in range(1, domain.serial + 1))
        case "write_disk":
            yield ops.WriteDisk(disk, 5, 77 if name == NEW else 78)
        case "write_memory":
            yield ops.WriteMemory(77 if name == NEW else 78)
        case "resize_disk":
            yield ops.ResizeDisk(disk, 2 * DEFAULT_DISKS[disk])
        case "attach_disk":
            yield ops.AttachDisk("vdc" if name == NEW else "vdd", DEFAULT_DISKS[disk])
        case "detach_disk":
            yield ops.DetachDisk(disk)
        case "configure":
            yield ops.Configure(name, "value")
        case _:
            named = "snapshot" in kind.__match_args__
            yield from ((kind(one) for one in listed) if named else (kind(),))


def _accepted(call: str, domain: Domain, name: str, profile: Profile) -> Operation | None:
    ways = _ways(call, domain, name)
    return next((one for one in ways if isinstance(step(domain, one, profile), Accepted)), None)


def _looks(domain: Domain, held: Operation, profile: Profile) -> Iterator[Operation]:
    """Every look-up, at what the call that is held changes."""
    listed = [one.id for one in domain.in_order()]
    target = target_of(held)
    seen = target if target is not None and target in domain.snapshots else (*listed, "s1")[-2:][0]
    made = isinstance(held, ops.Create | ops.Rename)
    named = NEW if made or seen not in domain.snapshots else domain.snapshots[seen].name
    looks: dict[str, Operation] = {
        "list": ops.ListSnapshots(),
        "count": ops.Count(),
        "current": ops.Current(),
        "children": ops.Children(domain.current),
        "parent": ops.Parent(seen),
        "lookup_by_name": ops.LookupByName(named),
        "lookup_by_id": ops.LookupById(seen),
        "observe": Observe(),
    }
    for call in LOOKS:
        claimed = call == "observe" or profile.claims(call)
        if profile.is_single(call) and claimed:
            yield looks[call]


@cache
def scenes(profile: Profile) -> tuple[Scene, ...]:
    """A scene for each call that changes something and is one call of the hypervisor."""
    calls = [
        call
        for call, kind in KINDS.items()
        if profile.is_single(call) and profile.claims(call) and not kind.reads_only and call not in LEFT_OUT
    ]
    found = []
    for call in calls:
        for preparation, domain in _states(profile):
            held = _accepted(call, domain, NEW, profile)
            if held is None:
                continue
            ways = (_accepted(one, domain, "other", profile) for one in calls)
            others = tuple(one for one in ways if one is not None)
            found.append(Scene(preparation, domain, held, tuple(_looks(domain, held, profile)), others))
            break
    return tuple(found)


class Held(Method[Share]):
    """Every call of one caller, held inside."""

    name: ClassVar[str] = "held"
    noun: ClassVar[str] = "call"
    shrinks: ClassVar[bool] = False

    def parts(self, profile: Profile, bounds: Bounds) -> Sequence[Part]:
        """One, where the driver can hold calls."""
        total = len(scenes(profile)) if bounds.held else 0
        title = "held inside, where another caller meets it"
        return (Part(self.name, title, total),) if total else ()

    def units(self, profile: Profile, bounds: Bounds) -> Iterator[Share]:
        """One call after the other."""
        for part in self.parts(profile, bounds):
            yield from (Share(part.key, number) for number in range(part.total))

    def perform(self, driver: Driver, unit: Share, ledger: Ledger) -> Iterator[Run]:
        """Hold the call at each of its places; a call that cannot be held is closed off."""
        scene = scenes(driver.profile)[unit.number]
        deviated, places = False, 0
        for number in range(MOST_PLACES):
            if ledger.expired():
                return
            try:
                for run in _at(driver, scene, number, ledger):
                    deviated = True
                    yield run
            except NotHeld:
                break
            except NotReached:
                ledger.counts.missed += 1
                return
            places += 1
        if deviated:
            ledger.counts.deviated += 1
        elif places:
            ledger.counts.covered += 1
        else:
            ledger.counts.missed += 1


def _at(driver: Driver, scene: Scene, number: int, ledger: Ledger) -> Iterator[Run]:
    """All that others do while the call is held at one place, and each way in which it ends."""
    place = Place(scene.preparation, scene.held, number)
    looks, left = scene.looks, list(scene.changes)
    while True:
        meeting, can_fail = _meet(driver, place, scene, looks, left, "let go", ledger)
        yield from _judged(meeting, scene, "let go", ledger)
        looks = ()
        if not left:
            break
    # How a caller goes away is tried at the first place, a failure at each.
    for ending in (_ENDINGS[:1] if number == 0 else ()) + (_ENDINGS[1:] if can_fail else ()):
        meeting, _ = _meet(driver, place, scene, scene.looks, list(scene.changes), ending, ledger)
        yield from _judged(meeting, scene, ending, ledger)


_ENDINGS: Final[tuple[Ending, ...]] = ("gave up", "failed")


def _meet(
    driver: Driver,
    place: Place,
    scene: Scene,
    looks: Sequence[Operation],
    left: list[Operation],
    ending: Ending,
    ledger: Ledger,
) -> tuple[Meeting, bool]:
    """One meeting: the looks, and what is left of the changes up to the first that is not refused."""
    started = perf_counter()
    party = Party(driver, place)
    try:
        party.look(looks)
        while left and party.change(left.pop(0)):
            pass
        described = driver.profile.claims("describe")
        afterwards = ops.Describe("s1", "afterwards") if described else ops.Create("afterwards")
        meeting = party.end(ending, scene.looks, afterwards)
        ledger.tally.calls += len(meeting.calls)
        return meeting, party.can_fail
    finally:
        party.close()
        ledger.tally.driver_seconds += perf_counter() - started


def _judged(meeting: Meeting, scene: Scene, ending: Ending, ledger: Ledger) -> Iterator[Run]:
    ledger.tally.meetings += 1
    for cell in _cells(meeting, scene):
        ledger.tally.cells[cell] += 1
    wrong = _wrong(meeting, ledger)
    if wrong is not None:
        yield _run(meeting, scene, wrong)
        return
    conditions = conditions_of(scene.domain, scene.held, meeting.beginning.profile)
    for part in _told(meeting, ending):
        ledger.tally.coverage[scene.held.call, "accepted", pairs(part, "domain"), conditions] += 1


def _told(meeting: Meeting, ending: Ending) -> Iterator[str]:
    """What a meeting without a difference would have shown."""
    beside = meeting.beside
    changed = isinstance(meeting.held.answer, Returned)
    if changed and any(not call.is_busy for call in beside):
        yield "overlap"
    if any(not call.changes and not call.is_busy for call in beside) and (changed or ending == "failed"):
        yield "sight"
    if any(call.changes for call in beside):
        yield "progress"
    if any(call.changes and not call.overlaps(meeting.made[0]) for call in meeting.calls[1:]):
        yield "patience"


_PARTS: Final = {ALONE: "patience", PROGRESS: "progress"}
"""The parts that a rule about Busy speaks of."""


def _wrong(meeting: Meeting, ledger: Ledger) -> Difference | None:
    """What is wrong with a meeting, by the part that a rule speaks of."""
    if meeting.stuck:
        return _difference("progress", meeting, meeting.stuck[0], "never returned", ("an answer",))
    for call in meeting.calls:
        if isinstance(call.answer, Failed):
            return _difference("overlap", meeting, call, words_of(call), ("an answer",))
    # When the call that was held ended, the runner knows, also where its caller did not hear of it.
    found = wrongly_busy(meeting.made)
    if found is None:
        opinion = assess_calls(meeting.calls, meeting.beginning)
        ledger.tally.undecided += opinion.result == "undecided"
        found = opinion.contradiction
    if found is None:
        return None
    call = next(one for one in meeting.calls if one.begin == found.call.begin)
    part = _PARTS.get(found.rule)
    if part is None:
        look = not call.changes and call.end is not None and call.end < meeting.released
        part = "sight" if look else "overlap"
    return _difference(part, meeting, call, "", (found.expected,))


def _difference(part: str, meeting: Meeting, call: Call, text: str, allowed: tuple[str, ...]) -> Difference:
    held = meeting.held
    who = "the held call" if call is held else f"{call.operation.call} of another caller"
    when = "" if call is held or call.overlaps(meeting.made[0]) else " afterwards"
    others = (one for one in meeting.calls if one is not call and one.changes and not one.is_busy)
    told = "; ".join(words_of(one) for one in others)
    where = f"{held.operation.call} was held {meeting.where}"
    observed = f"{who}{when}: {text or words_of(call)} ({where}; {told})"
    return Difference(part, "domain", "domain", allowed, observed)


def _run(meeting: Meeting, scene: Scene, wrong: Difference) -> Run:
    outcome = step(scene.domain, scene.held, meeting.beginning.profile)
    seen = next(
        (
            call.answer.result
            for call in reversed(meeting.calls)
            if isinstance(call.operation, Observe) and isinstance(call.answer, Returned)
        ),
        None,
    )
    answer = meeting.held.answer or Failed("its caller did not hear of it")
    last = StepResult(scene.held, scene.domain, outcome, answer, seen, (wrong,), {})
    return Run((*meeting.steps, last), (wrong,), dict(meeting.beginning.identities.to_driver))


def _cells(meeting: Meeting, scene: Scene) -> Iterator[Cell]:
    """What each call of another met while the first was held."""
    for call in meeting.beside:
        yield Cell(scene.held.call, call.operation.call, _word(meeting, call))


def _word(meeting: Meeting, call: Call) -> str:
    if call.is_busy:
        return "Busy"
    if call.begin in meeting.waited:
        return "waited"
    if call.changes:
        answers = {Returned: "done", Declined: "refused"}
        return next((word for kind, word in answers.items() if isinstance(call.answer, kind)), "failed")
    start = meeting.beginning
    before = next(explanations(start, call), None) is not None
    reached = next(explanations(start, meeting.held), None)
    later = reached is not None and next(explanations(reached, call), None) is not None
    words = {(True, False): "before", (False, True): "after", (True, True): "either"}
    return words.get((before, later), "neither")
