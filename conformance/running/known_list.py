"""The known deviations of a run: from the given file, else from the shipped one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers import shipped_driver
from snaptree.conformance.judging.known import Known, read_known, shipped_known
from snaptree.conformance.running.heading import Heading

NO_DEVIATIONS: Final = "none"
"""In place of a file of known deviations: every deviation counts, also one that comes with snaptree."""


@dataclass(frozen=True)
class KnownList:
    """The known deviations of a run, and their file, if there is one."""

    path: Path | None = None
    entries: tuple[Known, ...] = ()


def known_list(given: str | None, heading: Heading, *, may_be_new: bool = False) -> KnownList:
    """The known deviations of the driver: from the given file, else from the shipped one.

    ``may_be_new`` is for a file that will be written. Raises KnownDeviationsError.
    """
    if given == NO_DEVIATIONS:
        return KnownList()
    path = Path(given) if given is not None else None
    if path is None:
        shipped = shipped_driver(heading.asked)
        path = shipped_known(heading.profile.name) if shipped is not None and shipped.foreign else None
    if path is None or (may_be_new and not path.exists()):
        return KnownList(path)
    return KnownList(path, tuple(read_known(path, heading.driver_version)))
