"""The known deviations of a run: from the given file, else from the shipped one, and from a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers import shipped_driver
from snaptree.conformance.judging.baseline import Baseline, read_baseline
from snaptree.conformance.judging.known import Known, KnownDeviationsError, read_known, shipped_known
from snaptree.conformance.running.heading import Heading

NO_DEVIATIONS: Final = "none"
"""In place of a file of known deviations: every deviation counts, also one that comes with snaptree."""


@dataclass(frozen=True)
class KnownList:
    """The known deviations of a run, and their file, if there is one.

    ``expired`` are entries of the file that are accepted no longer. ``entries`` has the deviations of the
    ``baseline`` too, after those of the file.
    """

    path: Path | None = None
    entries: tuple[Known, ...] = ()
    expired: tuple[Known, ...] = ()
    baseline: Baseline | None = None

    @property
    def listed(self) -> tuple[Known, ...]:
        """The entries of the file."""
        return tuple(entry for entry in self.entries if not entry.id)


def known_list(
    given: str | None,
    heading: Heading,
    *,
    may_be_new: bool = False,
    baseline: Path | None = None,
    today: date | None = None,
) -> KnownList:
    """The known deviations of the driver: from the given file, else from the shipped one.

    ``may_be_new`` is for a file that will be written. Entries are accepted up to their last day, which
    ``today`` may be. Raises KnownDeviationsError.
    """
    path = None if given in (None, NO_DEVIATIONS) else Path(str(given))
    if given is None:
        shipped = shipped_driver(heading.asked)
        path = shipped_known(heading.profile.name) if shipped is not None and shipped.foreign else None
    read: list[Known] = []
    if path is not None and not (may_be_new and not path.exists()):
        read = read_known(path, heading.driver_version)
    day = date.today() if today is None else today
    former = None if baseline is None else _fitting(read_baseline(baseline), heading)
    return KnownList(
        path,
        (
            *(entry for entry in read if not entry.expired(day)),
            *(() if former is None else former.deviations),
        ),
        tuple(entry for entry in read if entry.expired(day)),
        former,
    )


def _fitting(found: Baseline, heading: Heading) -> Baseline:
    """The baseline, if it is of this driver and profile. Raises KnownDeviationsError."""
    here = (heading.driver, heading.profile.name)
    if (found.driver, found.profile) != here:
        raise KnownDeviationsError(
            f"{found.path}: the baseline is of {found.driver} under profile {found.profile}, "
            f"this run of {here[0]} under {here[1]}"
        )
    return found
