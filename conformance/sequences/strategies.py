"""Hypothesis strategies of operations, whole sequences and domains, for properties of your own.

::

    from hypothesis import given
    from snaptree.conformance.sequences import run_sequence
    from snaptree.conformance.strategies import sequences

    @given(sequences(driver.profile))
    def test_driver_keeps_in_step_with_the_model(sequence):
        assert run_sequence(driver, sequence).differences == ()

A sequence is drawn by a walk of the model: each step is drawn for the state that the steps before
it lead to, so that nearly every step means something. All of it shrinks: to fewer steps, to
``create`` and ``write_disk`` before other calls, to the oldest snapshots and to plain arguments.
Snapshots are named by the model's ids, ``s1`` for the first that was created; ``run_sequence``
translates them into the driver's.

``snaptree check`` draws its own sequences without Hypothesis, in a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.spec.operations import CALLS, KINDS, RESUME_AS, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain, tree_order

LONGEST: Final = 20
"""Steps of a sequence unless somebody says otherwise; faults show in short ones."""

_OFTEN: Final = {
    "create": 20, "write_disk": 8, "revert": 6, "merge_into_children": 4, "merge_into_parent": 4,
    "merge_into_parent_forced": 3, "discard": 4, "discard_forced": 3, "remove_subtree": 3, "retire": 3,
    "reclaim": 3, "rename": 2, "start": 3, "write_memory": 3, "managed_save": 2,
}  # fmt: skip
"""How often a call is drawn beside one that is not named here. A tree has to grow before it can be cut."""

_POWERED: Final = ("stop", "pause", "resume", "managed_save", "write_memory", "crash")
_ADDED_DISKS: Final = ("vdc", "vdd", "vde")
_ARGUMENTS: Final = {call: tuple(field.name for field in fields(kind)) for call, kind in KINDS.items()}

# Made once, as those below: to make a strategy takes longer than to draw from it.
_GOES_ON: Final = st.sampled_from((False, *[True] * 40))
"""Whether there is another step: a sequence that may end anywhere shrinks at both ends."""

_EITHER: Final = st.booleans()
_ALWAYS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "description": st.text(max_size=20),
    "uuid": st.none() | st.uuids(version=4).map(str),
    "attach_disk.disk": st.sampled_from(_ADDED_DISKS),
    "block": st.integers(0, 15),
    "value": st.integers(1, 255),
    "configure.value": st.sampled_from(("", "a", "b")),
    "size": st.integers(1, 24).map(lambda strides: strides * BLOCK_STRIDE),
    "key": st.sampled_from(("key1", "key2")),
    "keep_root": _EITHER,
}
"""Arguments that mean something in every state, by name, or by call and name."""

_AT_TIMES: Final[dict[str, tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]]] = {
    "memory": (st.just(False), _EITHER),
    "quiesce": (st.just(False), _EITHER),
    "independent": (st.just(False), _EITHER),
    "resume_as": (st.none(), st.sampled_from((None, *RESUME_AS))),
}
"""Arguments with one plain value, and what is drawn where others are offered."""


@st.composite
def operations(
    draw: st.DrawFn, domain: Domain, profile: Profile, *, calls: Collection[str] | None = None
) -> Operation:
    """Operations that mean something in this state: accepted, or refused for a reason worth a look.

    ``calls`` are the names that may be drawn, by default all that the profile claims. Name others, and
    the driver has to refuse them. Raises ValueError where a name is no call.
    """
    return draw(_operation(domain, profile, _table(profile, calls)))


@st.composite
def sequences(
    draw: st.DrawFn,
    profile: Profile,
    *,
    min_size: int = 0,
    max_size: int = LONGEST,
    calls: Collection[str] | None = None,
    disks: Mapping[str, int] = DEFAULT_DISKS,
    persistent: bool = True,
) -> tuple[Operation, ...]:
    """Whole sequences from a fresh domain, of ``min_size`` to ``max_size`` steps.

    A sequence ends early when it removes the domain. ``calls`` as in ``operations``; ``disks`` maps ids
    to sizes in bytes, and is what the driver opens its domain with.
    """
    return _walk(draw, profile, (min_size, max_size), calls, disks, persistent)[0]


@st.composite
def domains(
    draw: st.DrawFn,
    profile: Profile,
    *,
    max_size: int = LONGEST,
    calls: Collection[str] | None = None,
    disks: Mapping[str, int] = DEFAULT_DISKS,
    persistent: bool = True,
) -> Domain:
    """States of the model that at most ``max_size`` operations lead to from a fresh domain."""
    return _walk(draw, profile, (0, max_size), calls, disks, persistent)[1]


def _walk(
    draw: st.DrawFn,
    profile: Profile,
    sizes: tuple[int, int],
    calls: Collection[str] | None,
    disks: Mapping[str, int],
    persistent: bool,
) -> tuple[tuple[Operation, ...], Domain]:
    table = _table(profile, calls)
    domain = blank_domain(disks, persistent=persistent)
    taken: list[Operation] = []
    least, most = sizes
    for number in range(most):
        # One draw a step, its end included: Hypothesis leaves out whole draws, and then nothing else moves.
        operation = draw(_next_operation(domain, profile, table, number >= least))
        if operation is None:
            break
        taken.append(operation)
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            domain = outcome.domain
        if not domain.defined:
            break
    return tuple(taken), domain


@st.composite
def _next_operation(
    draw: st.DrawFn, domain: Domain, profile: Profile, table: st.SearchStrategy[str], may_end: bool
) -> Operation | None:
    if may_end and not draw(_GOES_ON):
        return None
    return draw(_operation(domain, profile, table))


@st.composite
def _operation(draw: st.DrawFn, domain: Domain, profile: Profile, table: st.SearchStrategy[str]) -> Operation:
    # Filtered, not chosen from what is left: where an earlier step goes, this draw stands for the same call.
    call = draw(table.filter(lambda one: _means_something(one, domain)))
    arguments = {name: draw(_argument(name, call, domain, profile)) for name in _ARGUMENTS[call]}
    return KINDS[call](**arguments)


def _table(profile: Profile, calls: Collection[str] | None) -> st.SearchStrategy[str]:
    return _calls_by_plainness(frozenset(profile.operations if calls is None else calls))


@cache
def _calls_by_plainness(calls: frozenset[str]) -> st.SearchStrategy[str]:
    """The calls from the plainest on, each as often as it is to be drawn."""
    unknown = sorted(calls - set(CALLS))
    if unknown:
        raise ValueError(f"no call is named {', '.join(unknown)}; there are {', '.join(CALLS)}")
    ordered = [call for call in (*_OFTEN, *(one for one in CALLS if one not in _OFTEN)) if call in calls]
    return st.sampled_from([call for call in ordered for _ in range(_OFTEN.get(call, 1))])


def _means_something(call: str, domain: Domain) -> bool:
    """Whether there is anything that the call could be about in this state."""
    if call == "reclaim":
        return bool(domain.retired)
    if call in _POWERED:
        return domain.active.power != "off"
    if call == "start":
        return domain.active.power == "off"
    if call in ("write_disk", "resize_disk", "detach_disk"):
        return bool(_disks(domain))
    if call == "lookup_by_name" or "snapshot" in _ARGUMENTS[call]:
        return call == "children" or bool(domain.snapshots)
    return True


def _argument(name: str, call: str, domain: Domain, profile: Profile) -> st.SearchStrategy[Any]:
    always = _ALWAYS.get(f"{call}.{name}", _ALWAYS.get(name))
    if always is not None:
        return always
    if name in _AT_TIMES:
        plain, other = _AT_TIMES[name]
        return other if _is_offered(name, domain, profile) else plain
    match name:
        case "snapshot":
            return _snapshot(call, domain)
        case "name":
            return _name(call, domain)
        case "disk":
            return _disk(domain)
        case _:
            raise NotImplementedError(f"{call} has an argument {name!r}, and nothing here draws one")


def _is_offered(name: str, domain: Domain, profile: Profile) -> bool:
    """Whether an argument may have another value than the plain one, in this state and by the profile."""
    if name == "memory":
        return profile.memory != "never" and domain.active.power != "off"
    if name == "quiesce":
        return profile.offers("quiesce") and domain.active.power == "running"
    return profile.offers({"independent": "independent_disks"}.get(name, name))


def _snapshot(call: str, domain: Domain) -> st.SearchStrategy[str | None]:
    """A snapshot in order of creation, so that the oldest is the plainest."""
    if call == "reclaim":
        return st.sampled_from(sorted(domain.retired))
    listed = tree_order(domain, domain.snapshots)
    if call == "children":
        return st.sampled_from([None, *listed])
    return st.sampled_from(listed)


def _name(call: str, domain: Domain) -> st.SearchStrategy[str]:
    """A name that is new, one that is in use, or any text; for a look-up the other way round."""
    fresh, used = st.just(f"n{domain.serial + 1}"), st.sampled_from(sorted(domain.names) or ["n1"])
    if call == "lookup_by_name":
        return used | fresh
    return fresh | fresh | fresh | used | _ALWAYS["description"]


def _disk(domain: Domain) -> st.SearchStrategy[str]:
    """A disk that the domain has; where an earlier step goes, the draw stands for the same disk."""
    held = frozenset(_disks(domain))
    return st.sampled_from(sorted({*DEFAULT_DISKS, *_ADDED_DISKS, *held})).filter(held.__contains__)


def _disks(domain: Domain) -> list[str]:
    return sorted([*domain.active.disks, *domain.independent])
