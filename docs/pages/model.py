"""The functions of the model behind each rule, and the pages that show them."""

from __future__ import annotations

from typing import Final

from pages.words import rule_link
from snaptree.spec.model_functions import functions_of, modules_behind, modules_in
from snaptree.spec.operations import CALLS, KINDS
from snaptree.spec.rules import rules
from snaptree.spec.semantics.step import MEANINGS
from snaptree.spec.vocabulary import ELSEWHERE

VOCABULARY: Final = (
    "state",
    "operations",
    "outcomes",
    "profiles",
    "plan",
    "rules",
    "vocabulary",
    "observation",
    "examples",
    "figures",
)
"""The modules and packages of ``spec`` that the semantics are written in, and those that read the text."""


def model_pages() -> dict[str, str]:
    """One page for each module of the semantics, and one for each module of their vocabulary."""
    calls: dict[str, list[str]] = {}
    for call in CALLS:
        meaning = MEANINGS[KINDS[call]]
        calls.setdefault(meaning.effect.__module__, []).append(call)
    pages = {
        f"model/{module.rpartition('.')[2]}.md": _page(
            module, f"The model of {_spoken(names)}", _kept_by(module)
        )
        for module, names in calls.items()
    }
    shared = ("snaptree.spec.semantics.step", "snaptree.spec.semantics.resetting")
    titles = ("One step of the model", "Replacing and resetting the active state")
    for module, title in zip(shared, titles, strict=True):
        pages[f"model/{module.rpartition('.')[2]}.md"] = _page(module, title, _kept_by(module))
    others = [*modules_in(*(f"snaptree.spec.{name}" for name in VOCABULARY))]
    others += [module for kind in ELSEWHERE for module in modules_behind(kind) if module not in others]
    for module in others:
        place = module.removeprefix("snaptree.").replace(".", "-")
        pages[f"model/{place}.md"] = _page(module, f"`{module}`", "")
    pages["model/index.md"] = _index([name.removesuffix(".md").partition("/")[2] for name in pages])
    return pages


def _spoken(calls: list[str]) -> str:
    return ", ".join(f"`{call}`" for call in calls)


def _kept_by(module: str) -> str:
    kept = [one.id for one in rules() if any(function.__module__ == module for function in functions_of(one))]
    return "" if not kept else "Rules that speak of it: " + ", ".join(rule_link(one) for one in kept) + ".\n"


def _page(module: str, title: str, text: str) -> str:
    # What a package only hands on is shown where it is written.
    options = "   :members:\n   :ignore-module-all:\n   :member-order: bysource\n"
    return f"# {title}\n\n{text}\n```{{eval-rst}}\n.. automodule:: {module}\n{options}```\n"


def _index(names: list[str]) -> str:
    listed = "\n".join(names)
    return (
        "# The executable model\n\n"
        "`step(domain, operation, profile)` is what the specification says, as code. Each operation has the\n"
        "same headings: what is refused, what is destroyed, what becomes of the tree and of the active\n"
        "state.\n"
        "*[source]* beside a function shows its code.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
