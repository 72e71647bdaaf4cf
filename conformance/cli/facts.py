"""``--json``: the facts that a command prints, for programs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


def print_json(facts: Any) -> None:
    """Print a value as JSON, in ASCII: a name may have what turns the direction of a line."""
    print(json.dumps(facts, ensure_ascii=True, indent=2))
