"""``--json``: the facts that a command prints, for programs. What people read goes to stderr then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from snaptree.conformance.judging.deviations import Deviation

AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


def print_json(facts: Any) -> None:
    """Print a value as JSON, in ASCII: a name may have what turns the direction of a line."""
    print(json.dumps(facts, ensure_ascii=True, indent=2))


def deviation_facts(found: Deviation) -> dict[str, Any]:
    """A deviation as ``report.json`` has it, in short."""
    return {
        "id": found.id,
        "rules": list(found.rules),
        "operation": found.operation.call,
        "expected": list(found.expected),
        "observed": found.observed,
        "sequence": [taken.operation.to_json() for taken in found.run.steps],
    }
