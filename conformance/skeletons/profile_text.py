"""A profile as a file to edit: every key that there is, with its meaning and its default, from the schema."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from snaptree.schemas import json_schema
from snaptree.spec.profiles import Profile, record_of
from snaptree.spec.state import POWER_STATES

_WIDTH: Final = 100

_NONE: Final[Mapping[str, Any]] = {
    "operations": False,
    "features": False,
    "power": list(POWER_STATES),
    "atomicity": "nothing",
    "durability": "none",
    "observes": "never",
    "libvirt": [],
}
"""What a key of these tables means where it is left out."""


def profile_text(claims: Mapping[str, Any]) -> str:
    """The TOML of a profile: the claims given, and all else as a comment with its default.

    ``claims`` has the form of a profile's file.
    """
    properties = json_schema("profile")["properties"]
    tables = {key: entry for key, entry in properties.items() if _is_table(entry)}
    parts = [
        *_comment(
            f"The claims of {claims['name']}. A run tests each claim, and that what is not claimed is "
            "refused. Every key that there is stands here; a line such as '# key = value' shows the default. "
            "Claim what your driver does, and nothing else."
        ),
        "",
    ]
    for key, entry in properties.items():
        if key not in tables:
            parts += [*_entry(key, entry, claims.get(key), _default(key)), ""]
    for key, entry in tables.items():
        parts += [*_table(key, entry, claims.get(key)), ""]
    return "\n".join(parts)


def _is_table(entry: Mapping[str, Any]) -> bool:
    kinds = [entry.get("type"), *(one.get("type") for one in entry.get("oneOf", ()))]
    return "object" in kinds or "array" in kinds


def _default(key: str) -> Any:
    """The default of a key at the top; None for a key that has none."""
    return record_of(Profile("")).get(key)


def _entry(key: str, entry: Mapping[str, Any], claimed: Any, default: Any) -> Iterator[str]:
    about = str(entry.get("description", ""))
    values = entry.get("enum")
    if values and about:
        about += f" One of {', '.join(map(str, values))}."
    yield from _comment(about)
    if claimed is not None:
        yield f"{key} = {_value(claimed)}"
    elif default is None:
        yield f'# {key} = "rfc"  # for example; by default there is none'
    else:
        yield f"# {key} = {_value(default)}"


def _table(table: str, entry: Mapping[str, Any], claimed: Any) -> Iterator[str]:
    yield from _comment(str(entry.get("description", "")))
    if entry.get("type") == "array":
        yield f"# [[{table}]]"
        for key, one in entry["items"]["properties"].items():
            yield from _comment(f"{key}: {one.get('description', '')}" if "description" in one else "")
            yield f"#   {key} = {_value(one['enum'][0] if 'enum' in one else '')}"
        return
    known = _keys_of(entry)
    yield f"[{table}]" if claimed or table != "libvirt" else f"# [{table}]"
    for key, value in (claimed or {}).items():
        if key not in known:
            yield f"{json.dumps(key)} = {_value(value)}"
    for key, one in known.items():
        yield from _entry(key, one, (claimed or {}).get(key), _inner_default(table, key, one))


def _inner_default(table: str, key: str, entry: Mapping[str, Any]) -> Any:
    """The default of a key in a table: that of the profile's own fields, else what its description says."""
    if table in _NONE:
        return _NONE[table]
    usual = record_of(Profile(""))[table]
    said = re.search(r"Default: ([\w-]+)", str(entry.get("description", "")))
    if key in usual or said is None:
        return usual.get(key, entry["enum"][0] if "enum" in entry else [])
    return said[1]


def _keys_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    whole = next((one for one in entry.get("oneOf", ()) if one.get("type") == "object"), entry)
    keys: Mapping[str, Any] = whole.get("properties", {})
    return keys


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH - 2)]


def _value(value: Any) -> str:
    return json.dumps(value)
