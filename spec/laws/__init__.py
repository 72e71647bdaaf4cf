"""The laws: what holds between operations, whatever the tree.

A rule of the chapters speaks of one operation. A law says how several of them
fit together, on any domain and under any profile, and can be run: it finds a
counterexample or does not. ``step`` is an argument so that other readings of
the specification, and deliberately wrong ones, can be asked as well.

The formulas of the laws are written in this notation, and hold for all values of
their letters, except those that a formula defines itself. ``;`` stands between
statements that all hold.

``d``, ``e``
    Domains. ``S ∈ d``: S is listed. ``d ∖ e`` is what only ``d`` lists.
``S``, ``T``, ``P``
    Listed snapshots; ``P`` is the parent of ``S``, ``base`` if ``S`` is a root.
``n``, ``t``, ``u``
    A name that no snapshot bears yet, and the snapshot that was created with it; a text; a uuid.
    In ``names`` and ``lookup_by_name`` it is any name.
``d·op``
    The domain after ``op``, ``d·a·b`` after both. Where a list takes the place of a snapshot, the
    operation is done on each in turn.
``op``, ``del``, ``work``
    Any operation, any plain delete (merges, ``discard``, ``remove_subtree``, ``retire``), any work on
    the active state or its power. ``del_forced`` is the forced variant. ``r`` is a ``resume_as``, or none.
``remove(S)``
    The accepted one of ``merge_into_children(S)`` and ``discard(S)``, under a profile that claims and
    permits both. Nothing is said where a limit or the single root of the profile bars both.
``d ≡ e``
    They look the same (:func:`~snaptree.spec.laws.law.visible`); retired snapshots are not seen. It is
    said where the first operation on the left is accepted and all are claimed and permitted; the others
    are then accepted too.
``d[x := y]``
    The domain, or outcome, with ``x`` replaced. Memory goes with ``power``. The ``identity`` of a snapshot
    is its id, uuid, name, description and place in the order.
``reset(d, S)``
    The domain with the point of ``S``, or base, as its active state, ``S`` current, and off.
``off(d)``
    The domain without memory and managed-save image, powered off.
``subtree(S)``, ``others(S)``
    ``S`` and all that is below it; the subtrees of its siblings. Leaf first.
``sound(x)``, ``fitting(op)``, ``offered(op)``, ``beyond(d, op, limit)``
    A name or argument is well-formed, not in use and inside the disk; power and image are what the operation
    itself needs; the profile has what was asked for; it would make the number larger than the limit.
``continued(d, S, r)``
    The point of ``S`` with the power of ``r``, memory ``unspecified`` if it has none; without ``r`` with its
    memory and power as captured, as an image, or off, as the profile says.
``first(names)``
    The one with the first path of creation where the order is depth-first; the one with the shortest
    path, and the first of these, where it is breadth-first. ``policy``, ``lookup``, and their values
    ``replace``, ``duplicates`` and ``ambiguous``: what the profile says of names.
``k``, ``l``, ``x``, ``y``
    Blocks, disks or keys, and values; ``:= 0`` reads zero. ``size``, ``independent``: of disks; ``running``,
    ``paused``: of power; ``depth``, ``count``, ``merge_children``: limits; ``roots``, ``single``: of the
    profile.
``outcome(d, op)``, ``accepted(op)``, ``kinds(op)``, ``casualties(op)``
    What ``d`` answers: all of it; whether it accepts; the kinds of its refusal, ``∅`` when it accepts, all of
    them in ``KINDS``; the snapshots named as casualties, and ``active``.
``claimed(op)``, ``permitted(op)``
    Whether the profile has it, and allows it in the power state of ``d``.
``gone(op)``, ``moved(d, e)``, ``changed(d, e)``, ``fate(d, e)``
    What of ``d`` the operation leaves out, with ``active`` if that is another; then, from ``d`` to ``e``:
    snapshots with another parent; those, and ``base``, with another point; what became of the active state.
``plan(d, op)``
    The plan, with its fields (:class:`~snaptree.spec.plan.Plan`).
``point(d, X)``, ``current(d)``, ``retired(d)``, ``names(d, n)``, ``uuids(d, u)``, ``issued(d)``
    The point of a snapshot, of ``base`` or of ``active`` (then with the managed-save image); the current
    snapshot, or ``base``; what is retired; who bears a name, a uuid; every id that was ever given out.
``list``, ``count``, ``children``, ``parent``, ``⧺``
    Answers of the calls of these names, ``list(d)`` in order of creation; one list after the other.
``path(S, T)``
    The snapshots from ``S`` down to ``T``, each a parent of the next.
``name(S)``, ``id(S)``, ``uuid(S)``, ``description(S)``; ``disks``, ``configuration``; ``snapshots``
    Parts of a snapshot; of a point; of a domain. ``managed_save`` is what a domain was saved as,
    ``defined(d)`` that it was not removed. ``identity = name``: the profile tells snapshots by their names.
"""

from typing import Final

from snaptree.spec.laws import (
    bounding,
    capturing,
    continuing,
    forcing,
    naming,
    planning,
    refusing,
    removing,
    stepping,
    writing,
)
from snaptree.spec.laws.domains import SCOPES, Reached, Scope, few_domains, small_domains
from snaptree.spec.laws.law import Law, Step, laws_of, visible
from snaptree.spec.laws.menu import menu
from snaptree.spec.laws.variations import variations

_MODULES: Final = (
    removing, forcing, planning, stepping, capturing, continuing, writing, naming, refusing, bounding,
)  # fmt: skip
LAWS: Final[tuple[Law, ...]] = tuple(law for module in _MODULES for law in laws_of(module))
"""Every law, in the order in which they are listed."""

__all__ = [
    "LAWS", "SCOPES", "Law", "Reached", "Scope", "Step", "capturing", "few_domains", "forcing", "menu",
    "planning", "removing", "small_domains", "stepping", "variations", "visible",
]  # fmt: skip
