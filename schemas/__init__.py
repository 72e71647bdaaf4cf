"""Schemas of everything that crosses the border of snaptree, and checking against them.

JSON documents (profile, trace, report, messages) have a JSON Schema each, named
``NAME.schema.json`` in this folder.

Compatibility: a trace and a report say the number of their format (``trace``,
``report``). Snaptree reads every document that an earlier release wrote with the
same number, and refuses another number in one line. The number is raised when a
document that was valid would no longer be, or would mean something else. Keys
that may be absent can be added under the same number. A profile has no number:
one that was valid stays valid until the first number of the specification changes.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


class SchemaViolation(ValueError):
    """A document that its schema does not allow; the text names the place and the reason."""


@cache
def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of that name, parsed."""
    text = files("snaptree.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(name))


def check_against(name: str, document: Any) -> None:
    """Raise SchemaViolation, in one line, unless the document fits the named schema."""
    error = best_match(_validator(name).iter_errors(document))
    if error is not None:
        place = error.json_path if error.json_path != "$" else "the document"
        raise SchemaViolation(f"{place}: {error.message}"[:300])
