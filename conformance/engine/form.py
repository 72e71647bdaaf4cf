"""The form of what a driver returns: a check that is quick, and the reason in words.

``observation.schema.json`` is the contract. ``fits_form`` says of every document what the schema says; it is
code because each step asks it. What it objects to goes through the schema, which gives the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from snaptree.conformance.driver import Json
from snaptree.schemas import validation_error
from snaptree.schemas.wording import in_words, value
from snaptree.spec.state import POWER_STATES

_WHOLE: Final = frozenset({"snapshots", "current", "active", "base", "managed_save", "independent", "events"})
_SNAPSHOT: Final = frozenset({"id", "name", "parent", "description", "uuid", "captured", "point"})
_POINT: Final = frozenset({"disks", "memory", "power", "configuration"})
_BASE: Final = frozenset({"disks", "configuration"})
_IMAGE: Final = frozenset({"memory", "power"})
_DISK: Final = frozenset({"size", "blocks"})
_BLOCK: Final = re.compile(r"0|[1-9][0-9]*")
_LIMIT: Final = 2**63
"""Numbers are below, as in every language that a driver may be written in."""
_POWERS: Final = frozenset(POWER_STATES)
_NO_LIST: Final[list[Json]] = []
_NOTHING: Final[dict[str, Json]] = {}
_NUMBERS: Final = frozenset(map(str, range(4096)))
"""Block numbers that need no look at their digits."""


def fits_form(seen: Json) -> bool:
    """Whether what ``observe`` returned is an observation, as the schema has it."""
    try:
        return _is_observation(seen)
    except Exception:  # noqa: BLE001 - a disk without its size; or objects of the driver's that raise
        return False


def _is_observation(seen: Json) -> bool:
    if not isinstance(seen, dict) or not (seen.keys() <= _WHOLE or _known(seen, _WHOLE)):
        return False
    get = seen.get
    snapshots, current, image = get("snapshots", _NO_LIST), get("current"), get("managed_save")
    if not isinstance(snapshots, list):
        return False
    for entry in snapshots:
        if not _is_entry(entry):
            return False
    return (
        (current is None or isinstance(current, str))
        and ("active" not in seen or _is_point(seen["active"]))
        and ("base" not in seen or _is_part(seen["base"], _BASE))
        and (image is None or _is_part(image, _IMAGE))
        and _are_disks(get("independent", _NOTHING))
        and ("events" not in seen or _are_events(seen["events"]))
    )


def fault_of_form(seen: Json) -> str:
    """Why something is no observation, in one sentence."""
    error = validation_error("observation", seen) if is_json(seen) else None
    if error is not None:
        return in_words(error, "observe()")
    return not_json(seen, "observe()")


def are_digests(seen: Json) -> bool:
    """Whether what ``digests`` returned are texts, by snapshot and disk."""
    return is_json(seen) and isinstance(seen, dict) and all(_are_texts(disks) for disks in seen.values())


def digest_fault(seen: Json) -> str:
    """Why something is no table of digests, in one sentence."""
    if not is_json(seen):
        return not_json(seen, "digests()")
    if not isinstance(seen, dict):
        return f"digests() is an object, not {value(seen)}"
    where, disks = next((key, disks) for key, disks in seen.items() if not _are_texts(disks))
    return f"digests()[{value(where)}] is an object of texts, not {value(disks)}"


def _are_texts(disks: Json) -> bool:
    return isinstance(disks, dict) and all(isinstance(digest, str) for digest in disks.values())


def _known(part: dict[Any, Any], keys: frozenset[str]) -> bool:
    """Whether all other keys are the driver's own, and say so."""
    own = [key for key in part if key not in keys]
    return all(isinstance(key, str) and key.startswith("x-") and is_json(part[key]) for key in own)


def _is_entry(entry: Json) -> bool:
    if type(entry) is dict and entry.keys() == _SNAPSHOT:  # what nearly every driver shows
        parent, captured = entry["parent"], entry["captured"]
        texts = type(entry["id"]) is type(entry["name"]) is type(entry["description"]) is str
        texts = texts and type(entry["uuid"]) is str and (parent is None or type(parent) is str)
        if (
            texts
            and entry["id"]
            and (type(captured) is str or (type(captured) is int and -_LIMIT <= captured < _LIMIT))
        ):
            return _is_point(entry["point"])
    if not isinstance(entry, dict) or not (entry.keys() <= _SNAPSHOT or _known(entry, _SNAPSHOT)):
        return False
    get = entry.get
    identifier, parent, captured = get("id"), get("parent"), get("captured", 0)
    return (
        isinstance(identifier, str)
        and identifier != ""
        and isinstance(get("name", ""), str)
        and (parent is None or isinstance(parent, str))
        and isinstance(get("description", ""), str)
        and isinstance(get("uuid", ""), str)
        and _is_time(captured)
        and ("point" not in entry or _is_point(entry["point"]))
    )


def _is_time(captured: Json) -> bool:
    if isinstance(captured, float | int):
        return not isinstance(captured, bool) and -_LIMIT <= captured < _LIMIT
    return isinstance(captured, str)


def _is_point(point: Json) -> bool:
    if type(point) is dict and point.keys() == _POINT:
        memory, power, configuration = point["memory"], point["power"], point["configuration"]
        known = (
            (memory is None or (type(memory) is int and 0 <= memory < _LIMIT))
            and type(power) is str
            and power in _POWERS
        )
        if known and type(configuration) is dict:
            return (not configuration or _is_configuration(configuration)) and _are_disks(point["disks"])
    return _is_part(point, _POINT)


def _is_part(part: Json, keys: frozenset[str]) -> bool:
    """Whether something is a captured state, or a part of one, with these keys."""
    if type(part) is dict and keys is _BASE and part.keys() == _BASE and part["configuration"] == _NOTHING:
        return type(part["configuration"]) is dict and _are_disks(part["disks"])
    if not isinstance(part, dict) or not (part.keys() <= keys or _known(part, keys)):
        return False
    configuration = part.get("configuration", _NOTHING)
    return (
        isinstance(configuration, dict)
        and (not configuration or _is_configuration(configuration))
        and part.get("power", "off") in _POWERS
        and ("memory" not in part or part["memory"] is None or _is_memory(part["memory"]))
        and ("disks" not in part or _are_disks(part["disks"]))
    )


def _is_memory(memory: Json) -> bool:
    return _is_count(memory) or (isinstance(memory, str) and memory == "unspecified")


def _is_configuration(configuration: dict[Any, Json]) -> bool:
    return all(
        isinstance(key, str) and (isinstance(entry, str) or _is_count(entry))
        for key, entry in configuration.items()
    )


def _are_disks(disks: Json) -> bool:
    if not isinstance(disks, dict):
        return False
    for name, disk in disks.items():
        usual = type(name) is str and type(disk) is dict and len(disk) == 2
        if not usual and not (isinstance(name, str) and _is_unusual_disk(disk)):
            return False
        size, blocks = disk["size"], disk["blocks"]
        if (type(size) is not int and not _is_integer(size)) or not 0 <= size < _LIMIT:
            return False
        if type(blocks) is not dict and not isinstance(blocks, dict):
            return False
        for number, byte in blocks.items():
            if (type(byte) is not int and not _is_integer(byte)) or not 0 < byte < 256:
                return False
            if number not in _NUMBERS and not (isinstance(number, str) and _BLOCK.fullmatch(number)):
                return False
    return True


def _is_unusual_disk(disk: Json) -> bool:
    """Whether a disk has its two keys, and else such of the driver's own."""
    return isinstance(disk, dict) and disk.keys() >= _DISK and _known(disk, _DISK)


def _is_integer(number: Json) -> bool:
    """Whether JSON Schema calls it an integer: 1.0 is one, true is none."""
    if isinstance(number, float):
        return number.is_integer()
    return isinstance(number, int) and not isinstance(number, bool)


def _is_count(number: Json) -> bool:
    return _is_integer(number) and 0 <= number < _LIMIT


def _are_events(events: Json) -> bool:
    return isinstance(events, list) and all(
        isinstance(one, list) and len(one) == 2 and all(map(_is_count, one)) for one in events
    )


# --- JSON itself ------------------------------------------------------------------


def is_json(found: Json) -> bool:
    """Whether a value can cross a process boundary and comes out as it went in."""
    if found is None or type(found) in (str, bool, int):
        return not _too_long(found)
    try:
        json.dumps(found, allow_nan=False)
    except Exception:  # noqa: BLE001 - objects of the driver's may raise anything
        return False
    return _keys_are_text(found)


def _too_long(found: Json) -> bool:
    return type(found) is int and found.bit_length() > 10_000


def _keys_are_text(found: Json) -> bool:
    waiting: list[Json] = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if not all(isinstance(key, str) for key in one):
                return False
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, tuple):
            return False
    return True


LONGEST_PATH: Final = 4000
"""Characters of the way to a value, beyond which it is nested too deeply."""


def not_json(found: Json, call: str) -> str:
    """What stands against a value that is no JSON, in one sentence."""
    waiting: list[tuple[str, Json]] = [(call, found)]
    for _ in range(100_000):
        if not waiting:
            break
        where, one = waiting.pop()
        if len(where) > LONGEST_PATH:
            break
        if isinstance(one, dict):
            wrong = [key for key in one if not isinstance(key, str)]
            if wrong:
                return f"the keys of {where} are texts, not {value(wrong[0])}"
            waiting += _below(where, call, one.items())
        elif isinstance(one, list):
            waiting += _below(where, call, enumerate(one))
        elif isinstance(one, tuple):
            return f"{where} is a list, not a tuple"
        elif not is_json(one):
            return f"{where} is JSON, not {_outside_json(one)}"
    return f"{call} returned what is nested too deeply, or holds itself"


def _below(where: str, call: str, items: Iterable[tuple[Any, Json]]) -> Iterable[tuple[str, Json]]:
    top = "" if where == call else where
    return [
        (f"{top}[{key}]" if isinstance(key, int) else f"{top}.{key}".lstrip("."), one) for key, one in items
    ]


def _outside_json(one: Json) -> str:
    return "an integer of thousands of digits" if isinstance(one, int) else value(one)
