"""The lifecycle events of one domain, call by call.

libvirt passes them to an event loop. If no thread runs one, this module runs it until all waiting events
were delivered; otherwise it waits until the loop has delivered them.
"""

from __future__ import annotations

import threading
from typing import Any, Final

PATIENCE: Final = 1.0
"""Seconds that the events of a call may lag behind it, where a process or a daemon sends them."""

_LEADS_TO: Final = {2: (1,), 3: (3,), 4: (1,), 5: (5, 6)}
"""virDomainEventType to virDomainState: what the domain is after a start, suspend, resume or stop."""


class Events:
    """What happened since the last ``begin``. ``pumped``: nobody else runs libvirt's event loop."""

    def __init__(self, libvirt: Any, domain: Any, *, pumped: bool) -> None:
        self._libvirt = libvirt
        self._domain = domain
        self._pumped = pumped
        self._heard: list[tuple[int, int]] = []
        self._callback: int | None = None
        self._more = threading.Event()
        self.last: list[list[int]] | None = None

    def begin(self) -> None:
        """Start the list of events of the next call."""
        if self._callback is None:
            lifecycle = self._libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
            self._callback = self._domain.connect().domainEventRegisterAny(
                self._domain, lifecycle, self._hear, None
            )
        self._wait_for_loop()
        self._heard.clear()
        self.last = None

    def settle(self) -> None:
        """Hear what the call has set off; with a loop of somebody else's, until it explains the state."""
        self._wait_for_loop()
        if not self._pumped:
            deadline = PATIENCE
            while deadline > 0 and not self._explains():
                self._more.clear()
                self._more.wait(0.05)
                deadline -= 0.05
        self.last = [list(one) for one in self._heard]

    def close(self) -> None:
        """Hear no more."""
        if self._callback is not None:
            self._domain.connect().domainEventDeregisterAny(self._callback)
            self._callback = None

    def _hear(self, _connection: Any, _domain: Any, event: int, detail: int, _opaque: Any) -> None:
        self._heard.append((event, detail))
        self._more.set()

    def _explains(self) -> bool:
        led = [_LEADS_TO[event] for event, _ in self._heard if event in _LEADS_TO]
        try:
            state, _ = self._domain.state(0)
        except self._libvirt.libvirtError:
            return True
        return not led or state in led[-1]

    def _wait_for_loop(self) -> None:
        """Until a timer that is due now has been served: events wait on an earlier one."""
        served = threading.Event()

        def serve(timer: int, _opaque: Any) -> None:
            served.set()
            self._libvirt.virEventRemoveTimeout(timer)

        self._libvirt.virEventAddTimeout(0, serve, None)
        if self._pumped:
            while not served.is_set():
                self._libvirt.virEventRunDefaultImpl()
        else:
            served.wait(PATIENCE)
