"""The form of an observation: the quick check says what the schema says, and the reason is told in words."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.form import fault_of_form, fits_form, is_json, not_json
from snaptree.schemas import json_schema, validation_error
from snaptree.spec.profiles import load_profile

MUTATIONS: Final = 10_000

VALUES: Final[tuple[Any, ...]] = (
    {"vda": {"size": 65536, "blocks": {"0": 1}}}, {"vda": {"size": 65536}}, {"k": "v"}, {"k": 1}, {"0": 1},
    2**63, -(2**63), -(2**64), 2.0**63, {"00": 1}, {"power": "off"},
    None, True, False, 0, 1, -1, 5, 255, 256, 2**40, 1.0, 0.0, 0.5, -3.0,
    "", "a", "0", "off", "shutoff", "unspecified",
    [], {}, [1, 2], [[1, 2]], [[1]], [[1, True]], {"vda": 1}, {"size": 1, "blocks": {}},
)  # fmt: skip
KEYS: Final = (
    "id", "name", "parent", "point", "disks", "memory", "power", "size", "blocks", "vda",
    "0", "7", "07", "5000", "1\n", "x-own", "foo", "", "events", "captured",
    "managed_save", "independent", "snapshots", "configuration",
)  # fmt: skip


def observations() -> list[dict[str, Any]]:
    """Observations of domains that show something of everything."""
    shown: list[dict[str, Any]] = []
    domain: Any = SimulatorDriver().open()
    shown.append(copy.deepcopy(domain.observe()))
    domain.configure("key", "value")
    domain.write_disk("vda", 0, 1)
    domain.create("a")
    domain.start()
    domain.write_memory(1)
    domain.attach_disk("vdc", 1 << 17, independent=True)
    domain.write_disk("vdc", 1, 255)
    domain.create("b", memory=True)
    shown.append(copy.deepcopy(domain.observe()))
    domain.managed_save()
    shown.append({**copy.deepcopy(domain.observe()), "events": [[2, 0], [5, 1]], "x-host": {"load": 0.5}})
    return shown


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    keys = (
        list(document)
        if isinstance(document, dict)
        else range(len(document))
        if isinstance(document, list)
        else ()
    )
    for key in keys:
        found.append((document, key))
        found += places(document[key])
    return found


def mutate(document: Any, random: Random) -> None:
    """Change, remove or add one thing."""
    container, key = random.choice(places(document))
    match random.randrange(5):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[random.choice(KEYS)] = random.choice([*VALUES, copy.deepcopy(container[key])])
        case 2 if isinstance(container, dict):
            container[random.choice(KEYS)] = container.pop(key)
        case _:
            container[key] = copy.deepcopy(random.choice(VALUES))


def test_the_quick_check_says_of_ten_thousand_documents_what_the_schema_says() -> None:
    random = Random(12)
    schema = Draft202012Validator(json_schema("observation"))
    right = observations()
    assert all(fits_form(one) and validation_error("observation", one) is None for one in right)
    fitting = 0
    for number in range(MUTATIONS):
        document = copy.deepcopy(random.choice(right))
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            if places(document):
                mutate(document, random)
        fits = schema.is_valid(document)
        assert fits_form(document) == fits, (document, validation_error("observation", document))
        fitting += fits
        if not fits and number % 10 == 0:
            told = fault_of_form(document)
            assert told.isprintable()
            assert "Error" not in told
    assert MUTATIONS / 10 < fitting < MUTATIONS * 9 / 10, "the mutations are too mild, or too wild"


@pytest.mark.parametrize(
    "document", [None, [], 0, "x", True, [[[]]], (), {1: 2}, {"x-own": {1, 2}}, object(), 1e400]
)
def test_what_is_no_object_of_json_is_no_observation(document: Any) -> None:
    assert not fits_form(document)
    assert fault_of_form(document).startswith(("observe() ", "the keys of observe()", "x-own"))


def _with(path: list[Any], value: Any) -> dict[str, Any]:
    document: Any = observations()[1]
    here = document
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["active", "power"], "shutoff", "active.power is one of off, running, paused, not 'shutoff'"),
        (["foo"], 1, "unknown key 'foo' in observe(); known are snapshots, current"),
        (["curent"], None, "unknown key 'curent' in observe(); did you mean 'current'?"),
        (["snapshots"], {}, "snapshots is a list, not an object"),
        (["active", "disks", "vda"], [0, 1], "active.disks.vda is an object, not a list"),
        (["active", "disks", "vda", "size"], "1048576", "active.disks.vda.size is an integer, not '1048576'"),
        (["active", "disks", "vda", "blocks"], {"3": 0}, "active.disks.vda.blocks.3 is 1 or more, not 0"),
        (["active", "disks", "vda", "blocks"], {"03": 1}, "active.disks.vda.blocks has the key '03'"),
        (["active", "disks", "vda", "blocks"], {3: 1}, "the keys of active.disks.vda.blocks are texts"),
        (["active", "memory"], "none", "active.memory is an integer or null or 'unspecified', not 'none'"),
        (["snapshots", 1, "id"], 7, "snapshots[1].id is a text, not 7"),
        (["snapshots", 1, "id"], "", "snapshots[1].id is empty"),
        (["snapshots", 1, "captured"], None, "snapshots[1].captured is a number or a text, not null"),
        (["snapshots", 1, "captured"], float("nan"), "snapshots[1].captured is JSON, not nan"),
        (["snapshots", 1, "captured"], 2**64, "snapshots[1].captured is 9223372036854775807 or less"),
        (["snapshots"], (), "snapshots is a list, not a tuple"),
        (["current"], "x" * 100, None),
        (["events"], [[1]], "events[0] has 2 items, not 1"),
        (["snapshots", 0], {}, "snapshots[0] lacks 'id'"),
    ],
)  # fmt: skip
def test_the_reason_is_told_in_words(path: list[Any], value: Any, told: str | None) -> None:
    document = _with(path, value)
    assert fits_form(document) == (told is None)
    if told is not None:
        assert fault_of_form(document).startswith(told)


def test_an_integer_of_thousands_of_digits_is_told_without_them() -> None:
    told = fault_of_form(_with(["snapshots", 1, "name"], 10**5000))
    assert told == "snapshots[1].name is JSON, not an integer of thousands of digits"


def test_a_document_that_holds_itself_is_told() -> None:
    document: Any = {}
    document["x-own"] = document
    assert not fits_form(document)
    assert "nested too deeply" in fault_of_form(document)


@pytest.mark.parametrize("value", [None, True, 7, 0.5, "text", "\ud800", [], {}, {"a": [1, None]}])
def test_json_is_json(value: Any) -> None:
    assert is_json(value)


@pytest.mark.parametrize(
    "value", [float("inf"), {1}, (1,), [(1,)], {1: 1}, b"", object(), 10**5000, [10**5000]], ids=type
)
def test_what_cannot_cross_a_process_boundary_is_not_json(value: Any) -> None:
    assert not is_json(value)
    assert not_json(value, "digests()")


def test_the_simulated_domain_shows_observations_under_every_profile() -> None:
    for name in ("rfc", "qemu", "esx", "virtualbox", "libvirt-test", "libvirt-qemu-internal"):
        driver = SimulatorDriver()
        driver.profile = load_profile(name)
        assert fits_form(driver.open().observe())
