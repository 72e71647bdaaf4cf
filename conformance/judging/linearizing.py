"""Finds an order in which the calls of a history took effect, or shows that there is none.

The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993) with Lowe's memory of
what was tried ("Testing for linearizability", 2017). A call whose answer is right where the search stands,
and that changes nothing, is taken at once: it could only become harder to explain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snaptree.conformance.engine.answers import Returned
from snaptree.conformance.judging.inferred_order import infer, may_have_effect
from snaptree.conformance.judging.moments import Fingerprints, Moment, explanations
from snaptree.conformance.sequences.history import Call
from snaptree.spec import operations as ops

MOST_NODES: Final = 50_000
"""The moments that one search visits at most; then it is undecided."""

FRONTIER: Final = 16
"""The moments that are kept of those that came furthest."""

_LONG_AGO: Final = -(2**64)
_NEVER: Final = 2**64

Result = Literal["explained", "unexplained", "undecided"]


@dataclass(frozen=True)
class Search:
    """What a search found.

    ``order`` are the numbers of the calls that took effect, in an order that explains the history. Without
    one, ``stuck_at`` is the first call, by its end, that no order explains with all that ended before it,
    and ``frontier`` are moments at which it would have had to take effect. With one, the frontier is where
    it ends.
    """

    result: Result
    order: tuple[int, ...]
    nodes: int
    stuck_at: int | None
    frontier: tuple[Moment, ...]


def linearize(
    calls: Sequence[Call], first: Moment, *, until: int | None = None, most_nodes: int = MOST_NODES
) -> Search:
    """Look for an order of the calls, which stand in the order in which they began.

    ``until`` ends the history there: calls that began later are left out, and those that ended later have
    their effect or not, with the answers that they got.
    """
    return _Search(calls, first, until, most_nodes).run()


class _Node:
    """A moment and the calls that took effect before it; what to try next is made when it is reached."""

    __slots__ = ("choices", "done", "latest", "moment", "start", "taken", "waiting")

    def __init__(
        self, moment: Moment, done: int, start: int, waiting: tuple[int, ...], latest: int, taken: list[int]
    ) -> None:
        self.moment = moment
        self.done = done
        """One bit for each required call that took effect, by its place."""
        self.start = start
        """The place of the first required call that did not."""
        self.waiting = waiting
        """The numbers of the other calls, which need not have an effect."""
        self.latest = latest
        """When the last of the calls began that took effect."""
        self.taken = taken
        """The numbers of the calls that took effect since the node before."""
        self.choices: Iterator[_Node] = iter(())


class _Search:
    def __init__(self, calls: Sequence[Call], first: Moment, until: int | None, most_nodes: int) -> None:
        self.calls = calls = [call for call in calls if until is None or call.begin <= until]
        counts = [_counts(call, until) for call in calls]
        self.required = [number for number, one in enumerate(counts) if one]
        self.optional = tuple(
            number for number, call in enumerate(calls) if not counts[number] and may_have_effect(call)
        )
        inferred = infer(calls, frozenset(first.identities.to_model), first.profile, counts)
        self.needs, self.inferred = self._needs(inferred.before), inferred
        self.deadlines = _deadlines(calls)
        self.first = first
        self.most_nodes = most_nodes
        self.nodes = 0
        self.tried: set[tuple[int, int, tuple[int, ...], bytes]] = set()
        self.keys = Fingerprints()
        self.furthest = _LONG_AGO
        self.stuck_at: int | None = None
        self.frontier: list[Moment] = []

    def _needs(self, before: list[set[int]]) -> list[tuple[int, frozenset[int]]]:
        """For each call those before it: required ones as bits by place, the others by number."""
        places = {number: place for place, number in enumerate(self.required)}
        found: list[tuple[int, frozenset[int]]] = []
        for earlier in before:
            bits = sum(1 << places[number] for number in earlier if number in places)
            found.append((bits, frozenset(number for number in self.optional if number in earlier)))
        return found

    def run(self) -> Search:
        """Search depth first; each node of the path holds the choices that are left."""
        path = [_Node(self.first, 0, 0, self.optional, _LONG_AGO, [])]
        if self._enter(path[0]):
            return self._found(path)
        while path:
            node = next(path[-1].choices, None)
            if node is None:
                path.pop()
                continue
            self.nodes += 1
            if self.nodes > self.most_nodes:
                return self._without_order("undecided")
            if self._enter(node):
                return self._found([*path, node])
            if not self._was_tried(node):
                path.append(node)
        return self._without_order("unexplained")

    def _found(self, path: list[_Node]) -> Search:
        order = tuple(number for node in path for number in node.taken)
        return Search("explained", order, self.nodes, None, (path[-1].moment,))

    def _without_order(self, result: Result) -> Search:
        return Search(result, (), self.nodes, self.stuck_at, tuple(self.frontier))

    def _enter(self, node: _Node) -> bool:
        """Take what changes nothing, and prepare the choices; True if every required call took effect."""
        while True:
            candidates, bound = self._candidates(node)
            if not [number for number in candidates if self._take_neutral(number, node)]:
                break
        node.choices = self._choices(node, candidates, bound)
        return node.start >= len(self.required)

    def _take_neutral(self, number: int, node: _Node) -> bool:
        """Take a call that is right here and changes nothing, unless it ends the time of another one."""
        call = self.calls[number]
        if may_have_effect(call) or any(
            self.deadlines.get(one, call.begin) < call.begin for one in node.waiting
        ):
            return False
        after = next(explanations(node.moment, call), None)
        if after is None or len(after.identities.to_driver) > len(node.moment.identities.to_driver):
            return False
        node.moment = after
        self._mark(node, number)
        return True

    def _mark(self, node: _Node, number: int) -> None:
        place = bisect_left(self.required, number)
        node.done |= 1 << place
        node.taken.append(number)
        node.latest = max(node.latest, self.calls[number].begin)
        while node.done >> node.start & 1:
            node.start += 1

    def _candidates(self, node: _Node) -> tuple[list[int], int]:
        """The required calls that may be next, and the end of the first that is left.

        None of those left had ended when they began. They stand in the order in which they end.
        """
        calls, done, bound = self.calls, node.done, _NEVER
        left: list[int] = []
        for place in range(node.start, len(self.required)):
            number = self.required[place]
            if calls[number].begin > bound:
                break
            if not done >> place & 1:
                left.append(number)
                bound = min(bound, _end(calls[number]))
        left.sort(key=lambda number: _end(calls[number]))
        if left:
            self._note(node, bound, left[0])
        due = [number for number in left if calls[number].begin <= bound and self._is_due(number, node)]
        return due, bound

    def _is_due(self, number: int, node: _Node) -> bool:
        bits, others = self.needs[number]
        if node.done & bits != bits or (others and others.intersection(node.waiting)):
            return False
        return self._may_be_born(number, node)

    def _may_be_born(self, number: int, node: _Node) -> bool:
        """Whether a new snapshot would have a parent and disks that later looks can explain."""
        parents, disks = self.inferred.parents.get(number), self.inferred.contents.get(number)
        if parents is not None and node.moment.current_id() not in (*parents, ""):
            return False
        return disks is None or bool(disks == node.moment.domain.active.seen["disks"])

    def _note(self, node: _Node, bound: int, number: int) -> None:
        """Remember how far the search came: the end of the first call that is left, and where it stood."""
        if bound > self.furthest:
            self.furthest, self.stuck_at, self.frontier = bound, number, []
        if bound == self.furthest and len(self.frontier) < FRONTIER and node.moment not in self.frontier:
            self.frontier.append(node.moment)

    def _choices(self, node: _Node, candidates: list[int], bound: int) -> Iterator[_Node]:
        told = self.inferred.parents.keys() | self.inferred.contents.keys()
        # A create that fits what looks showed of it fits here, and may fit nowhere after another change.
        for number in sorted(candidates, key=lambda one: one not in told):
            for after in explanations(node.moment, self.calls[number]):
                choice = _Node(after, node.done, node.start, node.waiting, node.latest, [])
                self._mark(choice, number)
                yield choice
        for number in node.waiting:
            call = self.calls[number]
            in_time = call.begin <= bound and node.latest <= self.deadlines.get(number, _NEVER)
            if not in_time or not self._is_due(number, node):
                continue
            rest = tuple(one for one in node.waiting if one != number)
            for after in explanations(node.moment, call):
                if after.domain is not node.moment.domain:
                    yield _Node(after, node.done, node.start, rest, max(node.latest, call.begin), [number])

    def _was_tried(self, node: _Node) -> bool:
        key = (node.start, node.done >> node.start, node.waiting, self.keys.key(node.moment))
        if key in self.tried:
            return True
        self.tried.add(key)
        return False


def _end(call: Call) -> int:
    return _NEVER if call.end is None else call.end


def _counts(call: Call, until: int | None) -> bool:
    """Whether a call has an answer by then, which every order has to explain."""
    return call.is_answered and (until is None or _end(call) <= until)


def _deadlines(calls: Sequence[Call]) -> dict[int, int]:
    """For calls without an answer, the end of the first recovery after they began."""
    recoveries = [
        _end(call)
        for call in calls
        if isinstance(call.operation, ops.Crash) and isinstance(call.answer, Returned)
    ]
    found: dict[int, int] = {}
    for number, call in enumerate(calls):
        ends = [end for end in recoveries if end >= call.begin]
        if not call.is_answered and ends:
            found[number] = min(ends)
    return found
