"""The page of the protocol says what the code does: every method, code and variable."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from snaptree.conformance.drivers.remote import messages
from snaptree.conformance.drivers.remote.calls import PARAMETERS
from snaptree.schemas import check_against, json_schema
from snaptree.spec.json_text import read_json

TOP = Path(__file__).parents[2]


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOP / "docs"))
    return importlib.import_module("pages.protocol")


def test_every_method_has_a_row_with_the_arguments_that_are_sent(protocol: Any) -> None:
    rows = {method: params for method, params, _ in protocol._requests()}
    assert set(rows) == {f"`{one}`" for one in json_schema("rpc-request")["properties"]["method"]["enum"]}
    for call, parameters in PARAMETERS.items():
        assert re.findall(r"`(\w+)`", rows[f"`{call}`"]) == ["domain", *parameters], call
    assert set(protocol.RESULTS) <= {method.strip("`") for method in rows}


def test_every_code_of_the_messages_has_its_meaning(protocol: Any) -> None:
    codes = {value for name, value in vars(messages).items() if name.isupper() and isinstance(value, int)}
    assert set(messages.CODES) == codes - {messages.PROTOCOL, messages.REFUSED} | {messages.REFUSED}
    (page,) = protocol.protocol_pages().values()
    assert all(f"| `{code}` |" in page for code in codes - {messages.PROTOCOL} | {messages.REFUSED})


def test_the_conversation_consists_of_valid_messages(protocol: Any) -> None:
    (page,) = protocol.protocol_pages().values()
    (conversation,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    lines = [read_json(line) for line in conversation.splitlines()]
    assert len(lines) == 6
    for number, line in enumerate(lines):
        check_against("rpc-response" if number % 2 else "rpc-request", line)


def test_every_variable_that_the_code_reads_is_on_the_page(protocol: Any) -> None:
    read = {
        name
        for folder in ("conformance", "spec", "schemas", "simulator")
        for path in (TOP / folder).rglob("*.py")
        for name in re.findall(r"\bSNAPTREE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    assert read == set(protocol.VARIABLES)
