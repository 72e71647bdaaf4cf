"""The schemas as files: documented throughout, readable by others, and saying the same everywhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from hypothesis import HealthCheck, given, seed, settings
from lxml import etree

from snaptree.schemas.xml import DIALECTS, Dialect, explain, fits, meanings, parse, schema_file
from snaptree.spec.rules import rules

from .agreement import DOCUMENTS, Node
from .variant import GRAMMARS, SCHEMAS, XS, documented, variant

XSD = {"libvirt": "domainsnapshot.xsd", "rfc": "domainsnapshot-rfc.xsd", "checkpoint": "domaincheckpoint.xsd"}
FILES = [*XSD.values(), "domainsnapshot-1.1.xsd"]
DOCUMENTED = Path(__file__).parent / "documents"


@cache
def reference(name: str) -> Any:
    kind = xmlschema.XMLSchema11 if "1.1" in name else xmlschema.XMLSchema10
    return kind(str(SCHEMAS / name))


@pytest.mark.parametrize("name", FILES)
def test_every_element_attribute_and_type_is_documented_with_its_rule(name: str) -> None:
    known = {one.id for one in rules() if one.chapter == "xml"}
    tree = etree.fromstring(schema_file(name))
    declared = [
        one for kind in ("element", "attribute", "complexType", "simpleType") for one in tree.iter(XS + kind)
    ]
    named = [one for one in declared if one.get("name")]
    assert len(named) > 12
    bare = []
    for one in named:
        text = " ".join((one.findtext(f"{XS}annotation/{XS}documentation") or "").split())
        words, _, identifier = text.rpartition(" (")
        if len(words.split()) < 3 or identifier.rstrip(")") not in known:
            bare.append((one.tag, one.get("name")))
    assert bare == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_element_and_attribute_is_explained(dialect: Dialect) -> None:
    known = {one.id for one in rules()}
    assert [path for path, one in meanings(dialect).items() if not one.text or one.rule not in known] == []
    missing = [
        f"{path}/{below}" for path, one in meanings(dialect).items() for below in one.below
        if f"{path}/{below}" not in meanings(dialect)
    ]  # fmt: skip
    assert missing == []


def test_an_explanation_is_that_of_the_nearest_known_element() -> None:
    assert (
        explain("domainsnapshot/disks/disk/@snapshot", "libvirt")[0] == "domainsnapshot/disks/disk/@snapshot"
    )
    assert explain("domainsnapshot/disks/disk/nonsense/deep", "libvirt")[0] == "domainsnapshot/disks/disk"
    assert explain("nonsense", "libvirt")[0] == "domainsnapshot"


def test_every_rule_about_elements_is_used_by_a_schema() -> None:
    used = {one.rule for dialect in DIALECTS for one in meanings(dialect).values()}
    assert used == {f"XML-{number}" for number in (1, 3, 4, 8, 9, 16, 18, 19, 22, 24, 26, 27, 28, 33, 34)}


def test_the_variant_in_xml_schema_1_1_is_up_to_date() -> None:
    assert schema_file("domainsnapshot-1.1.xsd").decode() == variant(), "run python tests/schemas/variant.py"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_documentation_of_the_relax_ng_is_up_to_date(dialect: Dialect) -> None:
    assert schema_file(GRAMMARS[dialect]).decode() == documented(dialect), (
        "run python tests/schemas/variant.py"
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_relax_ng_judges_the_folder_as_the_xsd_does(dialect: Dialect) -> None:
    grammar = etree.RelaxNG(etree.fromstring(schema_file(GRAMMARS[dialect])))
    verdicts = set()
    for path in sorted(DOCUMENTED.glob("*/*.xml")):
        if path.parent.name == "hostile" or path.stem == "disk-twice":
            continue
        document = parse(path.read_bytes())
        verdicts.add(grammar.validate(document.root))
        assert grammar.validate(document.root) == fits(document, dialect), path.name
    assert verdicts == {True, False}


@pytest.mark.parametrize("dialect", ["rfc", "checkpoint", "libvirt"])
def test_lxml_and_xmlschema_judge_the_folder_alike(dialect: Dialect) -> None:
    name = "domainsnapshot-1.1.xsd" if dialect == "libvirt" else XSD[dialect]
    conditions_in_1_0 = {"checkpoint-no-with-bitmap"}
    verdicts = set()
    for path in sorted(DOCUMENTED.glob("*/*.xml")):
        if path.parent.name == "hostile" or path.stem in conditions_in_1_0:
            continue
        document = parse(path.read_bytes())
        expected = fits(document, dialect)
        verdicts.add(expected)
        assert reference(name).is_valid(document.root) == expected, path.name
    assert verdicts == {True, False}


def test_the_1_1_variant_and_the_assertions_that_snaptree_evaluates_are_one_language() -> None:
    seen = {True: 0, False: 0}

    @seed(17)
    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(DOCUMENTS)
    def compare(document: Node) -> None:
        read = parse(etree.tostring(document.element(), encoding="utf-8"))
        ours = fits(read, "libvirt")
        seen[ours] += 1
        theirs = reference("domainsnapshot-1.1.xsd").is_valid(read.root)
        assert theirs == ours, etree.tostring(read.root, encoding="unicode")

    compare()
    assert min(seen.values()) > 15
