"""libvirt's lifecycle events: a client that follows them knows whether a domain runs, and since when.

Source: virDomainEventType and the detail types in libvirt-domain.h; a test compares the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from snaptree.spec.operations import Operation
from snaptree.spec.state import Domain, Power

Event = tuple[int, int]
"""virDomainEventType, and the detail."""


class EventType(IntEnum):
    """virDomainEventType."""

    DEFINED = 0
    UNDEFINED = 1
    STARTED = 2
    SUSPENDED = 3
    RESUMED = 4
    STOPPED = 5
    SHUTDOWN = 6
    PMSUSPENDED = 7
    CRASHED = 8


class StartedDetail(IntEnum):
    """virDomainEventStartedDetailType: why a domain runs."""

    BOOTED = 0
    MIGRATED = 1
    RESTORED = 2
    FROM_SNAPSHOT = 3
    WAKEUP = 4


class StoppedDetail(IntEnum):
    """virDomainEventStoppedDetailType: why a domain is off."""

    SHUTDOWN = 0
    DESTROYED = 1
    CRASHED = 2
    MIGRATED = 3
    SAVED = 4
    FAILED = 5
    FROM_SNAPSHOT = 6


REFERENCE: Final[dict[type[IntEnum], tuple[str, str]]] = {
    EventType: ("virDomainEventType", "VIR_DOMAIN_EVENT_"),
    StartedDetail: ("virDomainEventStartedDetailType", "VIR_DOMAIN_EVENT_STARTED_"),
    StoppedDetail: ("virDomainEventStoppedDetailType", "VIR_DOMAIN_EVENT_STOPPED_"),
}
"""For each table its type in libvirt's reference, and what the names there begin with."""

STARTED: Final = EventType.STARTED
STOPPED: Final = EventType.STOPPED

_LEADS_TO: Final[dict[int, Power]] = {
    EventType.STARTED: "running", EventType.SUSPENDED: "paused", EventType.RESUMED: "running",
    EventType.STOPPED: "off", EventType.CRASHED: "off",
}  # fmt: skip

_DETAILS: Final[dict[int, dict[int, str]]] = {
    STARTED: {one.value: one.name for one in StartedDetail},
    STOPPED: {one.value: one.name for one in StoppedDetail},
}

_WHY: Final[dict[tuple[int, str], tuple[str, ...]]] = {
    (STARTED, "virDomainRevertToSnapshot"): ("FROM_SNAPSHOT",),
    (STOPPED, "virDomainRevertToSnapshot"): ("FROM_SNAPSHOT", "DESTROYED"),
    (STOPPED, "virDomainSnapshotCreateXML"): ("FROM_SNAPSHOT",),
    (STOPPED, "virDomainDestroy"): ("DESTROYED",),
    (STOPPED, "virDomainManagedSave"): ("SAVED",),
}
"""What an event of a call gives as its reason; ``virDomainCreate`` depends on the image."""


def told(events: Iterable[Event], power: Power) -> Power:
    """The power state according to a client that knew the one before and follows the events."""
    for event, _ in events:
        power = _LEADS_TO.get(event, power)
    return power


def wrong_event(
    operation: Operation, before: Domain, after: Domain, events: Sequence[Event]
) -> tuple[str, str] | None:
    """What is wrong with the events of a call, as (expected, seen); None if they are right.

    They have to tell of the power state that the domain is in, and each has to give the right reason.
    """
    power, wanted = told(events, before.active.power), after.active.power
    if power != wanted:
        tell = f"events that tell of a domain that is {wanted}"
        return tell, f"the domain is {power}: {[*events]}"
    return wrong_reasons(operation, before, events)


def wrong_reasons(operation: Operation, before: Domain, events: Iterable[Event]) -> tuple[str, str] | None:
    """The first reason that is not the one, as (expected, seen); None if all are right."""
    for event, detail in events:
        names = _DETAILS.get(event)
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
