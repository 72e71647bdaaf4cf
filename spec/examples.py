"""The example trees of the chapters, and the operations shown on them.

An example is text in a chapter. This module turns it into operations for the model and for a driver, so
every figure is computed and every example is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import KINDS, OPERATIONS, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile, load_profile, varied
from snaptree.spec.rules import Example
from snaptree.spec.semantics import step
from snaptree.spec.state import BLOCK_STRIDE, Domain, blank_domain
from snaptree.spec.text import did_you_mean

BLOCKS: Final = 16
"""Blocks of each disk."""
VALUES: Final = 255
"""Values of a byte that are not zero."""
DISKS: Final = {"vda": BLOCKS * BLOCK_STRIDE, "vdb": BLOCKS * BLOCK_STRIDE}

TREES: Final[dict[str, str]] = {
    "base-only": "",
    "lone": "create a; write",
    "chain": "create a; write; create b; write; create c; write",
    "chain-mid": "create a; write; create b; write; create c; revert b; write",
    "fork": "create a; write; create b; write; create d; revert a; write; create c; write",
    "fork-base": "create r; create a; write; create c; revert r; create b; merge r; write",
    "running": "create a; start; memory; write; create b memory; write; memory",
    "saved": "create a; start; memory; create b memory; managed_save",
    "numbered": "create 2; write; create 1; write",
    "retired": "create a; write; create r; write; create b; retire r; write",
}
"""How each example tree is made: a small script, read by ``tree_operations``."""

TRANSIENT: Final = "transient"

_CALL: Final = re.compile(r"^(?P<call>[a-z_]+)\((?P<arguments>.*)\)$")


class UnknownExample(ValueError):
    """An example that names no tree or no operation; the text says which."""


def tree_operations(tree: str) -> list[Operation]:
    """The operations that make an example tree on a fresh domain.

    The nth snapshot created has the id ``sn``. Raises UnknownExample.
    """
    if tree not in TREES:
        raise UnknownExample(
            f"no example tree {tree!r}; there are {', '.join(TREES)}{did_you_mean(tree, TREES)}"
        )
    return script_operations(TREES[tree])


def script_operations(script: str) -> list[Operation]:
    """The operations of a script such as ``create a; write; create b; revert a``.

    A create is preceded by writes, so that every point differs. Raises UnknownExample.
    """
    ids: dict[str, str] = {}
    made: list[Operation] = []
    for number, command in enumerate(script.split(";"), start=1):
        try:
            made.extend(_command(command.split(), number, ids))
        except (KeyError, TypeError):
            raise UnknownExample(
                f"cannot read {command.strip()!r}; a script is made of 'create NAME', 'create NAME memory', "
                "'write', 'memory', 'revert NAME', 'retire NAME', 'merge NAME' and calls such as 'start'"
            ) from None
    return made


def scripted_domain(tree: str) -> Domain:
    """An example tree by its name, or the tree of a script, under the profile ``rfc``.

    Raises UnknownExample.
    """
    if tree in TREES:
        return example_domain(tree)
    if not tree.strip() or (";" not in tree and " " not in tree):
        return example_domain(tree)  # which says what there is
    return _run(blank_domain(DISKS), script_operations(tree), load_profile("rfc"))


def _command(words: list[str], number: int, ids: dict[str, str]) -> Iterator[Operation]:
    match words:
        case ["create", name, *kind]:
            # A point of its own on both disks: a mistake about which is which must show.
            yield ops.WriteDisk("vda", 0, _value_of(number))
            yield ops.WriteDisk("vdb", number % BLOCKS, _value_of(number))
            if number > VALUES:
                # The value of a byte comes round: this one counts how often.
                yield ops.WriteDisk("vda", 1, _value_of(number // VALUES))
            yield ops.Create(name, memory=bool(kind))
            ids[name] = f"s{len(ids) + 1}"
        case ["write"]:
            yield ops.WriteDisk("vda", 0, _value_of(100 + number))
            yield ops.WriteDisk("vda", number % BLOCKS, _value_of(100 + number))
        case ["memory"]:
            yield ops.WriteMemory(_value_of(number))
        case ["revert", name]:
            yield ops.Revert(ids[name])
        case ["retire", name]:
            yield ops.Retire(ids[name])
        case ["merge", name]:
            yield ops.MergeIntoChildren(ids[name])
        case [call]:
            yield OPERATIONS[call]()
        case []:
            return
        case _:
            raise KeyError(words[0])


def _value_of(number: int) -> int:
    """A byte that is not zero, for a number from 1."""
    return 1 + (number - 1) % VALUES


@cache
def example_domain(tree: str) -> Domain:
    """An example tree as a domain of the profile ``rfc``."""
    return _run(blank_domain(DISKS), tree_operations(tree), load_profile("rfc"))


def _run(domain: Domain, operations: list[Operation], profile: Profile) -> Domain:
    for operation in operations:
        outcome = step(domain, operation, profile)
        if not isinstance(outcome, Accepted):
            kinds = " or ".join(sorted(outcome.kinds))
            raise UnknownExample(f"{operation.call} is refused as {kinds} while the tree is made")
        domain = outcome.domain
    return domain


def example_profile(example: Example) -> Profile:
    """The profile under which an example is shown."""
    settings = [setting for setting in example.settings if setting != TRANSIENT]
    return varied("rfc", settings) if settings else load_profile("rfc")


def example_start(example: Example) -> Domain:
    """The domain on which the operations of an example are shown."""
    domain = example_domain(example.tree)
    return replace(domain, persistent=False) if TRANSIENT in example.settings else domain


def example_operations(example: Example) -> list[Operation]:
    """The operations of an example, with the ids that its tree has.

    Snapshots are named by their names in the tree. Raises UnknownExample.
    """
    domain = example_domain(example.tree)
    ids = {snapshot.name: snapshot.id for snapshot in domain.in_order()}
    ids |= {snapshot.name: snapshot.id for snapshot in domain.retired.values()}
    parsed = []
    created = domain.serial
    for text in example.operations:
        operation = parse_operation(text, ids)
        if isinstance(operation, ops.Create):
            created += 1
            ids[operation.name] = f"s{created}"
        parsed.append(operation)
    return parsed


def parse_operation(text: str, ids: dict[str, str]) -> Operation:
    """Read ``revert(a)`` or ``create(b, memory=true)``; a snapshot's name becomes its id.

    Raises UnknownExample with the reason.
    """
    found = _CALL.match(text.strip())
    if found is None:
        raise UnknownExample(f"not an operation: {text!r}; write call(argument, name=value)")
    call = found["call"]
    kind = KINDS.get(call)
    if kind is None:
        raise UnknownExample(
            f"unknown operation {call!r}; known are {', '.join(KINDS)}{did_you_mean(call, KINDS)}"
        )
    record = _arguments(kind, found["arguments"], ids)
    try:
        return kind(**record)
    except TypeError:
        wanted = ", ".join(field.name for field in fields(kind))
        raise UnknownExample(f"{text!r}: {call} takes ({wanted})") from None


def _arguments(kind: type[Operation], text: str, ids: dict[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    names = [field.name for field in fields(kind)]
    texts = {field.name for field in fields(kind) if field.type == "str"}
    for place, part in enumerate(one.strip() for one in text.split(",") if one.strip()):
        key, separator, value = part.partition("=")
        name = key.strip() if separator else (names[place] if place < len(names) else part)
        raw = value.strip() if separator else part
        if name == "snapshot":
            record[name] = ids.get(raw, raw)
        else:
            # What is text stays text, also where it reads as a number: a name, say.
            record[name] = _text(raw) if name in texts else _value(raw)
    return record


def _text(raw: str) -> str:
    """A text, in quotes or not. In double quotes it may have the escapes of JSON."""
    if "\\" in raw and raw.startswith('"'):
        try:
            return str(json.loads(raw))
        except ValueError:
            pass  # a backslash of its own, as in a path
    return raw.strip("'\"")


def _value(text: str) -> str | int | bool | None:
    constants = {"true": True, "false": False, "none": None}
    if text in constants:
        return constants[text]
    return int(text) if re.fullmatch(r"-?\d+", text) else text.strip("'\"")
