"""The look-ups of one domain and what can be seen of it: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from snaptree.conformance.driver import Json, NotObserved, SnapshotId, SnapshotIds
from snaptree.conformance.drivers.esx.configuration import configuration_in
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.tree import POWER, Entry, Tree, read_tree
from snaptree.spec.outcomes import AmbiguousName, InvalidArgument, NoSuchSnapshot
from snaptree.spec.profiles import Profile

Looking = TypeVar("Looking", bound="LookedAt")
P = ParamSpec("P")
R = TypeVar("R")

Entries = list[Entry]

_OPTIONS: Final = "config.extraConfig"


def on_the_machine(method: Callable[Concatenate[Looking, P], R]) -> Callable[Concatenate[Looking, P], R]:
    """A call that a domain whose machine was removed refuses."""

    @wraps(method)
    def called(domain: Looking, /, *given: P.args, **by_name: P.kwargs) -> R:
        if domain.gone:
            raise InvalidArgument("the domain was removed")
        return method(domain, *given, **by_name)

    return called


class LookedAt:
    """A machine on a host, and the order in which its snapshots were made."""

    def __init__(self, session: Session, machine: Any, profile: Profile) -> None:
        self.session = session
        self.machine = machine
        self.profile = profile
        self.gone = False
        self.issued: dict[SnapshotId, int] = {}
        """Every snapshot that was made here, with its place in the order. No other is ever touched."""

    @on_the_machine
    def list(self) -> SnapshotIds:
        """All ids in order of creation."""
        return _ids(self.in_order(self.tree()))

    @on_the_machine
    def children(self, snapshot: SnapshotId | None = None) -> SnapshotIds:
        """Children in order of creation; the roots for None."""
        tree = self.tree()
        if snapshot is not None:
            self.found(tree, snapshot)
        return _ids(one for one in self.in_order(tree) if one.parent == snapshot)

    @on_the_machine
    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""
        return self.found(self.tree(), snapshot).parent

    @on_the_machine
    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""
        return self.tree().current

    @on_the_machine
    def lookup_by_name(self, name: str) -> SnapshotId:
        """The one snapshot that has the name."""
        bearers = [one.id for one in self.tree().entries if one.name == name]
        if len(bearers) > 1:
            raise AmbiguousName(f"{len(bearers)} snapshots are named {name!r:.300}")
        if not bearers:
            raise NoSuchSnapshot(f"no snapshot is named {name!r:.300}")
        return bearers[0]

    @on_the_machine
    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""
        return self.found(self.tree(), snapshot).id

    @on_the_machine
    def count(self) -> int:
        """How many snapshots are listed."""
        return len(self.tree().entries)

    @on_the_machine
    def observe(self) -> dict[str, Json]:
        """The tree and the configuration of every point, in two requests. Of disks nothing is seen."""
        if self.session.lost is not None:
            raise NotObserved(f"the connection is gone: {self.session.lost}")
        seen = self.session.read([self.machine], ("snapshot", "runtime.powerState", _OPTIONS))[0]
        tree = read_tree(seen.get("snapshot"))
        ordered = self.in_order(tree)
        configurations = self.session.read([one.native for one in ordered], [_OPTIONS])
        return {
            "snapshots": [
                {
                    "id": one.id,
                    "name": one.name,
                    "parent": one.parent,
                    "description": one.description,
                    "captured": one.captured,
                    "point": {"power": one.power, "configuration": configuration_in(point.get(_OPTIONS))},
                }
                for one, point in zip(ordered, configurations, strict=True)
            ],
            "current": tree.current,
            "active": {
                "power": _power(seen.get("runtime.powerState")),
                "configuration": configuration_in(seen.get(_OPTIONS)),
            },
            "managed_save": None,
            "independent": {},
        }

    # --- steps ----------------------------------------------------------------

    def tree(self) -> Tree:
        """The tree as the host has it now."""
        return read_tree(self.session.property(self.machine, "snapshot"))

    def power(self) -> str:
        """The power state now."""
        return _power(self.session.property(self.machine, "runtime.powerState"))

    def found(self, tree: Tree, snapshot: SnapshotId) -> Entry:
        """A snapshot that was made here and is in the tree. Raises NoSuchSnapshot."""
        entry = tree.find(snapshot) if snapshot in self.issued else None
        if entry is None:
            raise NoSuchSnapshot(f"no snapshot {snapshot!r:.300}")
        return entry

    def in_order(self, tree: Tree) -> Entries:
        """The entries in order of creation. One that nobody here made comes last: it is shown, not hidden."""
        last = len(self.issued) + 1
        return sorted(tree.entries, key=lambda one: self.issued.get(one.id, last))


def _power(state: Any) -> str:
    return POWER.get(state, str(state))


def _ids(entries: Iterable[Entry]) -> SnapshotIds:
    return [one.id for one in entries]
