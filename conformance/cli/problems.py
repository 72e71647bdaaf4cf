"""The errors of a run that a user can cause: one clear message and an exit code each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from snaptree.conformance.reports.words import plain

CONFORMS: Final = 0
DEVIATES: Final = 1
WRONG_USAGE: Final = 2
UNAVAILABLE: Final = 3
NOTHING_TESTED: Final = 4
OUR_FAULT: Final = 5
INCOMPLETE: Final = 6
INTERRUPTED: Final = 130
UNREAD: Final = 141
"""The exit code after SIGPIPE. Never 0: stdout was closed early, so the verdict was not printed."""

LEGEND: Final = (
    "Exit codes: 0 no deviation; 1 deviates; 2 wrong usage; 3 the driver or its host could not be "
    "started or gave out; 4 nothing was tested; 5 a defect of snaptree; 6 incomplete: "
    "the budget ended the run before a method was done; 130 interrupted; 141 stdout was closed early."
)


class Problem(Exception):
    """A message for the user, and its exit code."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def install_hint(install: str | None) -> str:
    """A line that says how to install what is missing, as the driver tells it; empty if it tells nothing."""
    return f"\ninstall it with: {plain(install, 500)}" if install else ""


@contextmanager
def problem_exits() -> Iterator[None]:
    """Turn every error that a user can cause into a Problem."""
    try:
        yield
    except Exception as error:
        problem = _problem_of(error)
        if problem is None:
            raise
        raise problem from None


def _problem_of(error: Exception) -> Problem | None:
    """The message and exit code of an error that a user can cause; None for a fault of ours."""
    # Imported here, so that a command which meets no error does not load all the rooms that can raise one.
    from snaptree.conformance.driver import DriverUnavailable
    from snaptree.conformance.drivers import UnknownDriver
    from snaptree.conformance.judging.known import KnownDeviationsError
    from snaptree.conformance.running.prepare import NotJudgeable
    from snaptree.conformance.running.request import BadBound
    from snaptree.conformance.sequences.json_lines import TraceError
    from snaptree.conformance.shell.scenario import ScenarioError
    from snaptree.spec.examples import UnknownExample
    from snaptree.spec.profiles import ProfileError
    from snaptree.spec.rules import UnknownRule

    match error:
        case DriverUnavailable():
            return Problem(f"{plain(str(error), 2000, lines=True)}{install_hint(error.install)}", UNAVAILABLE)
        case NotJudgeable():
            return Problem(plain(str(error), 2000, lines=True), UNAVAILABLE)
        case (
            BadBound()
            | UnknownDriver()
            | ProfileError()
            | KnownDeviationsError()
            | TraceError()
            | UnknownExample()
            | ScenarioError()
        ):
            return Problem(plain(str(error), 2000), WRONG_USAGE)
        case UnknownRule():
            return Problem(plain(str(error), 500), WRONG_USAGE)
        case _:
            return None
