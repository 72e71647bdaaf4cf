"""Makes the folder of a skeleton: whole, or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from snaptree.conformance.skeletons.languages import COMMON, LANGUAGES, Language, claims_of
from snaptree.conformance.skeletons.profile_text import profile_text
from snaptree.spec.text import did_you_mean, plain

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
LONGEST_NAME: Final = 40


class SkeletonError(ValueError):
    """A folder that cannot be made; the text says why, in one line."""


def check_name(name: str) -> None:
    """Raise SkeletonError for a name that is none of a folder, a profile and a module at once."""
    if len(name) > LONGEST_NAME or _NAME.fullmatch(name) is None:
        raise SkeletonError(
            f"{plain(name) or repr('')} is no name: up to {LONGEST_NAME} lower-case letters, digits and "
            "single hyphens, a letter first"
        )


def language_of(name: str) -> Language:
    """The language of that name. Raises SkeletonError, with the nearest."""
    language = LANGUAGES.get(name)
    if language is None:
        raise SkeletonError(
            f"no language {plain(name) or repr('')}; there are {', '.join(LANGUAGES)}"
            f"{did_you_mean(name, LANGUAGES)}"
        )
    return language


def make_skeleton(name: str, language: Language, parent: Path) -> Path:
    """Make the folder ``name`` in ``parent``; returns its path.

    Raises SkeletonError, and leaves nothing behind, where it is there already or cannot be written.
    """
    check_name(name)
    folder = parent / name
    if os.path.lexists(folder):
        raise SkeletonError(f"{name} is there already; nothing was changed")
    try:
        work = Path(mkdtemp(prefix=f".{name}-", dir=parent))
    except OSError as error:
        raise SkeletonError(f"{name} cannot be made here: {error.strerror or error}") from None
    try:
        for path, text in contents(name, language):
            target = work / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        work.chmod(0o777 & ~_umask())
        work.rename(folder)
    except OSError as error:
        raise SkeletonError(f"{name} cannot be made here: {error.strerror or error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def contents(name: str, language: Language) -> Iterator[tuple[str, str]]:
    """Every file of the folder: its path in it, and its text."""
    words = _words(name, language)
    yield f"{name}.toml", profile_text(claims_of(name))
    for template, path in COMMON.items():
        yield path, _filled(template, words)
    for one in language.files:
        yield _replaced(one.path, words), _filled(one.template, words)


def commands(name: str, language: Language) -> dict[str, str]:
    """The commands of the folder by their purpose: ``smoke``, ``test``, ``check``, and ``prepare`` before."""
    words = {"NAME": name, "MODULE": name.replace("-", "_")}
    driver = _replaced(language.driver, words)
    prepare = {"prepare": language.prepare} if language.prepare else {}
    return {
        **prepare,
        "smoke": f"snaptree smoke {driver}",
        "test": language.test,
        "check": f"snaptree check {driver} --deviations known_deviations.toml",
    }


def _words(name: str, language: Language) -> dict[str, str]:
    """What stands in the templates between two @."""
    said = commands(name, language)
    names = {"NAME": name, "MODULE": name.replace("-", "_")}
    before = [f"- {one}" for one in language.setup]
    before += [f"- run: {language.prepare}"] if language.prepare else []
    install = [f"- apt-get update && apt-get install --yes {language.packages}"] if language.packages else []
    if language.image.startswith("python"):
        install += ["- pip install snaptree"]
    else:
        venv = "/opt/snaptree"
        install += [f"- python3 -m venv {venv}", f"- {venv}/bin/pip install snaptree"]
        install += [f"- export PATH={venv}/bin:$PATH"]
    install += [f"- {language.prepare}"] if language.prepare else []
    table = [f"| `{_replaced(one.path, names)}` | {one.about} |" for one in language.files]
    return {
        **names,
        "DRIVER": _replaced(language.driver, names),
        "SMOKE": said["smoke"],
        "TEST": said["test"],
        "CHECK": said["check"],
        "IMAGE": language.image,
        "GITHUB": "".join(f"      {line}\n" for line in before),
        "GITLAB": "".join(f"    {line}\n" for line in install),
        "IGNORED": "\n".join(language.ignored),
        "TABLE": "\n".join(table),
    }


def _filled(template: str, words: dict[str, str]) -> str:
    text = files("snaptree.conformance.skeletons").joinpath(template).read_text(encoding="utf-8")
    return _replaced(text, words)


def _replaced(text: str, words: dict[str, str]) -> str:
    return re.sub("@([A-Z]+)@", lambda found: words[found[1]], text)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
