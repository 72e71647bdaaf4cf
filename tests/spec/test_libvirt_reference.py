"""The numbers of libvirt here are those of libvirt's own reference: every flag, error code and event.

The reference is libvirt-api.xml, which package libvirt-dev has, and libvirt-python, which is made of it.
A test that finds neither is skipped, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum, IntFlag
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from snaptree.spec.libvirt.calls import LIBVIRT_CALLS, LibvirtCall
from snaptree.spec.libvirt.errors import CODES, WITHOUT_AGENT, ErrorCode
from snaptree.spec.libvirt.events import REFERENCE as EVENTS
from snaptree.spec.libvirt.flags import REFERENCE as FLAGS
from snaptree.spec.libvirt.flags import NoFlag
from snaptree.spec.outcomes import REFUSALS

API = Path("/usr/share/libvirt/api/libvirt-api.xml")

needs_reference = pytest.mark.skipif(not API.is_file(), reason="libvirt-dev is not here")
needs_python = pytest.mark.skipif(find_spec("libvirt") is None, reason="libvirt-python is not here")

# The end of an enumeration, and aliases with the value of a flag that another type has.
_NOT_A_VALUE = re.compile(r"_LAST$")


@cache
def reference() -> ElementTree.Element:
    return ElementTree.parse(API).getroot()


@cache
def enumerators(kind: str) -> Mapping[str, int]:
    """The names and values of one type, the end marker left out."""
    found = {}
    for entry in reference().iterfind("symbols/enum"):
        name, value = entry.get("name", ""), entry.get("value", "")
        if entry.get("type") == kind and not _NOT_A_VALUE.search(name):
            found[name] = int(value) if value.isdecimal() else value_of(value)
    return found


def value_of(name: str) -> int:
    """The value of an enumerator that is given by the name of another."""
    (value,) = (
        entry.get("value", "") for entry in reference().iterfind("symbols/enum") if entry.get("name") == name
    )
    return int(value)


def ours(kind: type[IntFlag] | type[IntEnum], prefix: str) -> dict[str, int]:
    return {f"{prefix}{name}": member.value for name, member in kind.__members__.items()}


TABLES = [*FLAGS.items(), *EVENTS.items()]


@needs_reference
@pytest.mark.parametrize(("kind", "place"), TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_a_table_has_every_enumerator_of_its_type_and_no_other(
    kind: type[IntFlag] | type[IntEnum], place: tuple[str, str]
) -> None:
    name, prefix = place
    assert ours(kind, prefix) == enumerators(name)


@needs_reference
def test_error_codes_have_the_numbers_of_the_reference() -> None:
    known = enumerators("virErrorNumber")
    assert known["VIR_ERR_DOM_EXIST"] == 28
    for name, code in ours(ErrorCode, "VIR_ERR_").items():
        assert known[name] == code


@needs_python
def test_the_tables_agree_with_libvirt_python() -> None:
    libvirt = import_module("libvirt")

    tables: list[tuple[Any, str]] = [
        *((kind, prefix) for kind, (_, prefix) in TABLES),
        (ErrorCode, "VIR_ERR_"),
    ]
    for kind, prefix in tables:
        for name, value in ours(kind, prefix).items():
            assert getattr(libvirt, name) == value, name


def test_every_code_of_a_refusal_is_one_of_the_table() -> None:
    """A plain number in a table of codes would be compared with nothing."""
    for table in (CODES, WITHOUT_AGENT):
        for kind, codes in table.items():
            assert kind in REFUSALS
            assert all(isinstance(code, ErrorCode) for code in codes), kind
    used = {code for table in (CODES, WITHOUT_AGENT) for codes in table.values() for code in codes}
    assert used == set(ErrorCode) - {ErrorCode.NO_DOMAIN, ErrorCode.NO_DOMAIN_METADATA}


@needs_reference
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=lambda one: one.kind)
def test_the_codes_in_the_table_of_outcomes_are_names_of_the_reference(refusal: object) -> None:
    said = str(getattr(refusal, "libvirt", ""))
    known = enumerators("virErrorNumber")
    assert [name for name in re.findall(r"VIR_ERR_[A-Z_]+", said) if name not in known] == []


def function_of(call: type[LibvirtCall]) -> ElementTree.Element:
    name = call.op.partition(":")[0]
    found = reference().findall(f"symbols/function[@name='{name}']")
    assert len(found) == 1, f"libvirt has no {name}"
    return found[0]


@needs_reference
@pytest.mark.parametrize("call", LIBVIRT_CALLS.values(), ids=lambda one: one.op)
def test_a_call_has_the_flags_that_the_reference_names(call: type[LibvirtCall]) -> None:
    """The type in "bitwise-OR of …", or none at all; and flags if and only if the function has any."""
    told = {arg.get("name"): arg.get("info", "") for arg in function_of(call).iterfind("arg")}
    assert ("flags" in told) == ("flags" in call.__dataclass_fields__)
    named = re.search(r"bitwise-OR of (?:supported )?(\w+)", told.get("flags", ""))
    if named is None:
        assert call.flag_kind is NoFlag
    else:
        assert FLAGS[call.flag_kind][0] == named[1]


@needs_reference
@pytest.mark.parametrize("call", LIBVIRT_CALLS.values(), ids=lambda one: one.op)
def test_flags_exclude_each_other_where_the_reference_says_so(call: type[LibvirtCall]) -> None:
    text = " ".join((function_of(call).findtext("info") or "").split())
    assert ("flags are mutually exclusive" in text) == bool(call.exclusive)
