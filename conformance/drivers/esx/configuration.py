"""The configuration as extra options of the machine, which a snapshot captures.

Each entry is an option of its own under ``PREFIX``, which the API reserves for options that a guest may
read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

PREFIX: Final = "guestinfo.snaptree."


def entry_spec(vim: Any, key: str, value: str) -> Any:
    """What a reconfiguration is asked for with. Documented: an empty value removes the option."""
    return vim.vm.ConfigSpec(extraConfig=[vim.option.OptionValue(key=PREFIX + key, value=value)])


def removal_spec(vim: Any, options: Iterable[Any] | None) -> Any:
    """What removes every entry, or None where there is none."""
    keys = sorted({option.key for option in options or () if option.key.startswith(PREFIX)})
    if not keys:
        return None
    return vim.vm.ConfigSpec(extraConfig=[vim.option.OptionValue(key=key, value="") for key in keys])


def configuration_in(options: Iterable[Any] | None) -> dict[str, str]:
    """The entries among the options of a machine or of a snapshot.

    Documented: setting an existing option replaces it. An option that is listed more than once shows all
    its values, so that none is taken for the right one.
    """
    found: dict[str, list[str]] = {}
    for option in options or ():
        if option.key.startswith(PREFIX):
            found.setdefault(option.key.removeprefix(PREFIX), []).append(str(option.value))
    return {
        key: " and ".join(map(repr, values)) if len(values) > 1 else values[0]
        for key, values in found.items()
    }
