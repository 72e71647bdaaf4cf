"""Parses a line of the user into operations.

It reads two notations: the call as the chapters write it, ``create(b, memory=true)``, and words as in
virsh, ``create b --memory``. A value that contains separators is quoted, and can contain backslash escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, get_type_hints

from snaptree.conformance.shell.session import Mistake
from snaptree.spec import operations as ops
from snaptree.spec.operations import FORCED, KINDS, Operation
from snaptree.spec.state import Domain

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'"
_PIECE: Final = re.compile(rf"(?:(?<=[\s(,=;])|^)(?:{_QUOTED})|.", re.DOTALL)
_WORD: Final = re.compile(r"\s*(?P<word>[^\s(]+)\s*(?P<rest>.*?)\s*$", re.DOTALL)
_KEY: Final = re.compile(r"(?:--)?(?P<key>[A-Za-z][\w-]*)\s*=\s*")
_FLAG: Final = re.compile(r"--(?P<key>[a-z][a-z-]*)(?=[\s,]|$)")
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|.)", re.DOTALL)
_NUMBER: Final = re.compile(r"(-?\d{1,18})([KMG])?", re.ASCII)
_BARE: Final = re.compile(r"[^\s,;()=\"'#\\-][^\s,;()=\"'\\]*")
_UNITS: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True)
class Argument:
    """One argument: ``text`` is None for a bare ``--flag``."""

    text: str | None
    key: str | None = None
    quoted: bool = False


def commands_of(line: str) -> list[str]:
    """The commands of a line, which semicolons separate. A line that begins with # is a comment."""
    found = [""]
    if line.lstrip().startswith("#"):
        return []
    for piece in _PIECE.findall(line):
        if piece == ";":
            found.append("")
        else:
            found[-1] += piece
    return [command.strip() for command in found if command.strip()]


def words_of(command: str) -> tuple[str, str]:
    """The first word of a command, and the rest."""
    found = _WORD.match(command)
    return (found["word"], found["rest"]) if found is not None else ("", "")


def arguments_of(rest: str) -> list[Argument]:
    """The arguments after the first word: in brackets with commas, or as words."""
    if not rest.startswith("("):
        return list(_arguments(rest, r"\s+", r"\S+"))
    if not rest.endswith(")"):
        raise Mistake("the bracket is not closed; a value with a ; or , in it has to be quoted")
    return list(_arguments(rest[1:-1].strip(), r"\s*,\s*", r"[^,]*"))


def _arguments(text: str, separator: str, bare: str) -> Iterator[Argument]:
    place = 0
    while place < len(text):
        key = None
        flag = _FLAG.match(text, place)
        if flag is not None:
            place = flag.end()
            yield Argument(None, flag["key"].replace("-", "_"))
        else:
            named = _KEY.match(text, place)
            if named is not None:
                key, place = named["key"].replace("-", "_"), named.end()
            quoted = text[place : place + 1] in ("'", '"')
            value = re.compile(_QUOTED if quoted else bare, re.DOTALL).match(text, place)
            if value is None and quoted:
                raise Mistake("a quote is not closed")
            raw = "" if value is None else value[0]
            place += len(raw)
            yield Argument(_unquote(raw) if quoted else raw.strip(), key, quoted)
        if place < len(text):
            between = re.compile(separator).match(text, place)
            if between is None:
                raise Mistake(f"{text[place:]!r} stands where an argument has ended")
            place = between.end()


def _unquote(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b"}.get(code, code)

    return _ESCAPE.sub(character, text[1:-1])


def quote(name: str) -> str:
    """A name as the user has to type it."""
    if _BARE.fullmatch(name) and name.isprintable():
        return name
    shown = "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else _escaped(char) for char in name
    )
    return f'"{shown}"'


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def call_of(word: str) -> str | None:
    """The driver call of a word: hyphens equal underscores."""
    call = word.replace("-", "_")
    return call if call in KINDS else None


def operation_of(call: str, arguments: Sequence[Argument], domain: Domain) -> Operation:
    """The operation of a call, with snapshots found by name. Raises Mistake."""
    call, arguments = _variant(call, arguments)
    kind = KINDS[call]
    record: dict[str, Any] = {}
    known = {field.name: field for field in fields(kind)}
    waiting = list(known.values())
    open_flag: str | None = None
    for argument in arguments:
        key = argument.key or open_flag
        if key is None:
            if not waiting:
                raise Mistake(f"too many arguments: {usage_of(call)}; quote a text of several words")
            key = waiting[0].name
        elif key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]}?" if near else "a value that has a = in it has to be quoted"
            raise Mistake(f"{call} has no argument {key!r} ({hint}): {usage_of(call)}")
        open_flag = None
        if argument.text is None and _type(kind, key) is not bool:
            open_flag = key
            continue
        record[key] = True if argument.text is None else _value(kind, key, argument, domain)
        waiting = [field for field in waiting if field.name != key]
    missing = [field.name for field in waiting if field.default is MISSING]
    if missing or open_flag is not None:
        raise Mistake(f"{missing[0] if missing else open_flag} is missing: {usage_of(call)}")
    return kind(**record)


def _variant(call: str, arguments: Sequence[Argument]) -> tuple[str, Sequence[Argument]]:
    """The call that is meant: ``discard(a, forced=true)`` is ``discard_forced(a)``."""
    if call not in FORCED:
        return call, arguments
    wishes = [_truth("forced", one.text or "true") for one in arguments if one.key == "forced"]
    rest = [one for one in arguments if one.key != "forced"]
    return (FORCED[call].call if any(wishes) else call), rest


def usage_of(call: str) -> str:
    """The usage of a call: ``revert(snapshot, [resume_as])``."""
    return f"{call}({', '.join(_field_usage(field) for field in fields(KINDS[call]))})"


def _field_usage(field: Field[Any]) -> str:
    return field.name if field.default is MISSING else f"[{field.name}]"


def _type(kind: type[Operation], key: str) -> Any:
    return get_type_hints(kind)[key]


def _value(kind: type[Operation], key: str, argument: Argument, domain: Domain) -> Any:
    text, wanted = argument.text or "", _type(kind, key)
    if wanted is bool:
        return _truth(key, text)
    if wanted is int:
        number = _NUMBER.fullmatch(text)
        if number is None or (number[2] and key != "size"):
            raise Mistake(f"{key} is a number, not {text!r}")
        return int(number[1]) * _UNITS.get(number[2], 1)
    if wanted is not str and text == "none" and not argument.quoted:
        return None
    return snapshot_of(domain, text, retired=kind is ops.Reclaim) if key == "snapshot" else text


def _truth(key: str, text: str) -> bool:
    truth = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
    if truth is None:
        raise Mistake(f"{key} is true or false, not {text!r}")
    return truth


def snapshot_of(domain: Domain, text: str, *, retired: bool = False) -> str:
    """The id of the snapshot of that name; any other text is taken as an id, whether or not it exists.

    If a live and a retired snapshot share a name, it means the live one, unless ``retired`` is set.
    """
    live = list(domain.names.get(text, ()))
    gone = [one.id for one in domain.retired.values() if one.name == text]
    bearers = (gone or live) if retired else (live or gone)
    if len(bearers) > 1:
        raise Mistake(
            f"{len(bearers)} snapshots are called {text!r}; name one by its id: {', '.join(bearers)}"
        )
    return bearers[0] if bearers else text


def without_brackets(rest: str) -> str:
    """The arguments of a shell word, which the user may write like a call."""
    return rest[1:-1].strip() if rest.startswith("(") and rest.endswith(")") else rest


def nothing_after(word: str, rest: str) -> None:
    """Raise Mistake if a word without arguments was given some."""
    if rest:
        raise Mistake(f"{word} takes no argument")


def text_of(usage: str, rest: str) -> str:
    """The only argument; text without quotes is taken whole, spaces included."""
    if rest[:1] not in ("'", '"'):
        return rest
    arguments = arguments_of(rest)
    if len(arguments) != 1 or arguments[0].text is None:
        raise Mistake(f"it is {usage}")
    return arguments[0].text


def times_of(usage: str, rest: str) -> int:
    """The number of repetitions: 1, or a number of up to five digits."""
    if not rest:
        return 1
    if not re.fullmatch(r"[1-9]\d{0,4}", rest, re.ASCII):
        raise Mistake(f"it is {usage}, with a number from 1")
    return int(rest)
