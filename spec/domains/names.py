"""Names: what a name looks like, and what it means among the names that are and were in use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Final
from unicodedata import category, normalize

from snaptree.spec.domains.argument import Argument, Chosen
from snaptree.spec.domains.history import WAYS
from snaptree.spec.domains.situation import Situation, likeness, without_blanks
from snaptree.spec.profiles import Profile

LOOKS: Final[dict[str, str]] = {
    "plain": "the value that tells of nothing but the call",
    "empty": "read as no name, or as the default name",
    "half a surrogate": "no encoding has it: drivers fail instead of refusing",
    "too long": "cut in silence, or a failure of the file system",
    "as long as allowed": "one byte for the end, or for a suffix, is missing",
    "long": "buffers and names of files that are made of it overflow earlier than the limit",
    "control characters": "no XML carries them, a terminal obeys them",
    "line separators": "a list of lines falls apart",
    "blanks at an end": "trimmed by shells, XML and consoles, so that it becomes another name",
    "blanks inside": "split into words, or folded into one",
    "path": "names become parts of paths",
    "option": "names become arguments of commands",
    "number": "taken for a place in a list or an id, as qemu-img does",
    "uuid": "taken for an id",
    "like an id": "ids of other systems look like this",
    "markup": "names become parts of documents",
    "shell": "names become parts of command lines",
    "format": "names become parts of format strings and patterns",
    "invisible": "removed, or it turns the text around",
    "no character": "U+FFFE and U+FFFF: no XML carries them",
    "beyond the BMP": "two units of UTF-16, four bytes of UTF-8",
    "composed": "one name in two normal forms",
    "decomposed": "one name in two normal forms",
    "reserved": "it means something: a device, nothing, the active state",
}
"""What can be seen of a name alone."""

MEANINGS: Final[dict[str, str]] = {
    "own": "the new name is the old one",
    "borne by another": "in use: refused, replaced or repeated",
    "of a retired snapshot": "its bearer has left the tree, but not the storage",
    **{
        f"borne before: {way}": "storage that is keyed by names brings the old content back"
        for way in WAYS
        if way not in ("retired", "replaced")  # the new bearer of a name goes in another way
    },
    "id of a snapshot": "a look-up by name or id finds the other",
    "id that was in use": "a look-up by name or id finds what is gone",
    "uuid of a snapshot": "a look-up by name or uuid finds the other",
    "part of a uuid": "short forms of ids are accepted",
    "another case of one in use": "the file system or database folds case",
    "another normal form of one in use": "the file system or database normalises",
    "other blanks than one in use": "blanks are trimmed or folded",
    "beginning of one in use": "a look-up by prefix finds it",
    "longer than one in use": "a comparison ends too early",
}
"""What a name means in a situation."""

CLASSES: Final = {**LOOKS, **MEANINGS}

ODD: Final = (
    "", "x" * 10_000, "x" * 255, "../../etc/x", "-rf", "a\nb", "\x00", "caf\u00e9", "cafe\u0301", " ",
    "s1", "S1", "1", "2", "3",
    "<b>&amp;</b>", "'; echo", "$(id)", "\u202etxt", "\U0001f4be", "\ud800", "con", "%s", "active", "base",
    "plain", " leading", "trailing ", "two  blanks", "\t", "a\tb", "a\rb", "a\r\nb", "\x7f", "\u0085",
    "\u2028", "]]>", "<!--", "&#10;", "\"'`", "\\", "/", "a/b", ".", "..", "-", "--", "*", "?", "0", "-1",
    "1e3", "null", "None", "00000000-0000-0000-0000-000000000000", "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", "{6ba7b810-9dad-41d1-80b4-00c04fd430c8}", "\ufeffbom", "\ufffe",
    "\u00e9" * 127, "\u00e9" * 128, "x" * 248,
)  # fmt: skip
"""Names that code has tripped over."""

_RESERVED: Final = frozenset({"con", "null", "none", "active", "base", "nul", "current", "true"})
_NUMBER: Final = re.compile(r"[-+]?[0-9]+(e[0-9]+)?", re.ASCII)
_UUID: Final = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.ASCII | re.IGNORECASE)
_ID: Final = re.compile(r"s[0-9]+|snapshot-[0-9]+", re.ASCII | re.IGNORECASE)
LONG: Final = 120
"""Bytes from which on a name is long, whatever the limit."""


@lru_cache(maxsize=4096)
def look_of(name: str, longest: int) -> str:  # noqa: C901, PLR0911, PLR0912 - one question after the other
    """The class of a name by its look, under the limit of a profile in bytes."""
    if not name:
        return "empty"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "half a surrogate"
    if size > longest:
        return "too long"
    if size == longest:
        return "as long as allowed"
    kinds = {category(char) for char in name}
    if "Cc" in kinds:
        return "control characters"
    if kinds & {"Zl", "Zp"}:
        return "line separators"
    if name != name.strip():
        return "blanks at an end"
    if size >= LONG:
        return "long"
    if "/" in name or "\\" in name or set(name) == {"."}:
        return "path"
    if _NUMBER.fullmatch(name):
        return "number"
    if name.startswith("-"):
        return "option"
    if _UUID.fullmatch(name):
        return "uuid"
    if _ID.fullmatch(name):
        return "like an id"
    if any(char in "<>&" for char in name):
        return "markup"
    if any(char in "'\"`$;*?|" for char in name):
        return "shell"
    if "%" in name or "{" in name:
        return "format"
    if any(char.isspace() for char in name):
        return "blanks inside"
    if "Cn" in kinds:
        return "no character"
    if "Cf" in kinds:
        return "invisible"
    if max(name) > "\uffff":
        return "beyond the BMP"
    if not name.isascii():
        return "composed" if normalize("NFC", name) == name else "decomposed"
    return "reserved" if name.casefold() in _RESERVED else "plain"


def _class_of(name: str, situation: Situation, chosen: Chosen) -> str:
    """What a name means comes before its look."""
    meaning = _meaning(name, situation, chosen)
    return meaning if meaning is not None else look_of(name, situation.profile.names.longest)


def _meaning(name: str, situation: Situation, chosen: Chosen) -> str | None:
    domain, history = situation.domain, situation.history
    bearers = domain.names.get(name)
    if bearers is not None:
        return "own" if bearers == (chosen.get("snapshot"),) else "borne by another"
    if domain.retired and any(gone.name == name for gone in domain.retired.values()):
        return "of a retired snapshot"
    if name in history.names:
        return f"borne before: {history.names[name]}"
    if name in domain.snapshots:
        return "id of a snapshot"
    if name in history.snapshots:
        return "id that was in use"
    if name in history.asked and name in domain.uuids:
        return "uuid of a snapshot"
    return _resemblance(name, situation) if name and domain.names else None


def _resemblance(name: str, situation: Situation) -> str | None:
    """How a name resembles one that is in use."""
    domain, known = situation.domain, likeness(situation.domain.names)
    if name.casefold() in known.cases:
        return "another case of one in use"
    if normalize("NFKC", name) in known.forms:
        return "another normal form of one in use"
    if without_blanks(name) in known.blanks:
        return "other blanks than one in use"
    if len(name) >= 6 and any(uuid.startswith(name) for uuid in situation.history.asked):
        return "part of a uuid"
    if any(one.startswith(name) for one in domain.names):
        return "beginning of one in use"
    # Names of one letter begin many others: that tells of nothing.
    if any(len(one) > 1 and name.startswith(one) for one in domain.names):
        return "longer than one in use"
    return None


def fresh_name(situation: Situation) -> str:
    """A plain name that was never in use."""
    domain, history = situation.domain, situation.history
    for number in count(domain.serial + 1):
        name = f"n{number}"
        if name not in history.names and _class_of(name, situation, {}) == "plain":
            return name
    raise AssertionError("there are more numbers than names")


MOST: Final = 10_000
"""No longer name is asked for, whatever a profile allows."""


@lru_cache(maxsize=32)
def odd_names(profile: Profile) -> tuple[str, ...]:
    """Names that are odd by their look under a profile, those around its limit included."""
    longest = min(profile.names.longest, MOST)
    most = ("x" * longest, "\u00e9" * (longest // 2) + "x" * (longest % 2), "x" * (longest + 1))
    return tuple(dict.fromkeys((*ODD, *most, "y" * (longest // 2 + 1), "uni\u2029code", "a b")))


def _values(situation: Situation, chosen: Chosen) -> Iterator[str]:
    domain, history = situation.domain, situation.history
    yield fresh_name(situation)
    if "snapshot" in chosen and chosen["snapshot"] in domain.snapshots:
        yield domain.snapshots[chosen["snapshot"]].name
    in_use = sorted(domain.names)
    yield from in_use
    for name in in_use[:2]:
        yield from _variations(name)
    yield from sorted(history.names)
    yield from (gone.name for gone in domain.retired.values())
    yield from sorted(domain.snapshots)[:1]
    yield from sorted(history.snapshots)[:1]
    for uuid in sorted(history.asked)[:2]:
        yield from (uuid, uuid[:8])


def _variations(name: str) -> Iterator[str]:
    """Other names that can be taken for this one."""
    yield name.swapcase()
    yield from (normalize(form, name) for form in ("NFD", "NFC"))  # the same one, if it is plain
    yield name[:1] + "\ufb01" + name[1:] if "fi" in name else name.replace("1", "\u00b9")
    yield from (f"{name} ", f" {name}", name[:-1], f"{name}x")


def name_argument(name: str = "name", *, of: str | None = None) -> Argument:
    """A name, new or asked for; ``of`` is the argument that names the snapshot which gets it."""
    own = of is not None
    classes = {one: why for one, why in CLASSES.items() if own or one != "own"}
    return Argument(name, classes, _class_of, _values, odd_names, after=of)
