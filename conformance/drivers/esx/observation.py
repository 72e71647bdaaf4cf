"""What can be seen of it: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from snaptree.conformance.driver import Json, NotObserved
from snaptree.conformance.drivers.esx.configuration import configuration_in
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.tree import POWER, HostTree, read_tree
from snaptree.conformance.drivers.kit.look_ups import LookUps
from snaptree.conformance.drivers.kit.order import CreationOrder
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.spec.outcomes import InvalidArgument
from snaptree.spec.profiles import Profile

_OPTIONS: Final = "config.extraConfig"


class ObservableMachine(LookUps):
    """A machine on a host, and the order in which its snapshots were made."""

    def __init__(self, session: Session, machine: Any, profile: Profile) -> None:
        self.session = session
        self.machine = machine
        self.profile = profile
        self.gone = False
        self.made = CreationOrder()
        """Every snapshot that was made here. No other is ever touched."""

    @contextmanager
    def translation(self, call: str) -> Iterator[None]:
        """A domain whose machine was removed refuses every call; the session has translated all faults."""
        if self.gone:
            raise InvalidArgument("the domain was removed")
        yield

    def catalogue(self) -> HostTree:
        """The tree as the host has it now, read at once."""
        return read_tree(self.session.property(self.machine, "snapshot"), self.made)

    @translate_errors
    def observe(self) -> dict[str, Json]:
        """The tree and the configuration of every point, in two requests. Of disks nothing is seen."""
        if self.session.lost is not None:
            raise NotObserved(f"the connection is gone: {self.session.lost}")
        seen = self.session.read([self.machine], ("snapshot", "runtime.powerState", _OPTIONS))[0]
        tree = read_tree(seen.get("snapshot"), self.made)
        configurations = self.session.read([one.handle for one in tree.entries], [_OPTIONS])
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
                for one, point in zip(tree.entries, configurations, strict=True)
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

    def power(self) -> str:
        """The power state now."""
        return _power(self.session.property(self.machine, "runtime.powerState"))


def _power(state: Any) -> str:
    return POWER.get(state, str(state))
