"""Descriptions and uuids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from unicodedata import category

from snaptree.spec.domains.argument import Argument, Chosen
from snaptree.spec.domains.history import WAYS
from snaptree.spec.domains.situation import Situation
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics.create import CANONICAL_UUID

DESCRIPTIONS: Final[dict[str, str]] = {
    "none": "empty, or not given",
    "plain": "the value that tells of nothing but the call",
    "lines": "an attribute, or a list of lines, loses them",
    "carriage return": "XML reads it as another end of line",
    "blanks at an end": "trimmed",
    "markup": "it becomes part of a document",
    "not ASCII": "encoded twice, or not at all",
    "no text of XML": "the profile says whether it is refused",
    "255 bytes": "the longest text of a short length",
    "256 bytes": "one more than a short length",
    "4 KiB": "longer than a line or a page",
    "64 KiB": "longer than a length of 16 bits",
}

DESCRIBED: Final = (
    "", "a description", "first\nsecond\n\nlast", "a\rb", " kept ", "<a>&amp;</a> ]]>",
    "caf\u00e9 \U0001f4be",
    "a\x00b", "x" * 255, "y" * 256, "4k " * 1365 + "x", "64k." * 16384,
)  # fmt: skip
"""One description of each class, at the least."""

_SIZES: Final = ((65536, "64 KiB"), (4096, "4 KiB"), (256, "256 bytes"), (255, "255 bytes"))


def _description_class(text: str, situation: Situation, chosen: Chosen) -> str:
    if not text:
        return "none"
    if len(text) < 100 and text.isalnum() and text.isascii():
        return "plain"
    if _is_no_xml(text):
        return "no text of XML"
    for size, name in _SIZES:
        if len(text) >= size:
            return name
    if "\r" in text:
        return "carriage return"
    if text != text.strip():
        return "blanks at an end"
    if "\n" in text:
        return "lines"
    if any(char in "<>&" for char in text):
        return "markup"
    return "plain" if text.isascii() else "not ASCII"


def _is_no_xml(text: str) -> bool:
    if len(text) > 300:
        return False
    return any(category(char) == "Cs" or (char < " " and char not in "\t\n\r") for char in text)


def _descriptions(profile: Profile) -> Iterator[str]:
    # Where the profile says "any", no driver is asked to keep what its protocol may be unable to carry.
    for text in DESCRIBED:
        if profile.descriptions == "xml" or not _is_no_xml(text):
            yield text


DESCRIPTION: Final = Argument("description", DESCRIPTIONS, _description_class, fixed=_descriptions)

UUIDS: Final[dict[str, str]] = {
    "none": "the hypervisor chooses one",
    "fresh": "it has to be kept",
    "nil": "taken for none",
    "borne by another": "two snapshots of one identity",
    "of a retired snapshot": "its bearer has left the tree, but not the storage",
    **{
        f"borne before: {way}": "free again, unless the uuid is the identity"
        for way in WAYS
        if way not in ("retired", "renamed away")
    },
    "empty": "taken for none",
    "capitals": "not in canonical form: normalised in silence",
    "not canonical": "braces, no dashes, too short, no hexadecimal digits",
}

NIL: Final = "00000000-0000-0000-0000-000000000000"

ODD_UUID: Final = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

_FORM: Final = "{:08x}-0000-4000-8000-{:012x}"


def _uuid_class(uuid: str | None, situation: Situation, chosen: Chosen) -> str:
    domain, history = situation.domain, situation.history
    if uuid is None:
        return "none"
    if uuid in domain.uuids:
        return "borne by another"
    if domain.retired and any(gone.uuid == uuid for gone in domain.retired.values()):
        return "of a retired snapshot"
    if uuid in history.uuids:
        return f"borne before: {history.uuids[uuid]}"
    if CANONICAL_UUID.fullmatch(uuid):
        return "nil" if uuid == NIL else "fresh"
    if not uuid:
        return "empty"
    return "capitals" if CANONICAL_UUID.fullmatch(uuid.lower()) else "not canonical"


def _uuids(situation: Situation, chosen: Chosen) -> Iterator[str | None]:
    fresh = fresh_uuid(situation)
    yield from (None, fresh)
    # Those that the hypervisor chose are not known here.
    yield from sorted(situation.history.asked)


def _odd_uuids(profile: Profile) -> tuple[str, ...]:
    return (NIL, "", ODD_UUID.upper(), ODD_UUID.replace("-", ""), f"{{{ODD_UUID}}}", "no uuid")


def fresh_uuid(situation: Situation) -> str:
    """A uuid that was never asked for."""
    serial = situation.domain.serial + 1
    return next(
        uuid
        for number in range(1 << 16)
        if (uuid := _FORM.format(serial, number)) not in situation.history.asked
    )


UUID: Final = Argument("uuid", UUIDS, _uuid_class, _uuids, _odd_uuids)
