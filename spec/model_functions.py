"""Which functions of the model give a rule its meaning, and which modules stand behind the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import unwrap
from pkgutil import iter_modules
from typing import Any, Final

from snaptree.spec.operations import KINDS
from snaptree.spec.rules import Rule
from snaptree.spec.semantics import step
from snaptree.spec.semantics.step import MEANINGS

Function = Callable[..., Any]

_PACKAGES: Final = {
    "binding": ("snaptree.spec.bindings", "snaptree.spec.libvirt"),
    "law": ("snaptree.spec.laws",),
    "profile": ("snaptree.spec.profiles",),
    "xml": ("snaptree.spec.xml", "snaptree.schemas.xml"),
}
"""The packages behind rules that no single step judges, by who judges those."""


def functions_of(rule: Rule) -> tuple[Function, ...]:
    """The functions of the model that a rule speaks of. ``step`` itself keeps those about every call."""
    found: dict[Function, None] = {}
    for aspect in rule.aspects:
        if not aspect.calls:
            found[step] = None
        # libvirt's own calls stand in the modules of the bindings.
        for call in sorted(aspect.calls & KINDS.keys()):
            meaning = MEANINGS[KINDS[call]]
            if not aspect.outcomes or "accepted" in aspect.outcomes:
                found[meaning.effect] = None
            if aspect.outcomes != {"accepted"}:
                if meaning.arguments.__name__ != "_no_arguments":
                    found[meaning.arguments] = None
                found[meaning.refused] = None
            if "casualties" in aspect.parts and meaning.destroyed.__name__ != "_nothing":
                found[meaning.destroyed] = None
    return tuple(found)


def full_name(function: Function) -> str:
    """The name by which a function is imported."""
    return f"{function.__module__}.{function.__qualname__}"


def source_of(function: Function) -> tuple[str, int]:
    """The file of a function and the line in which it begins."""
    # Not inspect.getsourcelines, which reads the function to its end: a twentieth of 'snaptree rules ID'.
    code = unwrap(function).__code__
    return code.co_filename, code.co_firstlineno


def modules_of(rule: Rule) -> tuple[str, ...]:
    """The modules behind a rule that no single step judges."""
    return modules_behind(rule.judged_elsewhere)


@cache
def modules_behind(kind: str) -> tuple[str, ...]:
    """The modules behind the rules of a kind (``binding``, ``law`` …)."""
    return modules_in(*_PACKAGES.get(kind, ()))


def modules_in(*names: str) -> tuple[str, ...]:
    """Modules and packages, then what is in the packages, private modules left out."""
    inside = [
        f"{name}.{one.name}"
        for name in names
        for one in iter_modules(getattr(import_module(name), "__path__", ()))
        if not one.name.startswith("_")
    ]
    return (*names, *sorted(inside))
