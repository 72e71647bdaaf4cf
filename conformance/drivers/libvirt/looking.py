"""The look-ups of one domain and what can be seen of it: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from snaptree.conformance.driver import Json, SnapshotId, SnapshotIds
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.library import NO_METADATA, judged
from snaptree.conformance.drivers.libvirt.tree import Tree
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Power

Looking = TypeVar("Looking", bound="LookedAt")
P = ParamSpec("P")
R = TypeVar("R")

_POWER: Final[Mapping[int, Power]] = {1: "running", 3: "paused", 5: "off", 6: "off"}
"""virDomainState: running, paused, shut off, crashed."""


def judged_call(
    method: Callable[Concatenate[Looking, P], R],
) -> Callable[Concatenate[Looking, P], R]:
    """A call whose libvirt errors are refusals where they mean one."""

    @wraps(method)
    def called(domain: Looking, /, *given: P.args, **by_name: P.kwargs) -> R:
        with judged(domain.libvirt, method.__name__):
            return method(domain, *given, **by_name)

    return called


class LookedAt:
    """A domain of any libvirt driver, without a look at its disks."""

    def __init__(self, libvirt: Any, native: Any, profile: Profile) -> None:
        self.libvirt = libvirt
        self.native = native
        self.profile = profile
        self.tree = Tree(libvirt, native)

    @judged_call
    def list(self) -> SnapshotIds:
        """All ids in order of creation."""
        return self.tree.names()

    @judged_call
    def children(self, snapshot: SnapshotId | None = None) -> SnapshotIds:
        """Children in order of creation; the roots for None."""
        return self.tree.roots() if snapshot is None else self.tree.children(self.tree.find(snapshot))

    @judged_call
    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""
        return self.tree.parent(self.tree.find(snapshot))

    @judged_call
    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""
        return self.tree.current()

    @judged_call
    def lookup_by_name(self, name: str) -> SnapshotId:
        """The snapshot that has the name."""
        found: str = self.tree.find(name).getName()
        return found

    @judged_call
    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The same: the name is the id."""
        return self.lookup_by_name(snapshot)

    @judged_call
    def count(self) -> int:
        """How many snapshots are listed."""
        found: int = self.native.snapshotNum(0)
        return found

    @judged_call
    def observe(self) -> dict[str, Json]:
        """The tree and what the documents say. What disks hold, a subclass may add."""
        return {
            "snapshots": [self._seen(one) for one in self.tree.all()],
            "current": self.tree.current(),
            "active": {"power": self.power(), "configuration": self.configuration()},
            "managed_save": {} if self.native.hasManagedSaveImage(0) else None,
            "independent": {},
        }

    def _seen(self, one: Any) -> dict[str, Json]:
        """One snapshot. What its disks hold, a subclass may add to the point."""
        name = one.getName()
        document = documents.read_snapshot(one.getXMLDesc(0))
        return {"id": name, "name": name, "parent": self.tree.parent(one), **document}

    def power(self) -> str:
        """The power state now."""
        state, _ = self.native.state(0)
        return _POWER.get(state, f"state {state}")

    def configuration(self) -> dict[str, str]:
        """What the domain's metadata holds now."""
        element = self.libvirt.VIR_DOMAIN_METADATA_ELEMENT
        try:
            return documents.read_metadata(self.native.metadata(element, documents.NAMESPACE, 0))
        except self.libvirt.libvirtError as error:
            # A transient domain that is off, which there should not be, has none either.
            if error.get_error_code() == NO_METADATA or not self.native.isPersistent():
                return {}
            raise
