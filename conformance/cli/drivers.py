"""``snaptree drivers``: which drivers are usable here, and what is missing for the others."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.facts import AsJson, print_json
from snaptree.conformance.cli.install import install_system, systems_table
from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers import SHIPPED
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import plain
from snaptree.conformance.running.player import Player
from snaptree.conformance.running.tasks import WorkerFailed

OPENING: Final = 30
"""Seconds for a driver to come up, and to close."""


def drivers(
    install: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Install a system in a private tree, without touching the host."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the drivers, which of them are usable here, and what the others need."""
    if install is not None:
        return install_system(install)
    console = TextConsole(stderr=as_json)
    facts: list[dict[str, object]] = []
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("driver", "here", "what it is"):
        table.add_column(title, overflow="fold")
    missing: list[tuple[str, str]] = []
    for shipped in SHIPPED.values():
        if shipped.probe is None:
            table.add_row(shipped.name, "", shipped.about)
            facts.append({"name": shipped.name, "about": shipped.about, "usable": None, "text": ""})
            continue
        usable = False
        try:
            # In a worker: a library that hangs or ends its process does so to one row.
            with Player(shipped.probe, DriverOptions(settings={"opening": str(OPENING)})) as opened:
                here = Text(f"yes, {plain(opened.facts.version, 200)}", style="green")
                usable = True
        except WorkerFailed as failed:
            here = Text(f"no: {plain(str(failed).strip().splitlines()[-1], 200)}", style="red")
        except DriverUnavailable as error:
            here = Text(f"no: {plain(str(error), 200)}", style="yellow")
            missing.append((shipped.name, error.install or shipped.install))
        table.add_row(shipped.name, here, shipped.about)
        text = here.plain.removeprefix("yes, ").removeprefix("no: ")
        facts.append({"name": shipped.name, "about": shipped.about, "usable": usable, "text": text})
    table.add_row(
        "package.module:Class", "", "your own: a class with the calls of snaptree.conformance.driver"
    )
    console.print(table)
    console.print()
    for name, command in missing:
        # One line however long it is: it is there to be copied.
        console.print(Text(f"{name} comes with: {command}"), soft_wrap=True)
    if missing:
        console.print()
    console.print(systems_table())
    if as_json:
        installed_by = dict(missing)
        print_json([{**one, "install": installed_by.get(str(one["name"]))} for one in facts])
    return 0
