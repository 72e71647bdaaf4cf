"""Options that several commands take, and that import nothing else of ours."""

from __future__ import annotations

from typing import Annotated

import typer

Place = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="A tree that is there, in place of --tree: a trace, an observation as JSON, a folder of "
        "snapshot XML, or libvirt:URI/DOMAIN, which is only read.",
        metavar="PLACE",
    ),
]

ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="A shipped profile or a TOML file, in place of the driver's own."),
]
