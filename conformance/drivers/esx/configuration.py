"""The configuration as the machine's extra options, which a snapshot takes along.

Each entry is an option of its own under ``PREFIX``, the place that the API keeps for
what a guest may read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

PREFIX: Final = "guestinfo.snaptree."


def changed(vim: Any, key: str, value: str) -> Any:
    """What a reconfiguration is asked for with. Documented: an empty value removes the option."""
    return vim.vm.ConfigSpec(extraConfig=[vim.option.OptionValue(key=PREFIX + key, value=value)])


def emptied(vim: Any, options: Iterable[Any] | None) -> Any:
    """What removes every entry, or None where there is none."""
    keys = sorted({option.key for option in options or () if option.key.startswith(PREFIX)})
    if not keys:
        return None
    return vim.vm.ConfigSpec(extraConfig=[vim.option.OptionValue(key=key, value="") for key in keys])


def configuration_in(options: Iterable[Any] | None) -> dict[str, str]:
    """The entries among the options of a machine or of a snapshot.

    Documented: an option is reset where it is present. One that is listed more than
    once shows as all that is listed, so that nobody takes one of them for the answer.
    """
    found: dict[str, list[str]] = {}
    for option in options or ():
        if option.key.startswith(PREFIX):
            found.setdefault(option.key.removeprefix(PREFIX), []).append(str(option.value))
    return {
        key: " and ".join(map(repr, values)) if len(values) > 1 else values[0]
        for key, values in found.items()
    }
