"""Options that several commands take, and that import nothing else of ours."""

from __future__ import annotations

from typing import Annotated

import typer

ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="A shipped profile or a TOML file, in place of the driver's own."),
]
