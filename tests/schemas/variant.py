"""What of the published schemas follows from the XSD: the 1.1 variant, and the documentation of the RNG.

``python tests/schemas/variant.py`` writes both again after a change.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from snaptree.schemas.xml import Dialect, Meaning, meanings

SCHEMAS = Path(__file__).parents[2] / "schemas"
GRAMMARS: dict[Dialect, str] = {
    "libvirt": "domainsnapshot.rng",
    "rfc": "domainsnapshot-rfc.rng",
    "checkpoint": "domaincheckpoint.rng",
}
XS = "{http://www.w3.org/2001/XMLSchema}"
SCH = "{http://purl.oclc.org/dsdl/schematron}"
RNG = "{http://relaxng.org/ns/structure/1.0}"
NOTES = "http://relaxng.org/ns/compatibility/annotations/1.0"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- domainsnapshot.xsd in XML Schema 1.1: what stands there as Schematron assertions in the annotations,
     because 1.0 cannot say it, is xs:assert here. Written by tests/schemas/variant.py. -->
"""


def variant() -> str:
    """The text of the 1.1 schema."""
    root = etree.parse(SCHEMAS / "domainsnapshot.xsd", etree.XMLParser(remove_comments=True)).getroot()
    for annotation in root.iter(f"{XS}annotation"):
        appinfo = annotation.find(f"{XS}appinfo")
        if appinfo is None:
            continue
        kind = annotation.getparent()
        assert kind is not None
        extension = kind.find(f"{XS}simpleContent/{XS}extension")
        body = kind if extension is None else extension
        for condition in appinfo.iter(f"{SCH}assert"):
            claim = etree.SubElement(body, f"{XS}assert", test=condition.get("test") or "")
            said = etree.SubElement(etree.SubElement(claim, f"{XS}annotation"), f"{XS}documentation")
            said.text = condition.text
        annotation.remove(appinfo)
    etree.cleanup_namespaces(root)
    etree.indent(root)
    return HEAD + etree.tostring(root, encoding="unicode") + "\n"


def documented(dialect: Dialect) -> str:
    """The text of a RELAX NG grammar with the documentation of the XSD on every element and attribute."""
    tree = etree.parse(SCHEMAS / GRAMMARS[dialect], etree.XMLParser(remove_blank_text=True))
    root = tree.getroot()
    for old in list(root.iter(f"{{{NOTES}}}documentation")):
        above = old.getparent()
        assert above is not None
        above.remove(old)
    start = root.find(f"{RNG}start")
    assert start is not None
    _document(start, "", root, meanings(dialect), frozenset())
    # libxml2 keeps the declarations of a root as they are: the new one is made on a new root.
    spaces: Any = {**root.nsmap, "a": NOTES}
    attributes: Any = dict(root.attrib)
    renewed = etree.Element(root.tag, attributes, nsmap=spaces)
    renewed.extend(list(root))
    etree.indent(renewed)
    heads = [
        etree.tostring(one, encoding="unicode", with_tail=False) for one in root.itersiblings(preceding=True)
    ]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *heads, etree.tostring(renewed, encoding="unicode")]
    return "\n".join(lines) + "\n"


def _document(
    part: etree._Element, path: str, root: etree._Element, known: dict[str, Meaning], inside: frozenset[str]
) -> None:
    """Follow the grammar from the root of the documents, and note what each element and attribute means."""
    for child in list(part.iterchildren(etree.Element)):
        name = child.get("name")
        if child.tag == f"{RNG}ref":
            assert name is not None
            definition = root.find(f"{RNG}define[@name='{name}']")
            assert definition is not None, name
            if name not in inside:
                _document(definition, path, root, known, inside | {name})
        elif name is not None and child.tag in (f"{RNG}element", f"{RNG}attribute"):
            mark = "@" if child.tag == f"{RNG}attribute" else ""
            here = f"{path}/{mark}{name}" if path else name
            if here in known and child.find(f"{{{NOTES}}}documentation") is None:
                note = etree.Element(f"{{{NOTES}}}documentation", nsmap={"a": NOTES})
                note.text = f"{known[here].text} ({known[here].rule})"
                child.insert(0, note)
            _document(child, here, root, known, inside)
        else:
            _document(child, path, root, known, inside)


if __name__ == "__main__":
    (SCHEMAS / "domainsnapshot-1.1.xsd").write_text(variant(), encoding="utf-8")
    for dialect in GRAMMARS:
        (SCHEMAS / GRAMMARS[dialect]).write_text(documented(dialect), encoding="utf-8")
