"""A comparison on a terminal: the tables of differences, and a witness for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from snaptree.conformance.comparing.seeing import Cell, Row
from snaptree.conformance.reports.trees import draw_tree, sketch_of
from snaptree.conformance.reports.words import call_text, plain

MOST_DRAWN: Final = 8
"""Snapshots of a tree that is drawn, and calls of one kind that are told one by one."""


def print_comparison(console: Console, titles: Sequence[str], rows: Sequence[Row]) -> None:
    """Print the calls that all offer and answer differently, with witnesses by number; then the calls that
    some do not offer.
    """
    shared = [row for row in rows if row.offered]
    if shared:
        console.print(_table("answered differently", titles, shared))
        console.print()
        head = "the smallest witness of each, and the tree that its last call found"
        console.print(Text(head, style="bold"))
        console.print(_witnesses(shared))
    rest = [row for row in rows if not row.offered]
    if rest:
        console.print(_table("not offered by all", titles, rest))


def _table(title: str, titles: Sequence[str], rows: Sequence[Row]) -> Table:
    table = Table(pad_edge=False, box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right", style="dim")
    table.add_column(title, overflow="fold", min_width=20)
    for one in titles:
        table.add_column(Text(plain(one)), overflow="fold", min_width=14)
    for number, row in enumerate(rows, start=1):
        call = Text(call_text(row.taken.operation, row.taken.before))
        if row.rules and row.offered:
            call.append(f"\n{', '.join(row.rules)}", style="dim")
        table.add_row(str(number) if row.offered else "", call, *(_cell(cell) for cell in row.cells))
    return table


def _cell(cell: Cell) -> Text:
    if not cell.reached:
        return Text(cell.text, style="dim")
    if cell.deviates:
        return Text(cell.text, style="red")
    return Text(cell.text, style="green" if cell.text.startswith("accepted") else "yellow")


def _witnesses(rows: Sequence[Row]) -> Table:
    table = Table.grid(padding=(0, 3, 1, 0))
    table.add_column(justify="right", style="dim")
    table.add_column(overflow="fold", max_width=60)
    table.add_column()
    for number, row in enumerate(rows, start=1):
        before = row.taken.before
        tree = draw_tree(sketch_of(before)) if len(before.snapshots) <= MOST_DRAWN else Text("")
        table.add_row(str(number), Text("\n".join(_calls(row))), tree)
    return table


def _calls(row: Row) -> list[str]:
    """The calls of a witness, a long run of the same call as one line."""
    lines: list[str] = []
    place = 0
    while place < len(row.way):
        call = row.way[place].call
        end = place
        while end < len(row.way) and row.way[end].call == call:
            end += 1
        if end - place > MOST_DRAWN:
            lines.append(f"{call}(…), {end - place} times")
        else:
            lines.extend(call_text(one, row.taken.before) for one in row.way[place:end])
        place = end
    return lines
