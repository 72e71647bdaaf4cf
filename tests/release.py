"""Builds, checks and describes a release: ``python -m tests.release [--since RULES] [--out FOLDER]``.

It refuses a checkout with changes that are not committed, builds the sdist and the wheel, tries the wheel
away from the checkout, and writes ``RELEASE.md`` and ``rules.json`` beside them. ``--since`` is the
``rules.json`` of a former release: the page then says which rules are new, ended or say something else, and
what that means for a driver that passed. Nothing is published.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from snaptree.conformance.drivers.remote.messages import PROTOCOL
from snaptree.conformance.reports.results import REPORT_VERSION
from snaptree.conformance.running.heading import snaptree_version
from snaptree.conformance.sequences.traces import TRACE_VERSION
from snaptree.spec.renumbered import renumbered
from snaptree.spec.rules import rules, specification_version

TOP: Final = Path(__file__).resolve().parents[1]

Sentences = Mapping[str, str]
"""The sentence of each rule, with its level before it, by id."""


def sentences() -> dict[str, str]:
    """The rules of this checkout."""
    return {one.id: f"({one.level}) {one.sentence}" for one in rules()}


def describe(now: Sentences, former: Sentences | None, ended: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What became of the rules, and what that means for a driver that passed; one paragraph each."""
    if former is None:
        yield f"{len(now)} rules. No former release was named, so none is compared."
        return
    new = [one for one in now if one not in former]
    gone = [one for one in former if one not in now]
    changed = [one for one in now if one in former and former[one] != now[one]]
    if not (new or gone or changed):
        yield "Every rule says what it said: a driver that passed passes still, by the same rules."
        return
    for one in new:
        yield f"- new: **{one}** {now[one]}"
    for one in changed:
        yield f"- changed: **{one}** {now[one]} Before: {former[one]}"
    for one in gone:
        heirs = ", ".join(ended.get(one, ())) or "none: its demand was dropped"
        yield f"- ended: **{one}**; its demand is in {heirs}"
    heirs_of_gone = {heir for one in gone for heir in ended.get(one, ())}
    asked = [one for one in new if one not in heirs_of_gone] + changed
    if asked:
        yield (
            f"A driver that passed was not asked {', '.join(asked)} in these words: run `snaptree check` "
            "again; `--baseline REPORT` shows what is lost."
        )
    else:
        yield "A driver that passed was asked all of this before, under other ids."


def changes() -> str:
    """The first section of the change log."""
    text = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## .*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[0].strip() if found else ""


def page(files: Sequence[Path], former: Sentences | None) -> str:
    """``RELEASE.md``: versions, files, rules, changes."""
    digests = [f"| `{one.name}` | `{sha256(one.read_bytes()).hexdigest()}` |" for one in sorted(files)]
    versions = (
        ("specification", specification_version),
        ("report", REPORT_VERSION),
        ("trace", TRACE_VERSION),
        ("protocol", PROTOCOL),
    )
    parts = (
        f"# snaptree {snaptree_version()}",
        "\n".join(["| format | version |", "|---|---|", *(f"| {name} | {one} |" for name, one in versions)]),
        "\n".join(["| file | sha256 |", "|---|---|", *digests]),
        "## Rules",
        "\n".join(describe(sentences(), former, renumbered())),
        changes(),
    )
    return "\n\n".join(parts) + "\n"


def try_out(wheel: Path) -> None:
    """Run the wheel where the checkout cannot be imported. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            folder,
            str(wheel),
        ]
        if subprocess.run([*install[:3], "--version"], capture_output=True, check=False).returncode:
            install = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", folder, str(wheel)]
        subprocess.run(install, check=True)
        environment = {**os.environ, "PYTHONPATH": folder}
        for arguments in (["--version"], ["smoke"], ["rules", "MERGE-3"], ["validate", "--help"]):
            command = [sys.executable, "-m", "snaptree.conformance.cli", *arguments]
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"the wheel fails: snaptree {' '.join(arguments)}: {done.stdout}{done.stderr}")


def main() -> int:
    """Make a release in a folder; exit code 1 if something is wrong with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--since", type=Path, help="rules.json of a former release")
    parser.add_argument("--out", type=Path, default=TOP / "dist", help="default is dist/")
    given = parser.parse_args()
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout
    if changed:
        sys.exit(f"there are changes that are not committed:\n{changed}")
    former = None if given.since is None else json.loads(given.since.read_text(encoding="utf-8"))
    given.out.mkdir(parents=True, exist_ok=True)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(given.out), str(TOP)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    version = snaptree_version()
    files = [given.out / f"snaptree-{version}.tar.gz", given.out / f"snaptree-{version}-py3-none-any.whl"]
    try_out(files[1])
    (given.out / "rules.json").write_text(json.dumps(sentences(), indent=1) + "\n", encoding="utf-8")
    (given.out / "RELEASE.md").write_text(page(files, former), encoding="utf-8")
    print(f"{given.out}: {', '.join(one.name for one in files)}, RELEASE.md, rules.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
