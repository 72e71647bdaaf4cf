"""The site: it builds without a warning, no link is dead, and every rule has its place."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from snaptree.spec.model_functions import functions_of, modules_of
from snaptree.spec.profiles import shipped_profiles
from snaptree.spec.rules import CHAPTERS, chapters, rules

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MISSING = [name for name in ("sphinx", "myst_parser", "furo") if find_spec(name) is None]


def _module(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module(name)


@pytest.mark.skipif(bool(MISSING), reason=f"the extra 'docs' is not installed: no {', '.join(MISSING)}")
def test_the_site_builds_and_has_every_rule(tmp_path: Path) -> None:
    """One test, as one build takes longer than all the other tests of this folder."""
    site = tmp_path / "site"
    # Warnings are errors, and all links are followed, by the command itself.
    done = subprocess.run(
        [sys.executable, str(DOCS / "build.py"), "--out", str(site)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for chapter in chapters():
        page = (site / "chapters" / f"{chapter.name}.html").read_text(encoding="utf-8")
        assert [one.id for one in chapter.rules if f'id="{one.id.lower()}"' not in page] == []
        assert page.count("<svg") >= sum(len(one.examples) for one in chapter.rules)
    profiles = (site / "profiles.html").read_text(encoding="utf-8")
    assert [name for name in shipped_profiles() if f'id="profile-{name}"' not in profiles] == []
    assert 'class="sig' in (site / "drivers.html").read_text(encoding="utf-8")
    assert "snaptree check" in (site / "command.html").read_text(encoding="utf-8")
    shown = (site / "_modules/snaptree/spec/semantics/merge_into_parent.html").read_text(encoding="utf-8")
    assert "destroyed" in shown


@pytest.mark.skipif(bool(MISSING), reason=f"the extra 'docs' is not installed: no {', '.join(MISSING)}")
def test_a_folder_that_is_no_site_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(DOCS / "build.py"), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert "something else" in done.stderr
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(bool(MISSING), reason=f"the extra 'docs' is not installed: no {', '.join(MISSING)}")
def test_a_build_that_a_signal_ends_leaves_no_folder(tmp_path: Path) -> None:
    work = tmp_path / "tmp"
    work.mkdir()
    started = subprocess.Popen(
        [sys.executable, str(DOCS / "build.py"), "--out", str(tmp_path / "site")],
        env={**os.environ, "TMPDIR": str(work)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while started.poll() is None and not any(work.iterdir()):
        time.sleep(0.05)
    assert started.poll() is None, "the build has begun"
    started.send_signal(signal.SIGTERM)
    started.send_signal(signal.SIGTERM)
    _, said = started.communicate(timeout=100)
    assert started.returncode == 130
    assert "Traceback" not in said
    assert not any(work.iterdir())
    assert not (tmp_path / "site").exists()


def test_every_chapter_is_a_page_in_which_each_rule_has_an_anchor(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = _module("pages.chapter", monkeypatch).chapter_pages()
    assert {f"chapters/{name}.md" for name in CHAPTERS} <= set(pages)
    for one in rules():
        assert f"\n({one.id.lower()})=\n" in pages[f"chapters/{one.chapter}.md"]
        assert f"<{one.id.lower()}>" in pages["rules.md"]


def test_the_former_address_of_a_chapter_leads_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = _module("pages.chapter", monkeypatch).chapter_pages()
    assert "url=remove-subtree.html" in pages["chapters/subtrees.md"]


def test_every_rule_names_its_test_and_what_implements_it(monkeypatch: pytest.MonkeyPatch) -> None:
    chapter = _module("pages.chapter", monkeypatch)
    bare = [one.id for one in rules() if one.aspects and not (functions_of(one) or modules_of(one))]
    assert bare == []
    for one in rules():
        assert f"::test_rule[{one.id}]" in chapter.rule_box(one)


def test_what_a_rule_speaks_of_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    words = _module("pages.words", monkeypatch)
    (found,) = (one for one in rules() if one.id == "MERGE-19")
    said = words.speaks_of(found.aspects[0])
    assert said == ("When `merge_into_children` is to be refused as `WouldDiscard`: acceptance or refusal.")


def test_rules_are_linked_in_text_and_not_in_code(monkeypatch: pytest.MonkeyPatch) -> None:
    words = _module("pages.words", monkeypatch)
    assert words.linked("See MERGE-3, not `MERGE-3` and not UTF-8.") == (
        "See {ref}`MERGE-3 <merge-3>`, not `MERGE-3` and not UTF-8."
    )


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ('<a href="other.html#here">', None),
        ('<a href="other.html">', None),
        ('<a href="#top">', None),
        ('<a href="https://example.org/">', None),
        ('<a href="other.html#gone">', "no such anchor"),
        ('<a href="#gone">', "no such anchor"),
        ('<a href="gone.html">', "no such page"),
        ('<img src="gone.png">', "no such page"),
        ('<script src="https://example.org/x.js"></script>', "loaded from elsewhere"),
    ],
)
def test_dead_links_are_found(
    link: str, fault: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text(f'<p id="top">{link}</p>', encoding="utf-8")
    (tmp_path / "other.html").write_text('<p id="here"></p>', encoding="utf-8")
    found = _module("links", monkeypatch).broken_links(tmp_path)
    assert [one.rpartition(": ")[2] for one in found] == ([] if fault is None else [fault])
