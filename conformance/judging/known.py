"""Known deviations: what a driver is known to do otherwise, with the reason.

A TOML file per driver, so that CI stays green and tells when one is mended::

    [[deviation]]
    rule = "MERGE-26"
    operation = "merge_into_parent"
    driver_version = "7.2"        # a prefix, or a range such as ">=7.2, <9"; empty for every version
    seen = "killed by SIGSEGV"    # a piece of what was observed; empty for anything in that call
    reason = "commit does not look at the parent's other overlays"
    link = "https://…"
    owner = "storage team"        # who mends it
    expires = 2027-03-31          # the last day; afterwards the deviation fails the run
    flaky = true                  # a run that does not see it says nothing about it

The files for hypervisors that others ship are part of snaptree, one for each profile. A report of a former
run is such a list too, its baseline: what it has found does not fail the next run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.judging.versions import is_range, range_fault, version_fits
from snaptree.spec.files import MOST_OF_A_PROFILE, read_regular, write_whole
from snaptree.spec.text import did_you_mean

FILL_IN: Final = "FILL IN: why this deviation is accepted"
"""What ``--update-deviations`` writes for a reason; a file that still has it is refused."""


class KnownDeviationsError(ValueError):
    """An unusable file of known deviations; the text gives the place and the reason."""


@dataclass(frozen=True)
class Known:
    """One accepted deviation.

    ``expires`` is the last day on which it is accepted. A ``flaky`` one may be absent from a run without
    being mended. ``id`` is that of a deviation in a report; it alone decides then.
    """

    rule: str
    operation: str
    reason: str
    driver_version: str = ""
    seen: str = ""
    link: str = ""
    owner: str = ""
    expires: date | None = None
    flaky: bool = False
    id: str = ""

    def expired(self, today: date) -> bool:
        """Whether it is accepted no longer."""
        return self.expires is not None and today > self.expires

    def matches(self, found: Deviation) -> bool:
        """Whether a deviation is this one: the same rule and call, and the text seen."""
        if self.id:
            return self.id == found.id
        same = self.rule == found.rule and self.operation == found.operation.call
        return same and self.seen in found.observed


def shipped_known(profile: str) -> Path | None:
    """The shipped file for the hypervisors of a profile, None if there is none."""
    if not profile.replace("-", "").isalnum():
        return None  # a name from a file of the user's own; it never becomes a path
    path = Path(str(files("snaptree.conformance.judging"))) / "known_deviations" / f"{profile}.toml"
    return path if path.is_file() else None


def read_known(path: Path, driver_version: str) -> list[Known]:
    """The entries for this version of the driver.

    Raises KnownDeviationsError, in one sentence, for a missing or malformed file.
    """
    known = _entries(path, _text_of(path))
    return [entry for entry in known if version_fits(driver_version, entry.driver_version)]


def _text_of(path: Path) -> str:
    try:
        # Line ends stay as they are: the text may be written back.
        return read_regular(path, MOST_OF_A_PROFILE).decode("utf-8")
    except OSError as error:
        raise KnownDeviationsError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError as error:
        raise KnownDeviationsError(f"{path}: not TOML: {error}") from None


def _entries(path: Path, text: str) -> list[Known]:
    try:
        record = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise KnownDeviationsError(f"{path}: not TOML: {error}") from None
    entries = record.get("deviation", [])
    if not isinstance(entries, list) or set(record) - {"deviation"}:
        raise KnownDeviationsError(f"{path}: holds [[deviation]] tables and nothing else")
    return [_entry(path, number, entry) for number, entry in enumerate(entries, start=1)]


_TEXTS: Final = ("rule", "operation", "reason", "driver_version", "seen", "link", "owner")
_KEYS: Final = (*_TEXTS, "expires", "flaky")


def _entry(path: Path, number: int, entry: object) -> Known:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key, ""), str) for key in _TEXTS):
        raise KnownDeviationsError(f"{path}: deviation {number}: every value is text")
    wrong = [f"unknown key {key!r}{did_you_mean(key, _KEYS)}" for key in sorted(set(entry) - set(_KEYS))]
    wrong += [f"{key!r} is missing" for key in _TEXTS[:3] if not entry.get(key)]
    version = entry.get("driver_version", "")
    fault = range_fault(version) if is_range(version) else None
    wrong += [f"driver_version: {fault}"] if fault else []
    expires = entry.get("expires")
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        wrong.append("expires is a day, such as 2027-03-31, without quotes")
    if not isinstance(entry.get("flaky", False), bool):
        wrong.append("flaky is true or false")
    if wrong:
        raise KnownDeviationsError(f"{path}: deviation {number}: {', '.join(wrong)}")
    if entry["reason"] == FILL_IN:
        raise KnownDeviationsError(
            f"{path}: deviation {number} ({entry['rule']}): the reason must be filled in"
        )
    return Known(**entry)


def add_known(path: Path, found: Iterable[Deviation], driver_version: str) -> int:
    """Add new deviations of this version to the file; returns how many were added.

    All that the file has stays as it is, comments and the entries of other versions included. The user must
    fill in the reason of a new entry before the file is accepted. Raises KnownDeviationsError.
    """
    # TOML has no half characters, and what the driver matches by is the beginning of its version.
    version = "".join(takewhile(str.isprintable, driver_version))
    new = {pair: None for one in found for pair in ((one.rule, one.operation.call), *one.also_as)}
    if not new:
        return 0
    # Loaded where it is needed: few runs write such a file.
    import tomlkit
    from tomlkit.items import AoT

    text = _text_of(path) if path.exists() else ""
    document = tomlkit.parse(text)
    tables: Any = document.setdefault("deviation", tomlkit.aot())
    for rule, operation in new:
        entry = tomlkit.table() if isinstance(tables, AoT) else tomlkit.inline_table()
        entry.update({"rule": rule, "operation": operation, "reason": FILL_IN})
        if version:
            entry["driver_version"] = version
        if isinstance(tables, AoT):
            entry.add(tomlkit.nl())
        tables.append(entry)
    try:
        write_whole(path.resolve(), tomlkit.dumps(document).encode("utf-8"))
    except OSError as error:
        raise KnownDeviationsError(f"{path}: {error.strerror or 'cannot be written'}") from None
    return len(new)
