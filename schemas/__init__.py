"""JSON Schemas of every document that snaptree reads or writes, and checking against them.

Each JSON document (profile, trace, report, messages) has a schema named ``NAME.schema.json`` in this
folder.

Compatibility: a trace and a report state the number of their format (``trace``, ``report``). snaptree reads
every document that an earlier release wrote with the same number, and refuses any other number in one line.
The number goes up when a valid document would become invalid or would mean something else. New optional
keys do not change the number. A profile has no number: a valid profile stays valid until the first number
of the specification changes.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError
    from referencing import Resource


class SchemaViolation(ValueError):
    """A document that does not fit its schema; the text names the place and the reason."""


@cache
def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of that name, parsed."""
    text = files("snaptree.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(name: str) -> Draft202012Validator:
    # A third of the time in which a command starts, and most commands check no document.
    from jsonschema import Draft202012Validator
    from referencing import Registry

    registry: Registry[Any] = Registry(retrieve=_referred_to)  # type: ignore[call-arg]
    return Draft202012Validator(json_schema(name), registry=registry)


def _referred_to(uri: str) -> Resource[Any]:
    """The schema that another one refers to by the name of its file."""
    from referencing import Resource

    return Resource.from_contents(json_schema(uri.removesuffix(".schema.json")))


def validation_error(name: str, document: Any) -> ValidationError | None:
    """What stands against a document under the named schema; the most telling error, or None."""
    from jsonschema.exceptions import best_match

    error: ValidationError | None = best_match(_validator(name).iter_errors(document))
    return error


def check_against(name: str, document: Any) -> None:
    """Raise SchemaViolation, in one line, unless the document fits the named schema."""
    error = validation_error(name, document)
    if error is None:
        return
    if name == "profile":
        # People write profiles by hand; the wording is loaded where it is needed, as most documents fit.
        from snaptree.schemas.wording import in_words

        raise SchemaViolation(in_words(error, "the profile")[:300])
    place = error.json_path if error.json_path != "$" else "the document"
    raise SchemaViolation(f"{place}: {error.message}"[:300])
