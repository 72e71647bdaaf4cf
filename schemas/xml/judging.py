"""Finds the dialects that a document fits, or the faults that keep it from the nearest one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from lxml import etree

from snaptree.schemas.xml.compiling import Dialect, compiled
from snaptree.schemas.xml.document import Document
from snaptree.schemas.xml.explaining import explain_error, wrong_root
from snaptree.schemas.xml.fault import Fault

MOST_FAULTS: Final = 100
"""Faults that are told of one document: to find the place of each takes time."""

_ROOTS: Final[dict[str, tuple[Dialect, ...]]] = {
    "domainsnapshot": ("libvirt", "rfc"),
    "domaincheckpoint": ("checkpoint",),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The dialects that a document fits; if none, its faults in the nearest dialect."""

    dialects: tuple[Dialect, ...]
    nearest: Dialect | None
    faults: tuple[Fault, ...]


def judge(document: Document) -> Verdict:
    """Find the dialects that a document fits, or its faults in the nearest one."""
    root = document.root
    if root.tag not in _ROOTS:
        return Verdict((), None, (document.fault(root, *wrong_root(root)),))
    candidates: tuple[Dialect, ...] = _ROOTS[str(root.tag)]
    foreign = {
        dialect: sum(
            f"{root.tag}/{child.tag}" not in compiled(dialect).meanings
            for child in root.iterchildren(etree.Element)
        )
        for dialect in candidates
    }
    matching = tuple(one for one in candidates if not foreign[one] and fits(document, one))
    if matching:
        return Verdict(matching, matching[0], ())
    nearest = min(candidates, key=foreign.__getitem__)
    return Verdict((), nearest, faults(document, nearest))


def fits(document: Document, dialect: Dialect) -> bool:
    """Whether a document fits a dialect; faster than ``faults``, which lists the reasons."""
    schema = compiled(dialect)
    return schema.xsd.validate(document.root) and not schema.any_broken(document.root)


def faults(document: Document, dialect: Dialect) -> tuple[Fault, ...]:
    """The faults of a document in a dialect, in document order; at most MOST_FAULTS."""
    schema, root = compiled(dialect), document.root
    errors: Any = ()
    if not schema.xsd.validate(root):
        errors = schema.xsd.error_log
    elif not schema.any_broken(root):
        return ()
    found: list[Fault] = []
    for error in islice(errors, MOST_FAULTS):
        at: Any = error.path and root.getroottree().xpath(error.path, namespaces=document.namespaces)
        found.append(explain_error(document, dialect, at[0] if at else root, error.type, error.message))
    for broken, message, rule in schema.conditions:
        nodes: Any = broken(root)
        found.extend(document.fault(node, rule, message) for node in nodes[: MOST_FAULTS - len(found)])
    # An attribute with a wrong value can be reported once for the value and once as missing.
    unique = {(one.line, one.column, one.element): one for one in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda one: (one.line, one.column)))
