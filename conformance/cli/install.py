"""``snaptree drivers --install NAME``: a system that the host does not have, in a private tree."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from snaptree.conformance.cli.problems import CONFORMS, WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.hosts import SYSTEMS, Tree, find_tree, install
from snaptree.conformance.hosts.progress import Progress as Told
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import plain
from snaptree.spec.text import did_you_mean


def install_system(name: str) -> int:
    """Install a system and print its version and folder."""
    recipe = SYSTEMS.get(name)
    if recipe is None:
        known = ", ".join(SYSTEMS)
        raise Problem(
            f"no system {plain(name)!r} can be installed; there are {known}{did_you_mean(name, SYSTEMS)}",
            WRONG_USAGE,
        )
    console = TextConsole()
    was_there = find_tree(recipe) is not None
    with problem_exits():
        if console.is_terminal:
            with Progress(
                TextColumn("{task.description}", markup=False), BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"), console=console, transient=True,
            ) as bars:  # fmt: skip
                tree = install(recipe, _on(bars))
        else:
            tree = install(recipe, _in_lines(console))
    state = "was there already" if was_there else "is installed"
    console.print(f"{name} {plain(_version(tree))} {state}: {plain(str(tree.path), 500)}", soft_wrap=True)
    return CONFORMS


def systems_table() -> Table:
    """The systems that can be installed, and those that are."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("private system", "here", "what it is"):
        table.add_column(title, overflow="fold")
    for name, recipe in SYSTEMS.items():
        tree = find_tree(recipe)
        if tree is None:
            here = Text(f"no\nsnaptree drivers --install {name}", style="yellow")
        else:
            here = Text(f"yes, {plain(_version(tree))}", style="green")
        table.add_row(name, here, recipe.about)
    return table


def _version(tree: Tree) -> str:
    return str(tree.read_mark()["version"])


def _on(bars: Progress) -> Told:
    task = bars.add_task("", total=None)

    def told(what: str, done: int, total: int) -> None:
        bars.update(task, description=what, completed=done, total=total or None)

    return told


def _in_lines(console: Console) -> Told:
    """Progress in a log: one line for each task that starts, and for each quarter of it."""
    last: list[tuple[str, int]] = []

    def told(what: str, done: int, total: int) -> None:
        step = (what, 4 * done // total if total else 0)
        if not last or step != last[-1]:
            last[:] = [step]
            console.print(f"{what}{f'  {100 * done // total} %' if total else ''}", soft_wrap=True)

    return told
