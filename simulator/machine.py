"""The machine: all calls together, and the look-ups."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.simulator.admission import admit_snapshot, look_up
from snaptree.simulator.libvirt_calls import LibvirtCalls
from snaptree.simulator.nodes import Node
from snaptree.spec.outcomes import AmbiguousName, NoSuchSnapshot

Ids = list[str]


class Machine(LibvirtCalls):
    """One simulated domain. Its methods are the calls of the specification."""

    @look_up
    def list(self) -> Ids:
        """All ids in order of creation."""
        return [*self.nodes]

    @look_up
    def count(self) -> int:
        """How many snapshots are listed."""
        return len(self.nodes)

    @look_up
    def children(self, snapshot: str | None = None) -> Ids:
        """The children of a snapshot, or of the base."""
        if snapshot is None:
            return [node.key for node in self.above(self.ground)]
        admit_snapshot(self, snapshot)
        return [node.key for node in self.above(self.nodes[snapshot])]

    @look_up
    def parent(self, snapshot: str) -> str | None:
        """The parent of a snapshot."""
        admit_snapshot(self, snapshot)
        below = self.nodes[snapshot].over
        return None if below is None else self.id_of(below)

    @look_up
    def current(self) -> str | None:
        """The current snapshot."""
        return self.id_of(self.at)

    @look_up
    def lookup_by_id(self, snapshot: str) -> str:
        """The id itself."""
        admit_snapshot(self, snapshot)
        return snapshot

    @look_up
    def lookup_by_name(self, name: str) -> str:
        """The snapshot with that name; the profile decides between several."""
        bearers = [node for node in self.nodes.values() if node.name == name]
        if not bearers:
            raise NoSuchSnapshot(f"no snapshot is called {name[:40]!r}")
        order = self.profile.names.lookup
        if len(bearers) > 1 and order == "ambiguous":
            raise AmbiguousName(f"{len(bearers)} snapshots are called {name[:40]!r}")
        walk = self._deep() if order == "first-depth-first" else self.tower(self.ground)
        return next(node.key for node in walk if node in bearers)

    def _deep(self) -> Iterator[Node]:
        waiting = [self.ground]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(self.above(node)))

    def close(self) -> None:
        """Does nothing: the machine holds no resource outside this process."""
