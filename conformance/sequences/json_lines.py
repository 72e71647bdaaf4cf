"""Files of JSON lines, as traces and histories are: written whole, and read with one line for each fault."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.answers import Answer, Declined, Failed, Returned
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.files import read_regular, write_whole
from snaptree.spec.json_text import InvalidJson, read_json
from snaptree.spec.text import plain, without_secrets

MOST_OF_A_TRACE: Final = 64 * 1024 * 1024
"""The largest trace or history that is read, in bytes."""


class TraceError(ValueError):
    """A trace or history that cannot be read; the text names file, line and reason."""


def write_lines(path: Path, records: Iterable[Mapping[str, Json]]) -> None:
    """Write one line for each record; the file appears whole or not at all. Raises OSError."""
    # Escaped, so that a name with half a character in it does not stop the report about it.
    text = "".join(json.dumps(record, ensure_ascii=True) + "\n" for record in records)
    write_whole(path, without_secrets(text).encode("ascii"))


def lines_of(path: Path, what: str) -> list[str]:
    """The lines of a file that should be ``what``. Raises TraceError if it is missing, empty or no text."""
    try:
        # A line ends with a line feed and nothing else: JSON may have U+2028 or U+0085 inside a name.
        lines = read_regular(path, MOST_OF_A_TRACE).decode("utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path}: not {what}: it is not UTF-8 text") from None
    if lines == [""]:
        raise TraceError(f"{path}: not {what}: the file is empty")
    return lines


def record_at(path: Path, number: int, line: str, schema: str, *, any_form: str = "") -> dict[str, Any]:
    """The object in a line, which fits the schema. Raises TraceError.

    The value of the key ``any_form`` is not checked: a driver may have shown anything, and the engine judges
    its form.
    """
    try:
        record = read_json(line)
        known = (
            {key: one for key, one in record.items() if key != any_form}
            if isinstance(record, dict)
            else record
        )
        check_against(schema, known)
    except (InvalidJson, SchemaViolation, RecursionError) as error:
        raise TraceError(f"{path}:{number}: {plain(str(error), 500)}") from None
    assert isinstance(record, dict), "the schema says so"
    return record


def answer_from(outcome: Mapping[str, Any] | None) -> Answer | None:
    """The answer that an ``outcome`` of the right form states; None for no outcome."""
    if outcome is None:
        return None
    if "accepted" in outcome:
        return Returned(outcome["accepted"])
    if "error" in outcome:
        return Failed(outcome["error"])
    refused = outcome["refused"]
    return Declined(
        refused["kind"], refused.get("casualties"), refused.get("native"), refused.get("text", "")
    )
