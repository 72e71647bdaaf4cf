"""The seconds that a call to a driver may take: the settings ``deadline`` and ``opening`` change them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.remote.deadlines import BRINGING_UP, read_deadlines
from snaptree.conformance.running.watching import Patience

OWN: Final = frozenset({"deadline", "opening"})
"""The settings that the runner follows."""

SERVED: Final = frozenset({"exec", "remote", "libvirt"})
"""Drivers in a process of their own: they take these settings themselves."""


def patience_of(options: DriverOptions) -> Patience:
    """The seconds that calls may take. Raises ProfileError for what is no number of seconds."""
    deadlines = read_deadlines(options.settings, BRINGING_UP)
    return Patience(deadlines.call, deadlines.opening)


def options_for_driver(name: str, options: DriverOptions) -> DriverOptions:
    """The options without the settings that the runner itself follows, for a driver that does not."""
    if name.partition(":")[0] in SERVED or OWN.isdisjoint(options.settings):
        return options
    own = {key: value for key, value in options.settings.items() if key not in OWN}
    return replace(options, settings=own)
