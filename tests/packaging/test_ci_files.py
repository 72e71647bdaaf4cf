"""The files for CI systems fit the schemas of those systems, and name only what the report writes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from snaptree.conformance.skeletons.languages import LANGUAGES
from snaptree.conformance.skeletons.making import contents

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "content" / "ci.md").read_text(encoding="utf-8")


def check(schema: str, *files: Path) -> None:
    """Check files with check-jsonschema, which brings the schemas along: it needs no network."""
    transform = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            f"vendor.{schema}",
            *transform,
            *files,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_files_of_skeletons_and_of_the_page_fit_their_schemas(tmp_path: Path) -> None:
    github, gitlab = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, list[Path]] = {"github-workflows": [], "gitlab-ci": []}
    made = {"page": (github, gitlab)}
    for name, language in LANGUAGES.items():
        files = dict(contents("my-driver", language))
        made[name] = files[".github/workflows/snaptree.yml"], files[".gitlab-ci.yml"]
    for name, texts in made.items():
        for schema, text in zip(found, texts, strict=True):
            path = tmp_path / f"{name}-{schema}.yml"
            path.write_text(text, encoding="utf-8")
            found[schema].append(path)
    for schema, paths in found.items():
        check(schema, *paths)


@pytest.mark.parametrize("schema", ["github-workflows", "gitlab-ci"])
def test_a_file_that_does_not_fit_is_refused(schema: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("jobs: 5\n")
    with pytest.raises(AssertionError, match="Schema validation errors"):
        check(schema, bad)


def test_the_container_installs_extras_that_there_are() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    (extras,) = re.findall(r"/usr/src/snaptree\[([a-z,]+)\]", text)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(rf"^{one} = \[", project, re.MULTILINE) for one in extras.split(","))
