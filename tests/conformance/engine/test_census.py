"""What a step is said to tell would have been seen: each answer is turned round, and the comparison fails.

A census over the parts that rules speak of. For every pair of part and relation that a step tells of, what
the driver showed is replaced by what it would show had it done nothing, or lost what there was.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.engine.comparison import Comparison
from snaptree.conformance.engine.coverage import Tally
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.judging.rule_results import RuleResult, rule_results
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.sampled import BYTES, Decoder, draw
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation, target_of
from snaptree.spec.profiles import Profile, load_profile
from snaptree.spec.rules import rules
from snaptree.spec.vocabulary import Holdings, conditions_of, pairs_of, relation_of, told_by

Seen = dict[str, Any]
Entry = dict[str, Any]

IN_THE_ANSWER: Final = {"outcome", "result", "id", "casualties", "events", "form", "visibility"}
SNAPSHOTS: Final = {"target", "parent", "child", "descendant", "sibling", "ancestor", "other", "new"}


def told(taken: StepResult, pair: Lockstep) -> list[tuple[str, str]]:
    conditions = conditions_of(taken.before, taken.operation, pair.profile)
    holdings = Holdings(pair.identities.time_of)
    looked = taken.observation is not None
    return pairs_of(
        told_by(taken.before, taken.operation, taken.outcome, conditions, holdings, looked=looked)
    )


def _points(seen: Seen, relation: str, taken: StepResult, pair: Lockstep) -> list[Any]:
    """What stands at a relation in an observation: points of snapshots, the active state or the base."""
    if relation in ("active", "base"):
        return [seen[relation]]
    return [entry["point"] for entry in _entries(seen, relation, taken, pair)]


def _entries(seen: Seen, relation: str, taken: StepResult, pair: Lockstep) -> list[Entry]:
    target = target_of(taken.operation)
    return [
        entry
        for entry in seen["snapshots"]
        if relation_of(taken.before, target, pair.identities.model_id(entry["id"])) == relation
    ]


def _gone(earlier: Seen, relation: str, seen: Seen, taken: StepResult, pair: Lockstep) -> list[Entry]:
    listed = [entry["id"] for entry in seen["snapshots"]]
    return [entry for entry in _entries(earlier, relation, taken, pair) if entry["id"] not in listed]


def _lose_content(point: Any) -> None:
    for disk in point["disks"].values():
        disk["blocks"] = {}


def _other_content(base: Any) -> None:
    for disk in base["disks"].values():
        disk["blocks"] = {**disk["blocks"], "3": 99}


def _resize(point: Any) -> None:
    for disk in point["disks"].values():
        disk["size"] += 65536


ANOTHER: Final[dict[str, Callable[[Any], None]]] = {
    "content": _lose_content,
    "size": _resize,
    "memory": lambda point: point.update(memory=5 if point["memory"] is None else None),
    "power": lambda point: point.update(power="paused" if point["power"] == "running" else "running"),
    "configuration": lambda point: point.update(configuration={}),
}


def turned_round(part: str, relation: str, taken: StepResult, earlier: Seen, pair: Lockstep) -> list[Seen]:
    """Observations that a driver would show which answers the other way: it did nothing, or it lost it."""
    found = []
    for wrong in (_did_nothing, _lost):
        seen = copy.deepcopy(taken.observation)
        assert seen is not None
        shown: Seen = dict(seen)
        wrong(part, relation, shown, earlier, taken, pair)
        if shown != taken.observation:
            found.append(shown)
    return found


def _did_nothing(
    part: str, relation: str, seen: Seen, earlier: Seen, taken: StepResult, pair: Lockstep
) -> None:
    if part in ("current", "managed_save"):
        seen[part] = earlier[part]
    elif part in ANOTHER and relation in ("active", "base"):
        key = {"content": "disks", "size": "disks"}.get(part, part)
        seen[relation][key] = copy.deepcopy(earlier[relation][key])
    elif relation == "new" and part in ANOTHER:
        # It captured nothing, and shows what was captured before.
        at = next((entry for entry in earlier["snapshots"] if entry["id"] == earlier["current"]), None)
        key = {"content": "disks", "size": "disks"}.get(part, part)
        for entry in _entries(seen, relation, taken, pair):
            last = (earlier["base"] if at is None else at["point"]).get(key)
            if last is not None or key == "memory":
                entry["point"][key] = copy.deepcopy(last)
    elif part == "existence":
        seen["snapshots"] = [*seen["snapshots"], *_gone(earlier, relation, seen, taken, pair)]
    elif relation in SNAPSHOTS:
        known = {entry["id"]: entry for entry in earlier["snapshots"]}
        for entry in _entries(seen, relation, taken, pair):
            before = known.get(entry["id"])
            if before is not None and part in ("name", "description", "captured", "parent"):
                entry[part] = before[part]
            elif before is not None and part in ANOTHER:
                key = {"content": "disks", "size": "disks"}.get(part, part)
                entry["point"][key] = copy.deepcopy(before["point"][key])


def _lost(part: str, relation: str, seen: Seen, _earlier: Seen, taken: StepResult, pair: Lockstep) -> None:
    if relation == "base":
        {"content": _other_content, "size": _resize}.get(
            part, lambda base: base.update(configuration={"another": "key"})
        )(seen["base"])
    elif part in ANOTHER:
        for point in _points(seen, relation, taken, pair):
            ANOTHER[part](point)
        if part == "content" and relation == "active":
            _lose_content({"disks": seen["independent"]})
    elif part == "existence" and relation in SNAPSHOTS:
        gone = _entries(seen, relation, taken, pair)
        seen["snapshots"] = [entry for entry in seen["snapshots"] if entry not in gone]
    elif part == "order":
        seen["snapshots"] = seen["snapshots"][::-1]
    elif part == "current":
        others = [entry["id"] for entry in seen["snapshots"] if entry["id"] != seen["current"]]
        seen["current"] = None if seen["current"] is not None else next(iter(others), None)
    elif part == "managed_save":
        seen["managed_save"] = None
    elif relation in SNAPSHOTS:
        for entry in _entries(seen, relation, taken, pair):
            other = [one[part] for one in seen["snapshots"] if one[part] != entry[part]]
            lost = {"parent": "nobody's", "description": "", "captured": (*other, "another")[0]}
            entry[part] = lost.get(part, f"{entry[part]}x")


def is_seen(part: str, relation: str, taken: StepResult, earlier: Seen, pair: Lockstep) -> bool:
    """Whether the comparison sees that this pair is answered the other way."""
    comparison = Comparison(pair.profile, pair.identities)
    after = taken.after
    for seen in turned_round(part, relation, taken, earlier, pair):
        found: Any = comparison.of_state(taken.operation, taken.before, after, seen)  # type: ignore[arg-type]
        if any((one.part, one.relation) == (part, relation) for one in found):
            return True
    return False


def test_whatever_a_step_tells_would_have_been_a_difference() -> None:
    profile = load_profile("rfc")
    counted: Counter[str] = Counter()
    blind: set[tuple[str, str, str]] = set()
    for seed in range(12):
        domain = SimulatorDriver(DriverOptions()).open(DEFAULT_DISKS)
        pair = Lockstep(domain, profile)
        earlier: Any = copy.deepcopy(domain.observe())
        decoder = Decoder(profile)
        drawn = draw(seed, 0, 60)
        for place in range(0, len(drawn), BYTES):
            taken = pair.do(decoder.operation(pair.model, *drawn[place : place + BYTES]))
            assert not taken.differences
            if not pair.model.defined:
                break
            for part, relation in told(taken, pair):
                # What libvirt's events and a uuid say is compared elsewhere.
                if part in IN_THE_ANSWER or part == "uuid" or (part, relation) == ("order", "target"):
                    continue
                counted[part] += 1
                if not is_seen(part, relation, taken, earlier, pair):
                    blind.add((taken.operation.call, part, relation))
            earlier = copy.deepcopy(taken.observation)
    assert blind == set()
    assert set(counted) >= {
        "content", "size", "memory", "power", "configuration", "existence", "parent", "name", "description",
        "captured", "current", "managed_save", "order",
    }  # fmt: skip


class _OneTime(SimulatedDomain):
    """It shows the same time of capture for every snapshot."""

    def observe(self) -> Any:
        seen = super().observe()
        shown = [{**entry, "captured": "2010-03-29"} for entry in seen["snapshots"]]
        return {**seen, "snapshots": shown}


def results(sequences: list[list[Operation]], kind: type[SimulatedDomain]) -> dict[str, RuleResult]:
    class Driver(SimulatorDriver):
        domain_class = kind

    driver, tally = Driver(DriverOptions()), Tally()
    for sequence in sequences:
        assert not run_sequence(driver, sequence, tally=tally).differences
    found = rule_results(rules(), tally.coverage, driver.profile, (), ())
    return {one.rule.id: one for one in found}


MERGED: Final[list[Operation]] = [ops.Create("a"), ops.Create("b"), ops.MergeIntoParent("s2"), ops.Count()]


def test_equal_times_of_capture_are_no_evidence() -> None:
    """Where all times are alike they hold by accident: neither that they stay nor that they move was seen."""
    shown, alike = results([MERGED], SimulatedDomain), results([MERGED], _OneTime)
    assert shown["NAME-23"].status == "pass"
    assert alike["NAME-23"].status == "not observed"
    assert shown["NAME-27"].unseen == ("merge_into_parent_forced accepted",)
    assert alike["NAME-27"].unseen == ("merge_into_parent accepted", "merge_into_parent_forced accepted")


def test_a_revert_to_what_is_there_already_tells_nothing() -> None:
    same: list[Operation] = [ops.WriteDisk("vda", 0, 1), ops.Create("a"), ops.Revert("s1")]
    changed: list[Operation] = [*same[:2], ops.WriteDisk("vda", 0, 2), ops.Revert("s1")]
    assert results([same], SimulatedDomain)["REVERT-1"].status == "not observed"
    assert results([same], SimulatedDomain)["REVERT-2"].status == "not observed"
    assert results([changed], SimulatedDomain)["REVERT-1"].status == "pass"


def test_a_rule_passes_only_when_each_of_its_calls_was_seen() -> None:
    """MERGE-16 speaks of the plain merge and of the forced one: the plain one alone does not pass it."""
    write: list[Operation] = [ops.WriteDisk("vda", 0, 1), ops.Create("a")]
    plain: list[Operation] = [*write, ops.MergeIntoParent("s1")]
    forced: list[Operation] = [*write, ops.MergeIntoParentForced("s1")]
    assert results([plain], SimulatedDomain)["MERGE-16"].unseen == ("merge_into_parent_forced accepted",)
    assert results([plain, forced], SimulatedDomain)["MERGE-16"].status == "pass"


def claimed(profile: Profile) -> set[str]:
    return {
        one.rule.id
        for one in rule_results(rules(), Counter(), profile, (), ())
        if one.status != "not claimed"
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_claimed_depends_on_the_profile_alone(seed: int) -> None:
    """Two runs that draw differently have the same rules *not claimed*."""
    driver = SimulatorDriver(DriverOptions(profile="qemu"))
    tally = Tally()
    bounds = Bounds((("tree", 1),), seed, sequences=10, batch=10)
    for method in METHODS:
        for unit in method.units(driver.profile, bounds):
            assert not list(method.perform(driver, unit, Ledger(tally)))
    found = rule_results(rules(), tally.coverage, driver.profile, (), ())
    assert {one.rule.id for one in found if one.status != "not claimed"} == claimed(driver.profile)


def test_what_a_profile_can_never_show_is_not_claimed() -> None:
    """A qemu that is always off has no power, memory or configuration; rfc resets to the base."""
    assert not claimed(load_profile("qemu")) & {
        "CREATE-5",
        "CREATE-6",
        "REVERT-13",
        "REVERT-7",
        "POWER-1",
        "SAVE-6",
    }
    assert "FORCE-6" not in claimed(load_profile("rfc"))
