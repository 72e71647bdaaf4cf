"""The heading of a report: everything that is needed to repeat the run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from snaptree.conformance.driver import Pace
from snaptree.conformance.drivers.components import Component
from snaptree.spec.profiles import Profile


@dataclass(frozen=True)
class Heading:
    """The heading of a report: everything that is needed to repeat the run.

    ``asked`` is the driver's name as given; ``options`` are the options that a replay needs too. ``pace``
    chose the default number of sequences. ``components`` are the files of the system that it drives.
    """

    asked: str
    driver: str
    driver_version: str
    profile: Profile
    snaptree_version: str
    seed: int
    jobs: int
    options: tuple[str, ...] = ()
    pace: Pace = "ordinary"
    components: tuple[Component, ...] = ()

    @property
    def title(self) -> str:
        """The driver as given and as it names itself: a subclass often has its parent's name."""
        own = f"{self.driver} {self.driver_version}"
        return own if self.asked == self.driver else f"{self.asked} ({own})"


def snaptree_version() -> str:
    """The version of the installed package."""
    try:
        return version("snaptree")
    except PackageNotFoundError:
        return "not installed"
