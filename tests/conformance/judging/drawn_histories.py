"""Histories drawn by a seed: callers meet on a hypervisor that takes one call at a time, and may then lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.engine.answers import Answer, Declined, Returned
from snaptree.conformance.sequences.history import Call, History, Observe
from snaptree.conformance.sequences.traces import Header
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation, snapshots_of, with_ids
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import shipped_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

RFC: Final = shipped_profile("rfc")
PROFILE: Final = replace(
    RFC, name="drawn", observes={part: "always" for part in RFC.observes if part not in ("uuid", "captured")}
)
"""What a hypervisor generates is not shown, so that a second opinion need not learn it."""


@dataclass(frozen=True)
class Mix:
    """How a history is drawn: shares between 0 and 1."""

    callers: int = 3
    calls: int = 6
    looks: float = 0.4
    given_up: float = 0.0
    busy: float = 0.0
    removals: float = 0.3
    whole_subtrees: bool = True
    """Whether calls are made that remove or merge more than the snapshot that they name."""


@dataclass
class _Under:
    """A call under way."""

    operation: Operation
    begin: int
    gives_up: bool
    answer: Answer | None = None
    took_effect: bool = False


class _Run:
    def __init__(self, choose: Random, mix: Mix) -> None:
        self.choose, self.mix = choose, mix
        self.domain: Domain = blank_domain(DEFAULT_DISKS)
        self.ids: dict[str, str] = {}
        self.known: list[str] = []
        self.under: dict[str, _Under] = {}
        self.calls: list[Call] = []
        self.clock = self.begun = 0

    def history(self) -> History:
        names = [f"caller {number + 1}" for number in range(self.mix.callers)]
        while self.begun < self.mix.calls or self.under:
            idle = [name for name in names if name not in self.under]
            may_begin = idle if self.begun < self.mix.calls else []
            name = self.choose.choice([*may_begin, *self.under])
            self.clock += 1
            under = self.under.get(name)
            if under is None:
                self._begin(name)
            elif not under.took_effect:
                self._take_effect(under)
            else:
                del self.under[name]
                self._end(name, under)
        header = Header.of("drawn", "1", PROFILE, disks=DEFAULT_DISKS)
        return History(header, tuple(self.calls))

    def _begin(self, name: str) -> None:
        self.begun += 1
        self.under[name] = _Under(self._drawn(), self.clock, self.choose.random() < self.mix.given_up)

    def _drawn(self) -> Operation:
        choose, known = self.choose, self.known
        target = choose.choice(known) if known else "nothing"
        if choose.random() < self.mix.looks:
            looks: list[Operation] = [ops.ListSnapshots(), ops.Current(), ops.Count(), Observe()]
            looks += [ops.LookupByName(f"n{self.begun // 2}"), ops.Children(choose.choice([None, target]))]
            looks += [ops.Parent(target), ops.LookupById(target)]
            return choose.choice(looks)
        if choose.random() < self.mix.removals:
            kinds: list[Operation] = [
                ops.Discard(target), ops.MergeIntoChildren(target), ops.Rename(target, "other"),
            ]  # fmt: skip
            if self.mix.whole_subtrees:
                kinds += [ops.MergeIntoParent(target), ops.RemoveSubtree(target), ops.DiscardForced(target)]
            return choose.choice(kinds)
        if choose.random() < 0.3:
            return choose.choice([ops.Revert(target), ops.WriteDisk("vda", 0, self.begun % 256)])
        return ops.Create(f"n{self.begun}")

    def _take_effect(self, under: _Under) -> None:
        under.took_effect = True
        others = [one for one in self.under.values() if one is not under and not one.operation.reads_only]
        if others and self.choose.random() < self.mix.busy:
            under.answer = Declined("Busy")
            return
        if under.gives_up and self.choose.random() < 0.4:
            return  # it never has its effect
        model = {theirs: ours for ours, theirs in self.ids.items()}
        named = snapshots_of(under.operation)
        outcome = step(
            self.domain,
            with_ids(under.operation, {one: model.get(one, f"no {one}") for one in named}),
            PROFILE,
        )
        if not isinstance(outcome, Accepted):
            casualties = None
            if outcome.casualties is not None:
                casualties = [self.ids.get(one, one) for one in outcome.casualties.to_json()]
            under.answer = Declined(self.choose.choice(sorted(outcome.kinds)), casualties)
            return
        self.domain = outcome.domain
        if under.operation.creates:
            issued = f"{self.choose.getrandbits(40):010x}"
            self.ids[outcome.result] = issued
            self.known.append(issued)
        result = outcome.result
        under.answer = Returned(
            shown(self.domain, self.ids)
            if isinstance(under.operation, Observe)
            else translated(result, self.ids)
        )

    def _end(self, name: str, under: _Under) -> None:
        answer = None if under.gives_up else under.answer
        self.calls.append(Call(name, under.operation, under.begin, self.clock, answer))


def translated(result: Any, ids: dict[str, str]) -> Any:
    """A result with other ids."""
    if isinstance(result, list):
        return [ids.get(one, one) for one in result]
    return ids.get(result, result) if isinstance(result, str) else result


def shown(domain: Domain, ids: dict[str, str]) -> dict[str, Any]:
    """What an observation shows of a domain, but for what a hypervisor generates."""
    return {
        "snapshots": [
            {
                "id": ids.get(one.id),
                "name": one.name,
                "parent": None if one.parent is None else ids.get(one.parent),
                "description": one.description,
                "point": one.point.seen,
            }
            for one in domain.in_order()
        ],
        "current": None if domain.current is None else ids.get(domain.current),
        "active": domain.active.seen,
        "base": {"disks": domain.base.seen["disks"], "configuration": {}},
        "managed_save": None,
        "independent": {},
    }


def draw_history(seed: int, mix: Mix) -> History:
    """What a correct hypervisor may have shown."""
    return _Run(Random(seed), mix).history()


def spoil(history: History, seed: int) -> History:
    """The history with one answer changed, which may still be a right one."""
    choose = Random(seed)
    calls = list(history.calls)
    answered = [number for number, call in enumerate(calls) if call.answer is not None]
    if answered:
        number = choose.choice(answered)
        calls[number] = replace(calls[number], answer=_another(calls[number], history, choose))
    return History(history.header, tuple(calls))


def _another(call: Call, history: History, choose: Random) -> Answer:
    answer = call.answer
    ids = [
        one.answer.result
        for one in history.calls
        if one.operation.creates and isinstance(one.answer, Returned)
    ] or ["nothing"]
    if not isinstance(answer, Returned):
        return Returned(None if not call.operation.creates else choose.choice(ids))
    if isinstance(call.operation, Observe) and answer.result is not None:
        seen = dict(answer.result)
        if choose.random() < 0.5:
            return Returned({**seen, "current": choose.choice([None, *ids])})
        return Returned({**seen, "snapshots": seen["snapshots"][:-1]})
    if isinstance(answer.result, list):
        result = list(answer.result)
        choose.shuffle(result)
        return Returned(result[:-1] if choose.random() < 0.5 else [*result, choose.choice(ids)])
    if isinstance(answer.result, int):
        return Returned(answer.result + choose.choice([-1, 1]))
    if isinstance(answer.result, str) or call.operation.reads_only:
        return Returned(choose.choice(ids))
    return Declined(choose.choice(["NoSuchSnapshot", "NameInUse", "WouldDiscard"]), [])
