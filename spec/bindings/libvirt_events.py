"""libvirt's lifecycle events: whoever follows them knows whether a domain runs, and since when.

Source: virDomainEventType and the detail types in libvirt-domain.h.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from snaptree.spec.operations import Operation
from snaptree.spec.state import Domain, Power

Event = tuple[int, int]
"""virDomainEventType, and the detail."""

STARTED: Final = 2
SUSPENDED: Final = 3
RESUMED: Final = 4
STOPPED: Final = 5
CRASHED: Final = 8

_LEADS_TO: Final[dict[int, Power]] = {
    STARTED: "running", SUSPENDED: "paused", RESUMED: "running", STOPPED: "off", CRASHED: "off",
}  # fmt: skip

_STARTED: Final = {0: "BOOTED", 2: "RESTORED", 3: "FROM_SNAPSHOT"}
_STOPPED: Final = {1: "DESTROYED", 4: "SAVED", 6: "FROM_SNAPSHOT"}
_WHY: Final[dict[tuple[int, str], tuple[str, ...]]] = {
    (STARTED, "virDomainRevertToSnapshot"): ("FROM_SNAPSHOT",),
    (STOPPED, "virDomainRevertToSnapshot"): ("FROM_SNAPSHOT", "DESTROYED"),
    (STOPPED, "virDomainSnapshotCreateXML"): ("FROM_SNAPSHOT",),
    (STOPPED, "virDomainDestroy"): ("DESTROYED",),
    (STOPPED, "virDomainManagedSave"): ("SAVED",),
}
"""What an event of a call gives as its reason; ``virDomainCreate`` depends on the image."""


def told(events: Iterable[Event], power: Power) -> Power:
    """The power state of somebody who knew the one before and follows the events."""
    for event, _ in events:
        power = _LEADS_TO.get(event, power)
    return power


def wrong_reasons(operation: Operation, before: Domain, events: Iterable[Event]) -> tuple[str, str] | None:
    """The first reason that is not the one, as (expected, seen); None if all are right."""
    for event, detail in events:
        names = {STARTED: _STARTED, STOPPED: _STOPPED}.get(event)
        if names is None:
            continue
        right = _WHY.get((event, operation.call))
        if (event, operation.call) == (STARTED, "virDomainCreate"):
            right = ("BOOTED",) if before.managed_save is None else ("RESTORED",)
        seen = names.get(detail, str(detail))
        if right is not None and seen not in right:
            what = "STARTED" if event == STARTED else "STOPPED"
            return f"{what} {' or '.join(right)}", f"{what} {seen}"
    return None
