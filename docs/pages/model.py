"""Which function of the model gives a rule its meaning, and the pages on which those functions are shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from pages.words import rule_link
from snaptree.spec.bindings.libvirt_calls import NATIVE_CALLS
from snaptree.spec.operations import CALLS, OPERATIONS
from snaptree.spec.rules import Rule, rules
from snaptree.spec.semantics import step
from snaptree.spec.semantics.step import MEANINGS

VOCABULARY: Final = ("state", "operations", "outcomes", "profiles", "plan", "rules", "examples", "figures")
"""The modules and packages of ``spec`` that the semantics are written in, and those that read the text."""


@cache
def _modules(*names: str) -> tuple[str, ...]:
    """Modules and packages, then what is in the packages, private modules left out."""
    inside = [
        f"{name}.{one.name}"
        for name in names
        for one in iter_modules(getattr(import_module(name), "__path__", ()))
        if not one.name.startswith("_")
    ]
    return (*names, *sorted(inside))


ELSEWHERE: Final = {
    "binding": _modules("snaptree.spec.bindings"),
    "law": _modules("snaptree.spec.laws"),
    "profile": ("snaptree.spec.profiles",),
    "xml": _modules("snaptree.spec.xml", "snaptree.schemas.xml"),
}
"""The modules that stand behind rules which no single step judges."""

Meaning = Callable[..., Any]


def functions_of(rule: Rule) -> tuple[str, ...]:
    """The full names of the functions of the model that a rule speaks of.

    A rule about every call is kept by ``step`` itself.
    """
    found: dict[str, None] = {}
    for aspect in rule.aspects:
        if not aspect.calls:
            found[_name(step)] = None
        # libvirt's own calls stand in the modules of the bindings.
        for call in sorted(aspect.calls - set(NATIVE_CALLS)):
            meaning = MEANINGS[OPERATIONS[call.removesuffix("_forced")]]
            if not aspect.outcomes or "accepted" in aspect.outcomes:
                found[_name(meaning.effect)] = None
            if aspect.outcomes != {"accepted"}:
                found[_name(meaning.refused)] = None
            if "casualties" in aspect.parts and meaning.destroyed.__name__ != "_nothing":
                found[_name(meaning.destroyed)] = None
    return tuple(found)


def modules_of(rule: Rule) -> tuple[str, ...]:
    """The modules behind a rule that is judged elsewhere."""
    return ELSEWHERE.get(rule.judged_elsewhere, ())


def _name(function: Meaning) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def model_pages() -> dict[str, str]:
    """One page for each module of the semantics, and one for each of the words that they use."""
    calls: dict[str, list[str]] = {}
    for call in CALLS:
        meaning = MEANINGS[OPERATIONS[call.removesuffix("_forced")]]
        calls.setdefault(meaning.effect.__module__, []).append(call)
    pages = {
        f"model/{module.rpartition('.')[2]}.md": _page(
            module, f"The model of {_spoken(names)}", _kept_by(module)
        )
        for module, names in calls.items()
    }
    shared = ("snaptree.spec.semantics.step", "snaptree.spec.semantics.active_state")
    titles = ("One step of the model", "Replacing and resetting the active state")
    for module, title in zip(shared, titles, strict=True):
        pages[f"model/{module.rpartition('.')[2]}.md"] = _page(module, title, _kept_by(module))
    others = [*_modules(*(f"snaptree.spec.{name}" for name in VOCABULARY))]
    others += [module for modules in ELSEWHERE.values() for module in modules if module not in others]
    for module in others:
        place = module.removeprefix("snaptree.").replace(".", "-")
        pages[f"model/{place}.md"] = _page(module, f"`{module}`", "")
    pages["model/index.md"] = _index([name.removesuffix(".md").partition("/")[2] for name in pages])
    return pages


def _spoken(calls: list[str]) -> str:
    return ", ".join(f"`{call}`" for call in calls)


def _kept_by(module: str) -> str:
    kept = [one.id for one in rules() if any(name.rpartition(".")[0] == module for name in functions_of(one))]
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
