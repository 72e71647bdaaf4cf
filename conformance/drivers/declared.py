"""The settings of drivers: those that a driver declares, those of the runner's own, and secrets.

A driver class declares its settings as ``settings``, a mapping from each name to what it is, and names those
that are secrets as ``secrets``. A driver in another process gives both in its answer to ``hello``. What a
base class declares is not what its subclass declares.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from snaptree.spec.text import plain

RUNNERS: Final[Mapping[str, str]] = {
    "deadline": "seconds for one call of a driver in a process of its own; five times as many to start it",
    "opening": "seconds to start a driver in a process of its own, and to open a domain",
    "qemu-bin": "the folder of qemu-img and qemu-io, as --qemu-bin",
    "insecure": "yes: do not look at the certificate of the host, as --insecure",
}
"""The settings of the runner's own, which every driver may be given."""


class UnknownDriver(ValueError):
    """No driver has that name; the text says which there are."""


class UnknownSetting(UnknownDriver):
    """The driver has no setting of that name; the text gives the nearest."""


def declared_settings(driver: type[Any]) -> Collection[str] | None:
    """The names of the settings that a driver class declares itself, None if it declares none."""
    declared = vars(driver).get("settings")
    return tuple(declared) if isinstance(declared, (Mapping, list, tuple, set, frozenset)) else None


def check_settings(driver: str, given: Iterable[str], declared: Collection[str] | None) -> None:
    """Raise UnknownSetting for a setting that the driver does not have.

    Where the driver declares none, for one that nearly has the name of one of the runner's own.
    """
    for name in given:
        if name in RUNNERS or (declared is not None and name in declared):
            continue
        every = [*dict.fromkeys([*(declared or ()), *RUNNERS])]
        near = get_close_matches(name, every, n=1, cutoff=0.75)
        if declared is None and not near:
            continue
        hint = f"; did you mean '{plain(near[0])}'?" if near else ""
        known = ", ".join(plain(one) for one in every[:20])
        raise UnknownSetting(f"{plain(driver, 200)} has no setting '{plain(name)}'{hint}; there are {known}")


_SECRET: Final = re.compile(r"pass(word|wd|phrase)?|secret|token|api-?key|private-?key", re.IGNORECASE)


def secret_values(given: Mapping[str, str], declared: Iterable[str] = ()) -> list[str]:
    """The values of the settings that are secrets: declared ones, and those whose name says so."""
    secrets = set(declared)
    return [value for name, value in given.items() if name in secrets or is_secret(name)]


def is_secret(name: str) -> bool:
    """Whether the name of a setting says that its value is a secret."""
    return any(_SECRET.fullmatch(word) for word in re.split(r"[._]|-(?!key)", name)) or (
        _SECRET.fullmatch(name) is not None
    )
