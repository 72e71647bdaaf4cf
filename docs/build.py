"""Build the site: ``python docs/build.py [--out FOLDER]``.

It writes pages from the specification into a temporary folder, runs Sphinx with every warning as an error,
and follows all links. Exit code 1 means that a page or link is wrong, 2 that a package is missing, 130 that a
signal ended it.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
NEEDED: Final = ("sphinx", "myst_parser", "furo")


def write_sources(folder: Path) -> None:
    """Write the sources of Sphinx: the hand-written pages, and the generated ones."""
    from pages.chapter import chapter_pages
    from pages.commands import command_pages
    from pages.covering import source_pages
    from pages.deletes import delete_pages
    from pages.formats import format_pages
    from pages.front import front_pages
    from pages.hypervisors import hypervisor_pages
    from pages.laws import law_pages
    from pages.model import model_pages
    from pages.protocol import protocol_pages

    shutil.copytree(HERE / "content", folder, dirs_exist_ok=True)
    groups = (
        chapter_pages, delete_pages, hypervisor_pages, command_pages, format_pages, law_pages, model_pages,
        protocol_pages, source_pages, front_pages,
    )  # fmt: skip
    for pages in groups:
        for name, text in pages().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def build(site: Path) -> int:
    """Build the site into a folder, replacing its old content; returns the exit code."""
    from links import broken_links
    from sphinx.cmd.build import build_main

    if site.exists() and any(site.iterdir()) and not (site / "objects.inv").exists():
        print(f"{site} holds something else than a site; nothing was done", file=sys.stderr)
        return 1
    with TemporaryDirectory(prefix="snaptree-docs-") as work:
        sources, trees, made = (Path(work) / name for name in ("sources", "trees", "site"))
        sources.mkdir()
        write_sources(sources)
        strict = ["-W", "--keep-going", "-n", "-q", "-E"]
        code = build_main(["-b", "html", *strict, "-c", str(HERE), "-d", str(trees), str(sources), str(made)])
        if code:
            return 1
        faults = broken_links(made)
        for fault in faults:
            print(fault, file=sys.stderr)
        if faults:
            print(f"{len(faults)} broken links", file=sys.stderr)
            return 1
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(made, site)
    print(f"{sum(1 for _ in site.rglob('*.html'))} pages in {site}")
    return 0


def _interrupt(_signal: int, _frame: Any) -> None:
    # Once is enough: a second one would tear the removal of the temporary folder apart.
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the site of the specification.")
    parser.add_argument("--out", type=Path, default=HERE / "_site", help="the folder of the site")
    arguments = parser.parse_args()
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(f"missing: {', '.join(missing)}; install with: pip install 'snaptree[docs]'", file=sys.stderr)
        return 2
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, _interrupt)
    try:
        return build(arguments.out)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
