"""A round: several callers run free against each other, and what came of it.

What each caller asks is drawn before; which snapshot a call names is known when it is made, of those that
some create returned until then. The callers begin each stretch at once, and between two stretches one looks
at everything, alone. Every domain has a history of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from threading import Barrier, Thread
from typing import Any, Final

from snaptree.conformance.driver import Driver, is_fast, open_domain
from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.meeting import LONGEST, is_unsupported
from snaptree.conformance.sequences.history import Call, Observe
from snaptree.spec import operations as ops
from snaptree.spec.operations import KINDS, Operation, snapshots_of, with_ids
from snaptree.spec.profiles import Profile

LOOK: Final = "look"
"""The caller that looks between two stretches."""

SHARE_OF_LOOKS: Final = 0.25
LONGEST_STRETCH: Final = 6
"""Calls of one caller in a stretch."""

SWITCH: Final = 1e-5
"""Seconds after which Python turns to another thread, where the hypervisor is in this process."""

_CHANGES: Final = {
    "create": 4, "revert": 2, "rename": 2, "describe": 2, "merge_into_children": 1, "merge_into_parent": 1,
    "discard": 1, "discard_forced": 1, "remove_subtree": 1, "retire": 1, "write_disk": 1, "configure": 1,
    "start": 1, "stop": 1,
}  # fmt: skip
"""What is asked for, by weight."""

_LOOKS: Final = (
    "list",
    "count",
    "current",
    "children",
    "parent",
    "lookup_by_name",
    "lookup_by_id",
    "observe",
)


@dataclass(frozen=True)
class Wish:
    """A call that a caller is to make: ``pick`` chooses its snapshot, ``number`` is that of no other one."""

    call: str
    domain: int
    pick: int
    number: int


Stretch = tuple[tuple[Wish, ...], ...]
"""What each caller asks for, one after the other, between two looks."""


@dataclass(frozen=True)
class Script:
    """A round as it was drawn."""

    domains: int
    stretches: tuple[Stretch, ...]

    @property
    def callers(self) -> int:
        """How many there are."""
        return len(self.stretches[0]) if self.stretches else 0

    @property
    def size(self) -> int:
        """The number of calls."""
        return sum(len(wishes) for stretch in self.stretches for wishes in stretch)


def draw_script(seed: str, profile: Profile, *, all_create: bool) -> Script | None:
    """The round of a seed: 2 or 3 callers on one domain or two; None where nothing can be changed.

    Where not ``all_create``, one caller creates: of several creates at once only a hypervisor that lists in
    order of creation tells which was first.
    """
    choose = Random(seed)
    may = {
        call: weight for call, weight in _CHANGES.items() if profile.claims(call) and profile.is_single(call)
    }
    looks = [
        call for call in _LOOKS if (call == "observe" or profile.claims(call)) and profile.is_single(call)
    ]
    if not may or not looks:
        return None
    callers, domains, numbers = choose.choice((2, 3)), choose.choice((1, 1, 2)), count(1)

    def wish(caller: int) -> Wish:
        kinds = {call: one for call, one in may.items() if all_create or caller == 0 or call != "create"}
        look = choose.random() < SHARE_OF_LOOKS or not kinds
        call = choose.choice(looks) if look else choose.choices([*kinds], [*kinds.values()])[0]
        return Wish(call, choose.randrange(domains), choose.randrange(1 << 16), next(numbers))

    stretches = tuple(
        tuple(
            tuple(wish(caller) for _ in range(choose.randint(1, LONGEST_STRETCH)))
            for caller in range(callers)
        )
        for _ in range(choose.randint(2, 5))
    )
    return Script(domains, stretches)


def without_calls(script: Script, left_out: Collection[str]) -> Script:
    """The script without some calls."""
    return Script(
        script.domains,
        tuple(
            tuple(tuple(wish for wish in wishes if wish.call not in left_out) for wishes in stretch)
            for stretch in script.stretches
        ),
    )


def _may_make(call: str, profile: Profile) -> bool:
    return profile.is_single(call) and (call == "observe" or profile.claims(call))


def operation_of(wish: Wish, known: Sequence[str]) -> Operation:
    """The operation of a wish, where these ids were issued."""
    target = known[wish.pick % len(known)] if known else "nothing"
    kind: Any = Observe if wish.call == "observe" else KINDS[wish.call]
    match wish.call:
        case "create":
            return ops.Create(f"n{wish.number}")
        case "rename" | "describe":
            changed: Operation = kind(target, f"{wish.call[0]}{wish.number}")
            return changed
        case "write_disk":
            return ops.WriteDisk("vda", wish.pick % 4, 1 + wish.number % 250)
        case "configure":
            return ops.Configure(f"key{wish.pick % 3}", f"value {wish.number}")
        case "lookup_by_name":
            return ops.LookupByName(f"n{1 + wish.pick % max(1, wish.number)}")
    named: Operation = kind(target) if "snapshot" in kind.__match_args__ else kind()
    return named


@dataclass(frozen=True)
class Played:
    """What came of a round: the calls on each domain; ``stuck`` are those that never returned."""

    histories: tuple[tuple[Call, ...], ...]
    stuck: tuple[Call, ...] = ()

    @property
    def calls(self) -> int:
        """The number of calls."""
        return sum(map(len, self.histories))


class _Place:
    """One domain of a round, with a caller on it for each of the callers, and one that looks."""

    def __init__(self, driver: Driver, callers: int, opened: ExitStack) -> None:
        domain: Any = open_domain(driver)
        opened.callback(_close, domain)
        self.known: list[str] = []
        self.calls: list[Call] = []
        handles = [domain]
        for _ in range(callers):
            handles.append(domain.attach())
            opened.callback(_close, handles[-1])
        self.looks, *self.callers = [Lockstep(one, driver.profile) for one in handles]


def _close(domain: Any) -> None:
    with suppress(Exception):
        domain.close()


class Round:
    """Plays a script once."""

    def __init__(self, driver: Driver, script: Script) -> None:
        self._driver, self._script = driver, script
        self._clock = count(1)
        self._raised: list[BaseException] = []
        self._under_way: dict[int, tuple[int, Call]] = {}

    def play(self) -> Played:
        """Make every call. Raises what ends the run, such as DriverUnavailable."""
        with ExitStack() as opened, _switching(self._driver):
            places = [_Place(self._driver, self._script.callers, opened) for _ in range(self._script.domains)]
            for stretch in self._script.stretches:
                if not self._stretch(places, stretch):
                    break
                for place in places:
                    self._ask(place, place.looks, LOOK, Observe())
            if self._raised:
                raise self._raised[0]
            stuck = []
            for number, call in self._under_way.values():
                places[number].calls.append(call)
                stuck.append(call)
        return Played(
            tuple(tuple(sorted(one.calls, key=lambda call: call.begin)) for one in places), tuple(stuck)
        )

    def _stretch(self, places: Sequence[_Place], stretch: Stretch) -> bool:
        """Let all callers go at once; whether all came back."""
        barrier = Barrier(len(stretch))

        def work(caller: int, wishes: Sequence[Wish]) -> None:
            try:
                barrier.wait()
                for wish in wishes:
                    place = places[wish.domain % len(places)]
                    operation = operation_of(wish, place.known)
                    self._ask(
                        place, place.callers[caller], f"caller {caller + 1}", operation, caller, wish.domain
                    )
            except BaseException as error:  # noqa: BLE001 - it is raised again when all are back
                self._raised.append(error)

        threads = [
            Thread(target=work, args=(caller, wishes), name=f"snaptree caller {caller + 1}", daemon=True)
            for caller, wishes in enumerate(stretch)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONGEST)
        return not self._raised and not any(thread.is_alive() for thread in threads)

    def _ask(
        self,
        place: _Place,
        lockstep: Lockstep,
        caller: str,
        operation: Operation,
        number: int = -1,
        domain: int = 0,
    ) -> None:
        begun = Call(caller, operation, next(self._clock))
        self._under_way[number] = domain, begun
        answer = lockstep.ask_as_named(operation)
        ended = replace(begun, end=next(self._clock), answer=answer)
        if not is_unsupported(ended):
            place.calls.append(ended)
        del self._under_way[number]
        if operation.creates and isinstance(answer, Returned) and isinstance(answer.result, str):
            place.known.append(answer.result)


def in_turn(driver: Driver, calls: Sequence[Call]) -> tuple[Call, ...]:
    """The same calls on a fresh domain, one after the other, as they ended.

    Ids are those of the snapshots that the same calls create now. Up to the first call that does not return.
    """
    ids: dict[str, str] = {}
    clock = count(1)
    made: list[Call] = []
    with ExitStack() as opened:
        domain = open_domain(driver)
        opened.callback(_close, domain)
        lockstep = Lockstep(domain, driver.profile)
        for call in sorted((one for one in calls if one.end is not None), key=lambda one: one.end or 0):
            named = {one: ids[one] for one in snapshots_of(call.operation) if one in ids}
            operation = with_ids(call.operation, named)
            begin = next(clock)
            answer = lockstep.ask_as_named(operation)
            again = Call(call.caller, operation, begin, next(clock), answer)
            made += [] if is_unsupported(again) else [again]
            created = (call.answer, answer) if call.operation.creates else ()
            results = [one.result for one in created if isinstance(one, Returned)]
            if len(results) == 2 and all(isinstance(one, str) for one in results):
                ids[results[0]] = results[1]
    return tuple(made)


@contextmanager
def _switching(driver: Driver) -> Iterator[None]:
    """Let threads of this process take turns often, where their calls take microseconds."""
    before = sys.getswitchinterval()
    if is_fast(driver):
        sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
