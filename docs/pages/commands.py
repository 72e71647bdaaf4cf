"""The page of the command line, from its own help."""

from __future__ import annotations

from typing import Any, Final

from typer.main import get_command

from snaptree.conformance.cli.command import app

_WIDTH: Final = 84


def command_pages() -> dict[str, str]:
    """One page with the help of every sub-command."""
    command: Any = get_command(app)
    context = _context(command, "snaptree", None)
    made = ["# The command line\n", _shown(command, context)]
    for name, sub in command.commands.items():
        made.append(f"(command-{name})=\n## snaptree {name}\n\n{_shown(sub, _context(sub, name, context))}")
    return {"command.md": "\n".join(made)}


def _context(command: Any, name: str, parent: Any) -> Any:
    # The prompt is what is shown with --help, less the colours and frames that a terminal draws.
    command.rich_markup_mode = None
    return command.context_class(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH
    )


def _shown(command: Any, context: Any) -> str:
    return f"```text\n$ {context.command_path} --help\n{command.get_help(context)}\n```\n"
