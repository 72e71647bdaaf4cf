"""Two callers on one simulated domain: one order, no tree in between, and Busy only where it is deserved."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest

from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Busy, Refusal
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

RFC = load_profile("rfc")
DISKS = {"vda": 1 << 20}


@pytest.fixture
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.rule("CONCUR-3")
def test_the_tree_in_between_is_never_seen() -> None:
    """CONCUR-3: who looks while a call is under way sees the tree before it or the tree after it."""
    domain = SimulatorDriver().open(DISKS)
    domain.create("a", "", False, None, False)
    reached, go_on = Event(), Event()
    seen: list[list[str]] = []

    def pause(changes: int) -> None:
        if changes == 2:
            reached.set()
            go_on.wait(10)

    domain.journal.interrupt = pause
    worker = Thread(target=domain.create, args=("b", "", False, None, False))
    worker.start()
    assert reached.wait(10)
    looker = Thread(target=lambda: seen.append([entry["name"] for entry in domain.observe()["snapshots"]]))
    looker.start()
    with pytest.raises(Busy):
        domain.create("c", "", False, None, False)
    go_on.set()
    worker.join()
    looker.join()
    assert seen in ([["a"]], [["a", "b"]])
    assert domain.count() == 2, "what was refused as Busy had no effect"


@pytest.mark.rule("CONCUR-2")
@pytest.mark.usefixtures("quick_switches")
def test_looking_makes_nobody_busy() -> None:
    """CONCUR-2: only a call that changes something is in the way of another."""
    domain = SimulatorDriver().open(DISKS)
    ended = Event()

    def look() -> None:
        while not ended.is_set():
            domain.observe()

    looker = Thread(target=look)
    looker.start()
    try:
        for number in range(200):
            domain.write_disk("vda", number % 16, 1)
            domain.revert(domain.create(f"n{number}", "", False, None, False), None)
    finally:
        ended.set()
        looker.join()
    assert domain.count() == 200


@dataclass
class Call:
    """One call of one caller: when it began and ended, and what came of it."""

    operation: Operation
    target: str | None
    began: int
    ended: int = 0
    word: str = ""


def _work(domain: Any, name: str, clock: Iterator[int], history: list[Call], seed: int) -> None:
    """Create, revert and delete, by the names of what this caller made itself."""
    choose = random.Random(seed)
    mine: dict[str, str] = {}
    for number in range(4):
        target = choose.choice(sorted(mine)) if mine and choose.random() < 0.6 else None
        if target is None:
            target, operation = f"{name}{number}", ops.Create(f"{name}{number}")
        else:
            operation = choose.choice([ops.Revert("?"), ops.MergeIntoChildren("?"), ops.Discard("?")])
        call = Call(operation, target, next(clock))
        try:
            if isinstance(operation, ops.Create):
                mine[target] = domain.create(target, "", False, None, False)
            elif isinstance(operation, ops.Revert):
                domain.revert(mine[target], None)
            else:
                getattr(domain, operation.call)(mine[target])
            call.word = "accepted"
        except Refusal as refusal:
            call.word = refusal.kind
        call.ended = next(clock)
        history.append(call)


def _explained(before: Domain, left: list[Call], ids: dict[str, str], final: Any) -> bool:
    """Whether some order of the calls, that agrees with when they began and ended, leads there."""
    if not left:
        return _shape(before) == final
    for call in left:
        if any(other.ended < call.began for other in left):
            continue  # another one had ended before this one began
        rest = [other for other in left if other is not call]
        operation = call.operation
        if not isinstance(operation, ops.Create):
            operation = type(operation)(ids[str(call.target)])  # type: ignore[call-arg]
        outcome = step(before, operation, RFC)
        if isinstance(outcome, Accepted):
            if call.word == "accepted":
                known = {**ids, str(call.target): outcome.result} if outcome.result else ids
                if _explained(outcome.domain, rest, known, final):
                    return True
        elif call.word in outcome.kinds and _explained(before, rest, ids, final):
            return True
    return False


def _shape(domain: Domain) -> Any:
    names = {one.id: one.name for one in domain.in_order()}
    tree = {one.name: names.get(str(one.parent)) for one in domain.in_order()}
    return tree, names.get(str(domain.current))


@pytest.mark.rule("CONCUR-1", "CONCUR-2", "CONCUR-4")
@pytest.mark.usefixtures("quick_switches")
@pytest.mark.parametrize("seed", range(25))
def test_some_order_of_the_calls_explains_what_happened(seed: int) -> None:
    """CONCUR-1, -2 and -4, on histories of two callers with four calls each."""
    domain = SimulatorDriver().open(DISKS)
    clock, history = count(), list[Call]()
    callers = [
        Thread(target=_work, args=(domain, name, clock, history, 2 * seed + place))
        for place, name in enumerate("xy")
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(history) == 8
    done = [call for call in history if call.word != "Busy"]
    for busy in (call for call in history if call.word == "Busy"):
        others = [call for call in done if call.began < busy.ended and busy.began < call.ended]
        assert others, "nobody else was at work"
    seen = domain.observe()
    names = {entry["id"]: entry["name"] for entry in seen["snapshots"]}
    tree = {entry["name"]: names.get(entry["parent"]) for entry in seen["snapshots"]}
    final = (tree, names.get(seen["current"]))
    assert _explained(blank_domain(DISKS), done, {}, final), history
