"""The folder that a driver makes everything in, and what the option ``--keep`` makes of it."""

from __future__ import annotations

from pathlib import Path

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.processes.reaper import WorkFolder


def make_folder(work: Path | None, prefix: str) -> WorkFolder:
    """A fresh folder that goes with this process, however that ends. Raises DriverUnavailable."""
    try:
        return WorkFolder(work, prefix)
    except OSError as error:
        raise DriverUnavailable(f"cannot make a folder to work in: {error}") from None


class DriverFolder:
    """A fresh folder under ``options.work`` that goes at the end, unless ``options.keep`` lets it stay.

    ``kept_at`` says where it then stays, None where it goes. Raises DriverUnavailable.
    """

    def __init__(self, options: DriverOptions, prefix: str) -> None:
        self._folder = make_folder(options.work, prefix)
        self.path = self._folder.path
        self.kept_at: Path | None = None
        if options.keep:
            self.kept_at = self.path
            self._folder.leave()

    def close(self) -> None:
        """Remove it, unless it is kept; a second time does nothing."""
        if self.kept_at is None:
            self._folder.remove()

    def abandon(self) -> None:
        """Remove it in any case: the driver could not be brought up, and nobody wants to look at that."""
        self.kept_at = None
        self._folder.remove()
