"""What the specification has no opinion about can be exchanged, before a step or after it.

This is why a graph of shapes speaks of every domain: names, ids, uuids, descriptions, disks, blocks, values,
memory, configuration and, up to the order of what is listed, the order of creation. Each exception is one of
the classes that the chapter on claims lists; a witness shows that it has to be one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted, Outcome
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.rules import chapters
from snaptree.spec.semantics import step
from snaptree.spec.shapes import shape_of
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain

from ..reading.walks import DISKS
from .drawn import Situation, many, situations, thorough
from .renaming import Renaming, differ
from .symmetries import other_ages, symmetry

RFC = load_profile("rfc")
REPEATING = varied("rfc", ("names.policy=duplicates", "names.lookup=first-depth-first"))

Step = Callable[[Domain, Any, Profile], Outcome]


def carried(renaming: Renaming, domain: Domain, operation: Operation, profile: Profile, model: Step) -> bool:
    """Whether step(pi d, pi op) = pi step(d, op)."""
    after = renaming.of_outcome(model(domain, operation, profile))
    renamed = model(renaming.of_domain(domain), renaming.of_operation(operation), profile)
    return not differ(renamed, after)


def is_symmetric(situation: Situation, model: Step = step) -> bool:
    domain, (operation,), profile = situation.domain, situation.operations, situation.profile
    renaming = symmetry(situation.choices, domain, operation, profile)
    return carried(renaming, domain, operation, profile, model)


def is_ageless(situation: Situation, model: Step = step) -> bool:
    """The same for another order of creation; of what is listed, the members are compared."""
    domain, (operation,), profile = situation.domain, situation.operations, situation.profile
    if isinstance(operation, ops.LookupByName) and len(domain.names.get(operation.name, ())) > 1:
        return True  # the first of several is one by its age
    renaming = other_ages(situation.choices, domain)
    after = _unordered(renaming.of_outcome(model(domain, operation, profile)))
    renamed = _unordered(model(renaming.of_domain(domain), operation, profile))
    return not differ(renamed, after)


def _unordered(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Accepted):
        listed = outcome.result
        return Accepted(sorted(listed) if isinstance(listed, list) else listed, outcome.domain)
    lost = outcome.casualties
    return replace(outcome, casualties=lost and replace(lost, snapshots=tuple(sorted(lost.snapshots))))


@thorough
@given(situations())
def test_a_step_is_the_same_in_other_names(situation: Situation) -> None:
    assert is_symmetric(situation)


@thorough
@given(situations())
def test_a_step_is_the_same_in_another_order_of_creation(situation: Situation) -> None:
    assert is_ageless(situation)


@thorough
@given(situations())
def test_a_shape_is_the_same_in_other_names_and_orders(situation: Situation) -> None:
    domain, (operation,) = situation.domain, situation.operations
    renamed = symmetry(situation.choices, domain, operation, situation.profile).of_domain(domain)
    assert shape_of(renamed).key == shape_of(domain).key
    assert shape_of(renamed, ages=True).key == shape_of(domain, ages=True).key
    assert shape_of(other_ages(situation.choices, domain).of_domain(domain)).key == shape_of(domain).key


# --- models that have an opinion ----------------------------------------------------


def _refusing(when: Callable[[Domain, Any], bool]) -> Step:
    """A model that changes nothing in some cases."""

    def model(domain: Domain, operation: Operation, profile: Profile) -> Outcome:
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted) and when(domain, operation):
            return Accepted(outcome.result, domain)
        return outcome

    return model


OPINIONATED: Final[dict[str, Step]] = {
    "ids": _refusing(lambda _, call: getattr(call, "snapshot", None) == "s2"),
    "names": _refusing(lambda _, call: isinstance(call, ops.Create) and call.name == "b"),
    "disks": _refusing(lambda _, call: isinstance(call, ops.WriteDisk) and call.disk == "vdb"),
    "blocks": _refusing(lambda _, call: isinstance(call, ops.WriteDisk) and call.block == 1),
    "values": _refusing(lambda _, call: isinstance(call, ops.WriteDisk) and call.value > 200),
    "memory": _refusing(lambda _, call: isinstance(call, ops.WriteMemory) and call.value == 7),
    "configuration": _refusing(lambda _, call: isinstance(call, ops.Configure) and call.key == "cpus"),
}


def _found(holds: Callable[[Situation, Step], bool], model: Step) -> bool:
    return not all(holds(one, model) for one in many(4000))


@pytest.mark.parametrize("what", OPINIONATED)
def test_an_opinion_about_names_is_found(what: str) -> None:
    assert _found(is_symmetric, OPINIONATED[what])


def test_an_opinion_about_ages_is_found() -> None:
    def older(domain: Domain, call: Any) -> bool:
        target = domain.snapshots.get(getattr(call, "snapshot", None) or "")
        family = () if target is None else domain.children_of(target.parent)
        return not call.reads_only and target is not None and target.id in family[:-1]

    assert _found(is_ageless, _refusing(older))


# --- the exceptions -----------------------------------------------------------------


class Witness(NamedTuple):
    """A renaming that is no symmetry: what it exchanges belongs to two classes."""

    renaming: Renaming
    operation: Operation
    before: tuple[Operation, ...] = ()
    profile: Profile = RFC


def _swapped(part: str, one: Any, other: Any) -> Renaming:
    return Renaming(**{part: {one: other, other: one}})


UUID: Final = "00000000-0000-4000-8000-000000000000"
WRITTEN: Final = (ops.WriteDisk("vda", 0, 7), ops.Create("a"), ops.Create("b"))
FORK: Final = (ops.Create("a"), ops.Create("b"), ops.Revert("s1"), ops.Create("c"))

EXCEPTIONS: Final[dict[str, Witness]] = {
    "the value zero": Witness(_swapped("values", 0, 7), ops.WriteDisk("vda", 3, 7)),
    "a value that is no byte": Witness(_swapped("values", 256, 7), ops.WriteDisk("vda", 1, 7)),
    "a block beyond the end": Witness(_swapped("blocks", 0, 4), ops.WriteDisk("vda", 0, 7)),
    "a block near the end of a disk that is cut": Witness(
        _swapped("blocks", 0, 3), ops.ResizeDisk("vda", BLOCK_STRIDE), WRITTEN
    ),
    "the empty id of a disk": Witness(_swapped("disks", "", "vdc"), ops.AttachDisk("vdc", BLOCK_STRIDE)),
    "a name that is not allowed": Witness(_swapped("names", "", "c"), ops.Create("c")),
    "a description that cannot be written": Witness(
        _swapped("descriptions", "\0", "c"), ops.Create("c", "c"), (), varied("rfc", ("descriptions=xml",))
    ),
    "a uuid that is malformed": Witness(_swapped("uuids", "nonsense", UUID), ops.Create("c", uuid=UUID)),
    "the id that is issued next": Witness(_swapped("ids", "s1", "s9"), ops.Create("c")),
    "the empty key of the configuration": Witness(_swapped("keys", "", "cpus"), ops.Configure("cpus", "1")),
    "the empty value of the configuration": Witness(_swapped("texts", "", "1"), ops.Configure("cpus", "1")),
    "the order of creation in a list": Witness(_swapped("ages", 2, 3), ops.ListSnapshots(), FORK),
    "the age of one among several bearers of a name": Witness(
        _swapped("ages", 2, 3), ops.LookupByName("b"), (*FORK, ops.Rename("s3", "b")), REPEATING
    ),
}
"""Every class that stays beside the others, by its words in the chapter on claims."""


@pytest.mark.parametrize("what", EXCEPTIONS)
def test_an_exception_has_to_be_one(what: str) -> None:
    renaming, operation, before, profile = EXCEPTIONS[what]
    domain = blank_domain(DISKS)
    for earlier in before:
        outcome = step(domain, earlier, profile)
        assert isinstance(outcome, Accepted)
        domain = outcome.domain
    assert isinstance(step(domain, operation, profile), Accepted)
    assert not carried(renaming, domain, operation, profile, step)


def test_the_chapter_lists_every_exception() -> None:
    (text,) = (one.text for one in chapters() if one.name == "claims")
    joined = " ".join(text.split())
    assert [what for what in EXCEPTIONS if what not in joined] == []
