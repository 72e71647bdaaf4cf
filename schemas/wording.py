"""What is wrong with a document, in words: the errors of JSON Schema as a maintainer would say them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jsonschema import ValidationError

KINDS: Final = {
    "object": "an object", "array": "a list", "string": "a text", "integer": "an integer",
    "number": "a number", "boolean": "true or false", "null": "null",
}  # fmt: skip
"""The types of JSON in words."""

LONGEST: Final = 60
"""Characters of a value that are shown."""


def in_words(error: ValidationError, document: str) -> str:
    """One sentence: the place, what is expected there, and what was found. ``document`` names the whole."""
    where = place(error.absolute_path, document)
    found: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "enum":
            words = [str(one) if isinstance(one, str) else value(one) for one in wanted]
            return f"{where} is one of {', '.join(words)}, not {value(found)}"
        case "type":
            kinds = [KINDS[one] for one in ([wanted] if isinstance(wanted, str) else wanted)]
            return f"{where} is {' or '.join(kinds)}, not {value(found)}"
        case "required":
            lacking = [repr(one) for one in wanted if one not in found]
            return f"{where} lacks {', '.join(lacking)}"
        case "additionalProperties" | "unevaluatedProperties":
            return _unknown_keys(error.schema, found, where)
        case "minimum":
            return f"{where} is {wanted} or more, not {value(found)}"
        case "maximum":
            return f"{where} is {wanted} or less, not {value(found)}"
        case "minItems" | "maxItems":
            return f"{where} has {wanted} items, not {len(found)}"
        case "minLength":
            return f"{where} is empty"
        case "anyOf" | "oneOf":
            return f"{where} is {_alternatives(wanted)}, not {value(found)}"
    return f"{where}: {error.message}"[:300]


def place(path: Sequence[str | int], document: str) -> str:
    """A path into a document: ``snapshots[0].parent``; ``document`` if it is the whole."""
    text = ""
    for key in path:
        plain = isinstance(key, str) and len(key) <= LONGEST and key.replace("-", "_").isidentifier()
        text += f".{key}" if plain or (str(key).isdecimal() and isinstance(key, str)) else f"[{value(key)}]"
    return text.lstrip(".") or document


def value(found: Any) -> str:
    """A value as a message shows it: what is short as it is, of the rest its kind."""
    if isinstance(found, dict):
        return "an object"
    if isinstance(found, list | tuple):
        return "a list"
    if found is None or isinstance(found, bool):
        return {None: "null", True: "true", False: "false"}[found]
    try:
        text = repr(found)
    except Exception:  # noqa: BLE001 - a value may be of any type, and its repr may raise
        return f"an object of type {type(found).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _unknown_keys(schema: Any, found: dict[str, Any], where: str) -> str:
    known = [*schema.get("properties", {})]
    patterns = [*schema.get("patternProperties", {})]
    unknown = next(key for key in found if key not in known and not _fits(key, patterns))
    if not known:
        return f"{where} has the key {value(unknown)}; its keys are whole numbers as text"
    near = get_close_matches(unknown, known, 1, 0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"unknown key {value(unknown)} in {where}; {hint}"


def _fits(key: str, patterns: Sequence[str]) -> bool:
    return any(re.search(pattern, key) for pattern in patterns)


def _alternatives(schemas: Sequence[dict[str, Any]]) -> str:
    words: list[str] = []
    for schema in schemas:
        kinds = schema.get("type", ())
        words += [KINDS[one] for one in ([kinds] if isinstance(kinds, str) else kinds)]
        words += [repr(schema["const"])] if "const" in schema else []
    return " or ".join(words)
