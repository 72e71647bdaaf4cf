"""Describes libxml2's errors: names the allowed values and suggests the nearest one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from lxml import etree

from snaptree.schemas.xml.compiling import DIALECTS, Dialect, compiled, explain
from snaptree.schemas.xml.document import Document, local, path_of, text_of
from snaptree.schemas.xml.fault import Fault, quote

ONCE: Final = "XML-29"
NO_NAMESPACE: Final = "XML-31"
UNKNOWN: Final = "XML-32"


def explain_error(
    document: Document, dialect: Dialect, element: etree._Element, code: int, text: str
) -> Fault:
    """The fault that an error of libxml2, its code and its text, is about an element."""
    name = f"<{_named(element)}>"
    path = path_of(element)
    # Not cut out of the text, in which a namespace or a value may say anything.
    begin = f"Element '{element.tag!s}', attribute"
    attribute = next((str(one) for one in element.attrib if text.startswith(f"{begin} '{one!s}'")), "")
    above = explain(path, dialect)
    meaning = explain(f"{path}/@{attribute}", dialect) if attribute else above
    here, rule = above[1], above[1].rule
    if code == 1871 and "Missing child" in text:
        missing = ", ".join(f"<{one}>" for one in re.findall(r"[\w-]+", text.rpartition("(")[2]))
        return document.fault(element, rule, f"{name} lacks {missing}")
    if code == 1871:
        return document.fault(element, *_unexpected(document, dialect, element))
    if code == 1843:
        return document.fault(element, UNKNOWN, f"there is text between the elements of {name}")
    if code in (1842, 1828):
        return document.fault(element, UNKNOWN, f"there are elements inside {name}, which holds text only")
    if code in (1866, 1827):
        known = [one[1:] for one in here.below if one.startswith("@")]
        return document.fault(
            element, UNKNOWN, f"attribute {quote(attribute)} is not known on {name}{_hint(attribute, known)}"
        )
    if code == 1868:
        missing = match[1] if (match := re.search(r"The attribute '(.*?)' is required", text)) else ""
        return document.fault(element, rule, f"{name} lacks the attribute '{missing}'")
    if code == 1877:
        named = quote(element.get("name", ""))
        return document.fault(element, rule, f"disk {named} is listed a second time", "name")
    value = element.get(attribute, "") if attribute else text_of(element)
    subject = f"attribute '{attribute}' of {name}" if attribute else name
    wanted = meaning[1]
    if wanted.values:
        reason = f"it can be {', '.join(wanted.values)}"
    else:
        reason = f"wanted: {wanted.form.rstrip('.')}" if wanted.form else text
    return document.fault(element, wanted.rule, f"{subject} is {quote(value)}; {reason}", attribute)


def _unexpected(document: Document, dialect: Dialect, element: etree._Element) -> tuple[str, str]:
    """The rule that an element breaks by being where it is, and the message."""
    name, parent = _named(element), element.getparent()
    uri = etree.QName(element).namespace
    if parent is None:
        return wrong_root(element)
    if uri is not None:
        return (
            NO_NAMESPACE,
            f"<{name}> is in the namespace {quote(uri)}; nothing of a snapshot is in a namespace",
        )
    twin = next((one for one in element.itersiblings(element.tag, preceding=True)), None)
    path = path_of(parent)
    known = [one for one in explain(path, dialect)[1].below if not one.startswith("@")]
    if twin is not None and name in known:
        line, column = document.place(twin)
        return ONCE, f"<{name}> is there a second time; the first is in line {line}, column {column}"
    others = [one for one in DIALECTS if one != dialect and f"{path}/{name}" in compiled(one).meanings]
    if others:
        return (
            UNKNOWN,
            f"<{name}> belongs to the dialect {others[0]}, and is unknown in the dialect {dialect}",
        )
    return UNKNOWN, f"<{name}> is not known inside <{_named(parent)}>{_hint(name, known)}"


def wrong_root(root: etree._Element) -> tuple[str, str]:
    """The rule that a root element breaks which no dialect has, and the message."""
    uri = etree.QName(root).namespace
    where = f" in the namespace {quote(uri)}" if uri else ""
    wanted = "<domainsnapshot> or <domaincheckpoint> in no namespace is wanted"
    return NO_NAMESPACE if uri else UNKNOWN, f"the root is <{_named(root)}>{where}; {wanted}"


def _hint(name: str, known: list[str]) -> str:
    # Looking for resemblance takes as long as the name is, and a name may have 50,000 characters.
    near = get_close_matches(name[:60], known, 1, 0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are {', '.join(known)}" if known else "; it can have none"


def _named(element: etree._Element) -> str:
    name = f"{element.prefix}:{local(element)}" if element.prefix else local(element)
    return quote(name)[1:-1]
