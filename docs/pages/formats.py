"""The pages of the formats: JSON Schemas as tables, and the files themselves."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from pages.words import linked, table


def format_pages() -> dict[str, str]:
    """One page with every schema of the folder."""
    names = sorted(entry.name for entry in files("snaptree.schemas").iterdir())
    made = [
        "# Schemas\n",
        "Profiles, traces and reports are JSON (a profile is TOML of the same shape) and have a JSON Schema",
        "each; domain snapshots are XML and have an XSD and a RELAX NG schema. A document that does not fit",
        "is refused with its place and the reason.\n",
    ]
    made += [_json(name) for name in names if name.endswith(".schema.json")]
    made += [_xml(name) for name in names if name.endswith((".xsd", ".rng"))]
    return {"schemas.md": "\n".join(made)}


def _json(name: str) -> str:
    text = files("snaptree.schemas").joinpath(name).read_text(encoding="utf-8")
    schema = json.loads(text)
    short = name.removesuffix(".schema.json")
    about = linked(schema.get("description", ""))
    rows = _rows(schema)
    keys = table(("key", "required", "what it is"), rows)
    return (
        f"(schema-{short})=\n## {schema.get('title', short)}\n\n{about}\n\n"
        f":::{{container}} snaptree-wide\n{keys}\n:::\n\n{_file(name, text, 'json')}"
    )


def _rows(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    required = set(schema.get("required", ()))
    return [
        (
            f"`{key}`",
            "yes" if key in required else "",
            " ".join(filter(None, (_kind(entry), linked(entry.get("description", ""))))),
        )
        for key, entry in schema.get("properties", {}).items()
    ]


def _kind(entry: dict[str, Any]) -> str:
    """The type of an entry in a few words."""
    if "enum" in entry:
        return "one of " + ", ".join(f"`{json.dumps(one)}`" for one in entry["enum"]) + "."
    kind = entry.get("type")
    if isinstance(kind, list):
        return " or ".join(kind) + "."
    if kind == "array" and isinstance(entry.get("items"), dict) and "type" in entry["items"]:
        return f"list of {entry['items']['type']}."
    if kind == "object" and entry.get("properties"):
        keys = list(entry["properties"])
        shown = ", ".join(f"`{key}`" for key in keys[:8])
        return f"object: {shown}{' …' if len(keys) > 8 else ''}."
    return f"{kind}." if kind else ""


def _xml(name: str) -> str:
    text = files("snaptree.schemas").joinpath(name).read_text(encoding="utf-8")
    return f"## {name}\n\n{_file(name, text, 'xml')}"


def _file(name: str, text: str, language: str) -> str:
    return (
        f"```{{raw}} html\n<details><summary>{name}</summary>\n```\n\n"
        f"`````{language}\n{text.rstrip()}\n`````\n\n```{{raw}} html\n</details>\n```\n"
    )
