"""What is feasible: a shortest situation for each class of each argument, and every pair of classes.

The model is searched breadth-first from a fresh domain, with plain arguments and at most three snapshots. A
state is kept if it offers a class, or a meeting of two, that no earlier one offered; only kept states are
searched further. That finds each by a shortest way if each step of one offers something new, and it finds
nothing that does not exist. The other power states are reached from every kept state by the same few calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Any, Final, NamedTuple

from snaptree.spec import operations as ops
from snaptree.spec.domains.argument import NO_VALUES, Argument
from snaptree.spec.domains.disks import ATTACHED
from snaptree.spec.domains.names import fresh_name
from snaptree.spec.domains.situation import Situation
from snaptree.spec.domains.surroundings import POWER, SURROUNDINGS, TREE
from snaptree.spec.domains.table import ARGUMENTS, DIMENSIONS, Answer
from snaptree.spec.domains.texts import fresh_uuid
from snaptree.spec.operations import KINDS, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, blank_domain

MOST_SNAPSHOTS: Final = 3
"""Listed snapshots of a state that is searched."""

DISKS: Final[Mapping[str, int]] = {"vda": 16 * BLOCK_STRIDE, "vdb": 16 * BLOCK_STRIDE}
"""The disks of the domain that the search begins with: those that a driver is opened with by default."""


class Cell(NamedTuple):
    """A class of an argument of a call, and whether the call is accepted or refused."""

    call: str
    argument: str
    name: str
    answer: Answer


class Pair(NamedTuple):
    """Two classes that meet in one call: of two arguments, or of one and the situation."""

    call: str
    argument: str
    name: str
    other: str
    other_name: str


Way = tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """A situation, and the operations that lead there from a fresh domain."""

    situation: Situation
    way: Way = ()
    persistent: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation in which a cell occurs, after the way to where it does."""

    way: Way
    operation: Operation
    persistent: bool = True


@dataclass(frozen=True)
class Found:
    """What a search found: cells and pairs, each with a shortest way to it, and the states that it kept."""

    cells: dict[Cell, Shown] = field(default_factory=dict)
    pairs: dict[Pair, Way] = field(default_factory=dict)
    kept: list[Reached] = field(default_factory=list)


@cache
def feasible_cells(profile: Profile) -> Mapping[Cell, Shown]:
    """A shortest way to each cell of the claimed calls; computed once in each process."""
    return _found(_Search(profile, _SITUATION)).cells


@cache
def feasible_pairs(profile: Profile) -> Mapping[Pair, Way]:
    """A way to where each pair of classes that the claimed calls can meet can be chosen.

    It takes a few seconds, once in each process. A pair on a transient domain says so by its power.
    """
    return _found(_Search(profile, _ALL)).pairs


def _found(search: _Search) -> Found:
    profile = search.profile
    start = Reached(Situation(blank_domain(DISKS), profile))
    search.keep(start)
    trees = search.search([start], tree_moves)
    search.search([start, *_first_of_each_tree(trees)], disk_moves)
    kept = tuple(search.found.kept)
    for way in POWER_WAYS:
        search.follow(kept, way)
    if profile.offers("transient"):
        blank = Reached(Situation(blank_domain(DISKS, persistent=False), profile), (), persistent=False)
        for way in ((), *POWER_WAYS[:1]):
            search.follow((replayed for one in kept if (replayed := _replay(blank, one.way))), way)
    return search.found


POWER_WAYS: Final[tuple[Way, ...]] = (
    (ops.Start(),),
    (ops.Start(), ops.Pause()),
    (ops.Start(), ops.ManagedSave()),
)
"""What makes the other power states of a domain that is off."""


def _first_of_each_tree(reached: list[Reached]) -> list[Reached]:
    """The first state of each form of a tree: what disks are in does not depend on more of it."""
    first: dict[str, Reached] = {}
    for one in reached:
        first.setdefault(TREE.class_of(None, one.situation, {}), one)
    return [*first.values()]


def _replay(start: Reached, way: Way) -> Reached | None:
    """The same operations from another start; None if one of them is refused or not claimed there."""
    here: Reached | None = start
    for operation in way:
        here = None if here is None else _after(here, operation)
    return here


def after_step(situation: Situation, operation: Operation) -> Situation | None:
    """The situation after an operation, None if it is refused."""
    outcome = step(situation.domain, operation, situation.profile)
    if not isinstance(outcome, Accepted):
        return None
    history = situation.history.after(situation.domain, operation, outcome.domain)
    return Situation(outcome.domain, situation.profile, history)


def _after(here: Reached, operation: Operation) -> Reached | None:
    situation = after_step(here.situation, operation)
    if situation is None or not situation.domain.defined:
        return None
    return Reached(situation, (*here.way, operation), here.persistent)


def tree_moves(situation: Situation) -> Iterator[Way]:
    """Operations that change the tree, or what is known of it; and what discards a leaf that has a uuid."""
    yield from ((operation,) for operation in _tree_changes(situation))
    domain = situation.domain
    if domain.current is not None and len(domain.snapshots) < MOST_SNAPSHOTS:
        new = ops.Create(fresh_name(situation), uuid=fresh_uuid(situation))
        yield (new, ops.Revert(domain.current), ops.Discard(f"s{domain.serial + 1}"))


def _tree_changes(situation: Situation) -> Iterator[Operation]:
    domain = situation.domain
    if len(domain.snapshots) < MOST_SNAPSHOTS:
        fresh = fresh_name(situation)
        yield ops.Create(fresh)
        yield ops.Create(fresh, uuid=fresh_uuid(situation))
        yield ops.Create("caf\u00e9")
    if situation.profile.names.policy == "replace":
        yield from (ops.Create(name) for name in sorted(domain.names))
    for snapshot in sorted(domain.snapshots):
        yield from _on_snapshot(snapshot, situation)
    yield from (ops.Reclaim(retired) for retired in sorted(domain.retired))


def disk_moves(situation: Situation) -> Iterator[Way]:
    """Operations that change the disks and the configuration, and points that keep what they were."""
    yield from ((operation,) for operation in _disk_changes(situation))
    if len(situation.domain.snapshots) < MOST_SNAPSHOTS:
        new = ops.Create(fresh_name(situation))
        yield (ops.Configure("key0", "value"), new, ops.Configure("key0", ""))


def _disk_changes(situation: Situation) -> Iterator[Operation]:
    domain, history = situation.domain, situation.history
    if len(domain.snapshots) < MOST_SNAPSHOTS:
        yield ops.Create(fresh_name(situation))
    yield from (ops.Revert(snapshot) for snapshot in sorted(domain.snapshots)[:1])
    for disk in sorted({*domain.active.disks, *domain.independent} - {"vdb"}):
        size = domain.active.disks[disk].size if disk in domain.active.disks else 0
        if BLOCK_STRIDE < size < 64 * BLOCK_STRIDE:
            yield from (ops.ResizeDisk(disk, size // 2), ops.ResizeDisk(disk, size * 2))
        yield ops.DetachDisk(disk)
    yield ops.DetachDisk("vdb")
    for disk in (*sorted(history.disks), *ATTACHED[:2]):
        yield ops.AttachDisk(disk, 16 * BLOCK_STRIDE)
        yield ops.AttachDisk(disk, 16 * BLOCK_STRIDE, independent=True)
    yield from (ops.Configure("key0", "value"), ops.Configure("key0", ""))


def _on_snapshot(snapshot: str, situation: Situation) -> Iterator[Operation]:
    yield from (
        ops.Revert(snapshot), ops.MergeIntoChildren(snapshot), ops.MergeIntoParent(snapshot),
        ops.MergeIntoParentForced(snapshot), ops.Discard(snapshot), ops.DiscardForced(snapshot),
        ops.RemoveSubtree(snapshot), ops.Rename(snapshot, fresh_name(situation)),
    )  # fmt: skip
    if not situation.domain.retired:
        yield ops.Retire(snapshot)


Menu = dict[str, Any]
"""A value for each class that can be chosen in a situation."""


class Menus:
    """The classes that can be chosen in one situation, each with its first value.

    ``fixed`` are the menus of the values that can be chosen anywhere. In one situation such a value may mean
    more than it looks like: its class has to be asked for.
    """

    def __init__(self, situation: Situation, fixed: Mapping[int, Menu] | None = None) -> None:
        self.situation = situation
        self._fixed = fixed_menus(situation.profile) if fixed is None else fixed
        self._known: dict[tuple[int, Any], Menu] = {}

    def of(self, argument: Argument, basis: Any = None) -> Menu:
        """The menu of an argument; ``basis`` is the value of the argument that it depends on."""
        if argument.after == "snapshot" and basis not in self.situation.domain.snapshots:
            basis = None
        key = (id(argument), basis)
        known = self._known.get(key)
        if known is None:
            chosen = {} if argument.after is None or basis is None else {argument.after: basis}
            here = {name: values[0] for name, values in argument.menu_here(self.situation, chosen).items()}
            known = self._known[key] = {**here, **{
                name: value for name, value in self._fixed[id(argument)].items() if name not in here
            }}  # fmt: skip
        return known

    def bases(self, call: str, argument: Argument) -> list[Any]:
        """One value of each class of the argument that this one depends on; None if on none."""
        if argument.after is None:
            return [None]
        basis = next(one for one in ARGUMENTS[call] if one.name == argument.after)
        return [*self.of(basis).values()]

    def whole(self, call: str, argument: Argument) -> dict[str, None]:
        """The classes that can be chosen for this call, whatever is chosen before."""
        return dict.fromkeys(
            name for basis in self.bases(call, argument) for name in self.of(argument, basis)
        )


@cache
def fixed_menus(profile: Profile) -> dict[int, Menu]:
    """The menus of what can be chosen anywhere, by the identity of the argument."""
    blank = Situation(blank_domain(DISKS), profile)
    menus: dict[int, Menu] = {}
    for one in _DISTINCT:
        menu = menus.setdefault(id(one), {})
        for value in one.fixed(profile):
            menu.setdefault(one.class_of(value, blank, {}), value)
    return menus


def plain_operation(call: str, menus: Menus, given: Mapping[str, Any]) -> Operation:
    """The call with the given arguments, and the plainest value of every other one."""
    arguments: dict[str, Any] = {}
    for argument in ARGUMENTS[call]:
        if argument.name in given:
            arguments[argument.name] = given[argument.name]
        else:
            basis = arguments.get(argument.after) if argument.after else None
            arguments[argument.name] = next(iter(menus.of(argument, basis).values()))
    return KINDS[call](**arguments)


def operation_in(cell: Cell, menus: Menus) -> Operation | None:
    """An operation in which a cell occurs in this situation, None if there is none."""
    situation, profile = menus.situation, menus.situation.profile
    if not cell.argument:
        return _answered(cell, KINDS[cell.call](), situation, profile)
    argument = next(one for one in ARGUMENTS[cell.call] if one.name == cell.argument)
    for basis in menus.bases(cell.call, argument):
        menu = menus.of(argument, basis)
        if cell.name in menu:
            given = {cell.argument: menu[cell.name]}
            if basis is not None and argument.after is not None:
                given[argument.after] = basis
            operation = plain_operation(cell.call, menus, given)
            if class_in(argument, operation, situation) == cell.name:
                found = _answered(cell, operation, situation, profile)
                if found is not None:
                    return found
    return None


def _answered(cell: Cell, operation: Operation, situation: Situation, profile: Profile) -> Operation | None:
    accepted = isinstance(step(situation.domain, operation, profile), Accepted)
    return operation if accepted == (cell.answer == "accepted") else None


def class_in(argument: Argument, operation: Operation, situation: Situation) -> str:
    """The class that an argument of an operation has here, which may mean more here than elsewhere."""
    chosen = {name: getattr(operation, name) for name in type(operation).__match_args__}
    return argument.class_of(chosen[argument.name], situation, chosen)


_DISTINCT: Final = tuple({id(one): one for row in DIMENSIONS.values() for one in row}.values())
"""Every argument once: several calls share one."""


_USES: Final = {id(one): [call for call, row in DIMENSIONS.items() if one in row] for one in _DISTINCT}
"""The calls that have an argument."""


_ALL: Final = [
    frozenset(
        place
        for place, other in enumerate(_DISTINCT)
        if other is not one and any(one in row and other in row for row in DIMENSIONS.values())
    )
    for one in _DISTINCT
]
"""By the place of an argument, the places of those that it meets in some call: each meeting is new once."""

_SITUATION: Final = [
    frozenset(
        place
        for place, other in enumerate(_DISTINCT)
        if other is POWER or (other is TREE and one.name in ("snapshot", "key"))
    )
    for one in _DISTINCT
]
"""The same for a search to which only what meets the power state is new, or the tree where it
is about snapshots or their points."""


class _Search:
    """What was found so far. ``novel`` are the places of arguments whose meetings are new, by place."""

    def __init__(self, profile: Profile, novel: Sequence[frozenset[int]]) -> None:
        self.found = Found()
        self.profile = profile
        self._novel = novel
        self._calls = [call for call in DIMENSIONS if profile.claims(call)]
        # What a rename can be asked beyond a create is the own name, and that is there with any snapshot.
        self._arguments = [
            (place, one)
            for place, one in enumerate(_DISTINCT)
            if one.after != "snapshot" and any(profile.claims(call) for call in _USES[id(one)])
        ]
        self._bits: dict[tuple[int, str], int] = {}
        self._met: dict[int, int] = {}
        self._fixed = fixed_menus(profile)
        self._products: set[tuple[Any, ...]] = set()
        self._tried: dict[tuple[str, ...], set[str]] = {}

    def search(self, starts: Iterable[Reached], moves: Callable[[Situation], Iterable[Way]]) -> list[Reached]:
        """Search breadth-first from some states; returns the states that were kept."""
        kept = [*starts]
        for here in kept:  # it grows meanwhile
            for operations in moves(here.situation):
                there = _replay(here, operations)
                if there is not None and self.keep(there):
                    kept.append(there)
        return kept

    def follow(self, starts: Iterable[Reached], way: Way) -> None:
        """Keep what the same way leads to from some states."""
        for start in starts:
            there = _replay(start, way)
            if there is not None:
                self.keep(there)

    def keep(self, reached: Reached) -> bool:
        """Keep a state if it offers anything new; returns whether it does."""
        features = self._features(reached.situation)
        at = {place: sum(bits) for place, bits in features.items()}
        new = False
        for place, bits in features.items():
            met = sum(at[other] for other in self._novel[place] if other in at)
            for bit in bits:
                known = self._met.get(bit, 0)
                if (met | bit) & ~known:
                    self._met[bit] = known | met | bit
                    new = True
        if new:
            self.found.kept.append(reached)
            menus = Menus(reached.situation, self._fixed)
            for call in self._calls:
                if self._novel is _ALL:
                    self._add_pairs(call, menus, reached.way)
                else:
                    self._add_cells(call, menus, reached)
        return new

    def _features(self, situation: Situation) -> dict[int, list[int]]:
        """The classes that this situation offers, each as a bit, by the place of their argument."""
        features: dict[int, list[int]] = {}
        for place, argument in self._arguments:
            names: set[str] = set()
            for basis in self._bases(argument, situation):
                chosen = {} if argument.after is None else {argument.after: basis}
                names.update(argument.menu_here(situation, chosen))
            if names:
                features[place] = [
                    self._bits.setdefault((place, name), 1 << len(self._bits)) for name in names
                ]
        return features

    def _bases(self, argument: Argument, situation: Situation) -> Iterable[Any]:
        domain = situation.domain
        match argument.after:
            case "disk":
                return ["vda", *sorted({*domain.active.disks, *domain.independent} - {"vda"})]
            case "key":
                return ["key0"]
        return [None]

    def _add_pairs(self, call: str, menus: Menus, way: Way) -> None:
        dimensions = DIMENSIONS[call]
        whole = {one.name: tuple(menus.whole(call, one)) for one in dimensions}
        for one, other in combinations(dimensions, 2):
            if other.after == one.name:
                for name, value in menus.of(one).items():
                    self._add_product(call, one, (name,), other, tuple(menus.of(other, value)), way)
            else:
                self._add_product(call, one, whole[one.name], other, whole[other.name], way)

    def _add_product(
        self,
        call: str,
        one: Argument,
        names: tuple[str, ...],
        other: Argument,
        others: tuple[str, ...],
        way: Way,
    ) -> None:
        key = (call, one.name, names, other.name, others)
        if key not in self._products:
            self._products.add(key)
            for name in names:
                for other_name in others:
                    self.found.pairs.setdefault(Pair(call, one.name, name, other.name, other_name), way)

    def _add_cells(self, call: str, menus: Menus, reached: Reached) -> None:
        power, tree = (one.class_of(None, menus.situation, {}) for one in SURROUNDINGS)
        for argument in ARGUMENTS[call]:
            # What can be chosen anywhere is answered alike in every tree.
            here = power if argument.here is NO_VALUES else f"{power}, {tree}"
            tried = self._tried.setdefault((call, argument.name, here), set())
            for basis in menus.bases(call, argument):
                for name, value in menus.of(argument, basis).items():
                    if name not in tried:
                        given = {argument.name: value}
                        if basis is not None and argument.after is not None:
                            given[argument.after] = basis
                        operation = plain_operation(call, menus, given)
                        if class_in(argument, operation, menus.situation) == name:
                            tried.add(name)
                            self._add_cell(argument.name, name, operation, reached)
        if not ARGUMENTS[call]:
            self._add_cell("", "", KINDS[call](), reached)

    def _add_cell(self, argument: str, name: str, operation: Operation, reached: Reached) -> None:
        accepted = isinstance(step(reached.situation.domain, operation, self.profile), Accepted)
        cell = Cell(operation.call, argument, name, "accepted" if accepted else "refused")
        if cell not in self.found.cells:
            self.found.cells[cell] = Shown(reached.way, operation, reached.persistent)
