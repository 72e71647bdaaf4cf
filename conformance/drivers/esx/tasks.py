"""Waiting for a task, with a deadline that the error names.

It reads ``info`` by the needed paths. Not every host lets it be read as a whole (seen: vcsim 0.24.2 omits a
required property after a revert).
"""

from __future__ import annotations

import time
from typing import Any, Final

from snaptree.conformance.drivers.esx.faults import EsxError
from snaptree.conformance.drivers.esx.session import Session

_PATHS: Final = ("info.state", "info.error", "info.result", "info.progress")

_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.5
"""Seconds between two looks: short for what is done at once, longer for what takes a while."""


class TaskTimedOut(EsxError):
    """A task was not finished in time; it may still finish later."""


def finish(session: Session, task: Any, what: str, within: float) -> Any:
    """The result of a task. Raises as ``Session.ask``, and TaskTimedOut."""
    give_up = time.monotonic() + within
    pause = _FIRST_PAUSE
    while True:
        info = session.read([task], _PATHS)[0]
        state = info.get("info.state")
        if state == "success":
            return info.get("info.result")
        if state == "error":
            raise session.error_for(_fault_in(info.get("info.error")))
        if time.monotonic() > give_up:
            done = info.get("info.progress")
            raise TaskTimedOut(
                f"{what} is {state} after {within:g} s"
                + (f", {done} % of it done" if isinstance(done, int) else "")
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _fault_in(error: Any) -> BaseException:
    """The fault of a task that failed."""
    fault = getattr(error, "fault", error)
    if isinstance(fault, BaseException):
        return fault
    return EsxError(f"it failed without saying why: {error!r:.200}")
