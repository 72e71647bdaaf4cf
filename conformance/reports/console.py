"""The console of every command: text is text, also where it came from a driver, a file or a user.

rich reads markup (``[bold]``) and emoji codes (``:bug:``) in plain strings. Here neither means anything,
and a character that could act on a terminal is escaped even where a caller forgot ``plain``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from snaptree.spec.text import plain


class TextConsole(Console):
    """A console without markup, emoji and highlighting that prints no control character of a text."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
        soft_wrap: bool = False,
    ) -> None:
        super().__init__(
            stderr=stderr,
            file=file,
            width=width,
            soft_wrap=soft_wrap,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def render_str(self, text: str, **how: Any) -> Text:
        """A string as rich lays it out: escaped before it is measured."""
        return super().render_str(plain(text, sys.maxsize, lines=True), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, each with its control characters escaped."""
        for segment in super().render(renderable, options):
            shown = segment.text if segment.control else plain(segment.text, sys.maxsize, lines=True)
            yield segment if shown == segment.text else Segment(shown, segment.style)
