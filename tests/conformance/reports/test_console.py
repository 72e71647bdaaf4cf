"""The console of every command: rich's markup and emoji mean nothing in a text, and no escape passes."""

from __future__ import annotations

import io

import pytest
from rich.columns import Columns
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from snaptree.conformance.reports.console import TextConsole

HOSTILE = (
    "[/dev/sda] [bold]x[/bold] :bug: \x1b]0;title\x07 \x9b2J \u202e \ud800 \x00 [link=file:///etc]y[/link]"
)


def _table(text: str) -> Table:
    table = Table("head")
    table.add_row(text)
    return table


@pytest.mark.parametrize(
    "renderable",
    [HOSTILE, Text(HOSTILE), _table(HOSTILE), Columns([HOSTILE]), Panel(HOSTILE), Tree(HOSTILE)],
    ids=lambda one: type(one).__name__,
)
def test_a_text_is_printed_as_it_is(renderable: RenderableType) -> None:
    paper = io.StringIO()
    TextConsole(file=paper, width=300).print(renderable)
    said = paper.getvalue()
    assert "[/dev/sda] [bold]x[/bold] :bug:" in said
    assert "[link=file:///etc]y[/link]" in said
    assert all(char.isprintable() or char == "\n" for char in said)
    said.encode("utf-8")
