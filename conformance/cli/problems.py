"""What can go wrong before, around and after a run: one clear message and an exit code each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers import UnknownDriver
from snaptree.conformance.known import KnownDeviationsError
from snaptree.conformance.reports.words import plain
from snaptree.conformance.request import BadBound, NotJudgeable
from snaptree.conformance.traces import TraceError
from snaptree.spec.examples import UnknownExample
from snaptree.spec.profiles import ProfileError
from snaptree.spec.rules import UnknownRule

CONFORMS: Final = 0
DEVIATES: Final = 1
WRONG_USAGE: Final = 2
UNAVAILABLE: Final = 3
NOTHING_TESTED: Final = 4
OUR_FAULT: Final = 5
INTERRUPTED: Final = 130
UNREAD: Final = 141
"""As of a program that SIGPIPE ended. Never 0: whoever closed the output was not told a verdict."""

LEGEND: Final = (
    "Exit codes: 0 conforms; 1 deviates; 2 wrong usage; 3 the driver or its host could not be "
    "brought up; 4 nothing was tested; 5 a fault of snaptree; 130 interrupted; 141 the output was closed."
)


class Problem(Exception):
    """A message for the person at the terminal, and the exit code that goes with it."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@contextmanager
def problems_told() -> Iterator[None]:
    """Turn every error that a user can cause into a Problem."""
    try:
        yield
    except DriverUnavailable as error:
        hint = f"\ninstall it with: {error.install}" if error.install else ""
        raise Problem(f"{plain(str(error), 2000, lines=True)}{hint}", UNAVAILABLE) from None
    except NotJudgeable as error:
        raise Problem(plain(str(error), 2000, lines=True), UNAVAILABLE) from None
    except (
        BadBound,
        UnknownDriver,
        ProfileError,
        KnownDeviationsError,
        TraceError,
        UnknownExample,
    ) as error:
        raise Problem(plain(str(error), 2000), WRONG_USAGE) from None
    except UnknownRule as error:
        raise Problem(plain(str(error), 500), WRONG_USAGE) from None
