"""Checks that every link of a built site has a target, and that no page loads a foreign resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_LOADED: Final = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


@dataclass
class _Page(HTMLParser):
    """The anchors of a page, its links, and the resources that it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for key in ("id", "name"):
            if given.get(key):
                self.anchors.add(str(given[key]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        elif given.get(_LOADED.get(tag, "")):
            self.loaded.append(str(given[_LOADED[tag]]))


def broken_links(site: Path) -> list[str]:
    """One line for each link, anchor or resource of a page that does not exist, sorted."""
    pages: dict[Path, _Page] = {}
    for path in sorted(site.rglob("*.html")):
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        pages[path.resolve()] = page
    faults = set()
    for path, page in pages.items():
        shown = path.relative_to(site.resolve())
        for target in page.links + page.loaded:
            reason = _fault(path, target, pages, loaded=target in page.loaded)
            if reason is not None:
                faults.add(f"{shown}: {target}: {reason}")
    return sorted(faults)


def _fault(here: Path, target: str, pages: dict[Path, _Page], *, loaded: bool) -> str | None:
    parts = urlsplit(target)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        return "loaded from elsewhere" if loaded else None
    there = (here.parent / unquote(parts.path)).resolve() if parts.path else here
    if there.is_dir():
        there /= "index.html"
    if not there.is_file():
        return "no such page"
    anchor = unquote(parts.fragment)
    if anchor and there in pages and anchor not in pages[there].anchors:
        return "no such anchor"
    return None
