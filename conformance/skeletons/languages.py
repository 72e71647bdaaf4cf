"""The languages of ``snaptree new``: which files a folder has, and how its driver is started and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from snaptree.conformance.drivers.kit.kept_tree import KeptDomain
from snaptree.spec.operations import CALLS, FORCED


@dataclass(frozen=True)
class SourceFile:
    """A file that the author edits: the template, its path in the folder, and what it is."""

    template: str
    path: str
    about: str


@dataclass(frozen=True)
class Language:
    """A language: its files, how snaptree names the driver, and the one command of its tests.

    ``prepare`` is a command that has to run before the driver can be started. ``image`` is an image of a
    container that has the language, ``packages`` are what a Debian image needs beside it for snaptree.
    ``setup`` is the step that sets the language up in GitHub Actions. ``@NAME@`` and ``@MODULE@`` stand for
    the name, and for the name as an identifier.
    """

    name: str
    files: tuple[SourceFile, ...]
    driver: str
    test: str
    prepare: str = ""
    image: str = "python:3.12"
    packages: str = ""
    setup: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


_PROFILE: Final = " --profile @NAME@.toml"

LANGUAGES: Final[Mapping[str, Language]] = {
    one.name: one
    for one in (
        Language(
            "python",
            (
                SourceFile(
                    "python/driver.py.in", "@MODULE@_driver.py", "the driver; `Storage` is yours to replace"
                ),
                SourceFile("python/test_driver.py.in", "test_@MODULE@.py", "scenarios, run by pytest"),
                SourceFile("python/pytest.ini.in", "pytest.ini", "the driver that pytest tests"),
            ),
            driver="@MODULE@_driver:Driver",
            test="pytest",
            ignored=("__pycache__/", ".pytest_cache/", ".hypothesis/"),
        ),
        Language(
            "node",
            (
                SourceFile("node/driver.js.in", "driver.js", "the protocol: JSON-RPC on stdin and stdout"),
                SourceFile("node/tree.js.in", "tree.js", "the tree of snapshots, its checks and refusals"),
                SourceFile("node/storage.js.in", "storage.js", "layers of content: yours to replace"),
                SourceFile("node/driver.test.js.in", "driver.test.js", "the tests"),
                SourceFile("node/package.json.in", "package.json", "the package"),
            ),
            driver="'exec:node driver.js'" + _PROFILE,
            test="node --test",
            image="node:20-bookworm",
            packages="python3-venv",
            setup=('uses: actions/setup-node@v4\n        with:\n          node-version: "20"',),
            ignored=("node_modules/",),
        ),
        Language(
            "c",
            (
                SourceFile("c/driver.c.in", "driver.c", "the protocol: JSON-RPC on stdin and stdout"),
                SourceFile("c/tree.c.in", "tree.c", "the tree of snapshots, its checks and refusals"),
                SourceFile("c/tree.h.in", "tree.h", "what the protocol asks of the tree"),
                SourceFile("c/storage.c.in", "storage.c", "layers of content: yours to replace"),
                SourceFile("c/storage.h.in", "storage.h", "what the tree asks of storage"),
                SourceFile("c/json.c.in", "json.c", "a parser and a writer of JSON"),
                SourceFile("c/json.h.in", "json.h", "its declarations"),
                SourceFile("c/Makefile.in", "Makefile", "builds, and runs the tests"),
            ),
            driver="exec:./driver" + _PROFILE,
            test="make test",
            prepare="make",
            image="gcc:14",
            packages="python3-venv",
            ignored=("driver",),
        ),
    )
}

COMMON: Final[Mapping[str, str]] = {
    "common/README.md.in": "README.md",
    "common/known_deviations.toml.in": "known_deviations.toml",
    "common/gitignore.in": ".gitignore",
    "common/github.yml.in": ".github/workflows/snaptree.yml",
    "common/gitlab.yml.in": ".gitlab-ci.yml",
}
"""Files of every folder, by their templates."""


def claims_of(name: str) -> dict[str, object]:
    """What every skeleton claims: the calls of a tree that the driver keeps over storage that knows none."""
    calls = [*CALLS, *(forced.call for forced in FORCED.values())]
    kept = [call for call in dict.fromkeys(calls) if callable(getattr(KeptDomain, call, None))]
    own = "own: the driver keeps the tree and composes each call"
    return {
        "name": name,
        "title": f"{name}, through a driver that keeps the tree of snapshots",
        "id_case": "distinct",
        "id_names": "distinct",
        "operations": {**dict.fromkeys(kept, "adapter"), "write_disk": "native"},
        "features": {"reset_to_base": "adapter"},
        "names": {"forbidden": ["U+0000-U+001F", "U+007F-U+009F", "U+2028-U+2029"]},
        "observes": dict.fromkeys(
            ("tree", "description", "uuid", "captured", "casualties", "disks", "power", "base"), "always"
        ),
        "sources": dict.fromkeys(("operations", "features", "names", "observes", "id_case", "id_names"), own),
    }
