"""The published schemas, compiled, with their documentation of elements and attributes.

The annotations of the XSD hold what XML Schema 1.0 cannot express, as Schematron assertions; this module
turns them into XPath.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from lxml import etree

Dialect = Literal["libvirt", "rfc", "checkpoint"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)
"""The dialects, in the order in which they are tried."""

_FILES: Final = {"libvirt": "domainsnapshot", "rfc": "domainsnapshot-rfc", "checkpoint": "domaincheckpoint"}
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_SCHEMATRON: Final = "{http://purl.oclc.org/dsdl/schematron}"
_RULE: Final = re.compile(r"\s*\((XML-\d+)\)$")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The documentation of an element or attribute.

    ``values`` are its allowed words, if the schema lists them; ``form`` describes its text; ``below`` names
    its elements and ``@attributes``; an ``open`` element allows any others.
    """

    text: str
    rule: str
    form: str = ""
    values: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    open: bool = False


def explain(path: str, dialect: Dialect) -> tuple[str, Meaning]:
    """The documentation of an element or attribute, or of its nearest documented ancestor.

    Returns the path that the explanation is about, and the explanation.
    """
    meanings = compiled(dialect).meanings
    while path and path not in meanings:
        path = path.rpartition("/")[0]
    path = path or next(iter(meanings))
    return path, meanings[path]


def meanings(dialect: Dialect) -> dict[str, Meaning]:
    """The documentation of every element and attribute, by path."""
    return dict(compiled(dialect).meanings)


class CompiledSchema:
    """A compiled XSD with the documentation and the assertions of its annotations.

    ``conditions`` are the assertions: an XPath that finds the elements that break it, its words and its
    rule. ``any_broken`` says whether a root breaks any.
    """

    def __init__(self, text: bytes) -> None:
        tree = etree.fromstring(text)
        self.xsd = etree.XMLSchema(tree)
        self.meanings: dict[str, Meaning] = {}
        self.conditions: list[tuple[etree.XPath, str, str]] = []
        self._types = {str(one.get("name")): one for one in tree if one.tag != f"{_XS}element"}
        root = tree.find(f"{_XS}element")
        assert root is not None
        broken: dict[str, list[str]] = {}
        for path, condition in self._walk(root, ""):
            words, rule = _annotated(condition.text or "")
            test = f"not({condition.get('test')})"
            self.conditions.append((etree.XPath(f"/{path}[{test}]"), words, rule))
            broken.setdefault(path, []).append(test)
        # One expression for all of them: a document that fits is the rule.
        inside = [
            f"{path.partition('/')[2] or 'self::*'}[{' or '.join(tests)}]" for path, tests in broken.items()
        ]
        self.any_broken: Any = (
            etree.XPath(" or ".join(inside), regexp=False) if inside else lambda _root: False
        )

    def _walk(self, declared: etree._Element, above: str) -> Iterator[tuple[str, etree._Element]]:
        """Record an element and all below it; yield its assertions with its path."""
        path = f"{above}/{declared.get('name')}" if above else str(declared.get("name"))
        kind = self._type(declared)
        self.meanings[path] = self._meaning(declared, kind)
        if kind is None:
            return
        for condition in kind.findall(f"{_XS}annotation/{_XS}appinfo/{_SCHEMATRON}assert"):
            yield path, condition
        for attribute in _inside(kind, f"{_XS}attribute"):
            self.meanings[f"{path}/@{attribute.get('name')}"] = self._meaning(
                attribute, self._type(attribute)
            )
        for child in _inside(kind, f"{_XS}element"):
            yield from self._walk(child, path)

    def _type(self, declared: etree._Element) -> etree._Element | None:
        inline = declared.find(f"{_XS}complexType")
        return self._types.get(declared.get("type", "")) if inline is None else inline

    def _meaning(self, declared: etree._Element, kind: etree._Element | None) -> Meaning:
        text, rule = _documentation(declared)
        if kind is None:
            return Meaning(text, rule)
        names = [str(one.get("name")) for one in _inside(kind, f"{_XS}element")]
        names += [f"@{one.get('name')}" for one in _inside(kind, f"{_XS}attribute")]
        extension = kind.find(f"{_XS}simpleContent/{_XS}extension")
        plain = kind if extension is None else self._types.get(extension.get("base", ""))
        values = (
            () if plain is None else tuple(str(one.get("value")) for one in plain.iter(f"{_XS}enumeration"))
        )
        form = "" if plain is None else _documentation(plain)[0]
        anything = next(_inside(kind, f"{_XS}any"), None) is not None
        return Meaning(text, rule, form, values, tuple(names), anything)


def _inside(kind: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The declarations that belong to a type itself, not to an element in it."""
    for child in kind:
        if child.tag == tag:
            yield child
        elif child.tag != f"{_XS}element" and child.tag != f"{_XS}attribute":
            yield from _inside(child, tag)


def _documentation(declared: etree._Element) -> tuple[str, str]:
    return _annotated(declared.findtext(f"{_XS}annotation/{_XS}documentation") or "")


def _annotated(text: str) -> tuple[str, str]:
    """Words and rule id of a documentation, which ends in ``(XML-1)``."""
    words = " ".join(text.split())
    rule = _RULE.search(words)
    return (words[: rule.start()], rule[1]) if rule else (words, "")


@cache
def compiled(dialect: Dialect) -> CompiledSchema:
    """The schema of a dialect; compiled once in a process."""
    return CompiledSchema(schema_file(f"{_FILES[dialect]}.xsd"))


def schema_file(name: str) -> bytes:
    """A schema of the folder above, as it is published, such as ``domainsnapshot.rng``."""
    return files("snaptree.schemas").joinpath(name).read_bytes()
