"""Ids that no snapshot has, in the form of the driver's own ids and in a foreign form.

A driver has to refuse an id that it never issued. An id is only a good question if the driver did not issue
it, and will hardly issue it next: one that counts is asked for a number far away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

FAR: Final = 1_000_003
"""How far from the numbers that were issued a number is that was not."""

FOREIGN: Final = "no snapshot has this id"

_WORDS: Final = re.compile(r"[0-9A-Za-z]+")
_ENOUGH: Final = 8
"""Characters that are drawn anew at least, so that the next id is hardly the same by chance."""


def unknown_id(
    asked: str, issued: Collection[str], taken: Callable[[str], bool], near: Sequence[str] = ()
) -> str:
    """An id that is not issued, the same for the same question: ``asked``, and the ids issued so far.

    ``taken`` says whether a text is an id that was issued, or may mean a snapshot otherwise. Half of the
    questions are asked in the form of the last id, the other half in a foreign form. ``near`` are texts that
    look like a snapshot and mean none by the profile: one in three questions is one of them.
    """
    like = next(reversed([*issued]), None)
    seed = f"{asked} {len(issued)}"
    if near and _drawn(seed)[1] % 3 == 0:
        return near[_drawn(seed)[2] % len(near)]
    own = like is not None and _drawn(seed)[0] % 2 == 0
    for attempt in range(1000):
        said = f"{seed} {attempt}"
        made = _like(like, issued, said) if own and like is not None else FOREIGN + "." * attempt
        if not taken(made):
            return made
    return f"{FOREIGN} {sha256(seed.encode()).hexdigest()}"


def other_case(text: str) -> str:
    """The same letters of ASCII in the other case; the same text if it has none."""
    return "".join(letter.swapcase() if letter.isascii() else letter for letter in text)


def _drawn(seed: str) -> bytes:
    return sha256(seed.encode("utf-8", "surrogatepass")).digest()


def _like(like: str, issued: Collection[str], seed: str) -> str:
    """An id with the form of ``like``: a uuid, a number after a constant part, or characters of one kind."""
    try:
        if str(UUID(like)) == like.lower():
            made = str(uuid5(UUID(like), seed))
            return made.upper() if like.isupper() else made
    except ValueError:
        pass
    words = [*_WORDS.finditer(like)]
    if not words:
        return like + _drawn(seed).hex()[:_ENOUGH]
    number = re.search(r"[0-9]+$", like)
    if number is not None and (like[: number.start()] == "" or _counts(like[: number.start()], issued)):
        return like[: number.start()] + _far(number[0], like[: number.start()], issued, seed)
    word = max(words, key=lambda one: (len(one[0]), one.start()))
    return like[: word.start()] + _redrawn(word[0], seed) + like[word.end() :]


def _counts(prefix: str, issued: Collection[str]) -> bool:
    """Whether what stands before a number is the same in all ids: the number counts, then."""
    return all(one.startswith(prefix) and one[len(prefix) :].isdecimal() for one in issued)


def _far(number: str, prefix: str, issued: Collection[str], seed: str) -> str:
    known = [int(one[len(prefix) :]) for one in issued if one[len(prefix) :].isdecimal() and len(one) < 40]
    far = max([int(number), *known]) + FAR + int.from_bytes(_drawn(seed)[:2], "big")
    return str(far).zfill(len(number)) if number.startswith("0") else str(far)


def _redrawn(word: str, seed: str) -> str:
    """A word of the same alphabet: hexadecimal stays hexadecimal, capitals stay capitals."""
    kinds = ("0123456789", "0123456789abcdef", "0123456789ABCDEF", "abcdefghijklmnopqrstuvwxyz0123456789")
    alphabet = next(
        (kind for kind in kinds if set(word) <= set(kind)),
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    )
    length = max(len(word), _ENOUGH)
    drawn = b"".join(_drawn(f"{seed} {part}") for part in range(length // 32 + 1))[:length]
    return "".join(alphabet[byte % len(alphabet)] for byte in drawn)
