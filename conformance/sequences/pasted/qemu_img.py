"""A session of ``qemu-img snapshot`` on one image; its messages are those of QEMU 7.2, as it printed them."""

from __future__ import annotations

import re
from typing import Final

from snaptree.conformance.engine.answers import Answer, Returned
from snaptree.conformance.sequences.pasted.session import Converted, PasteError, Session, refusal_of
from snaptree.conformance.sequences.pasted.typed import Typed, commands
from snaptree.spec import operations as ops
from snaptree.spec.profiles import Profile

_KINDS: Final = {"not found": "NoSuchSnapshot", "no such file": "NoSuchSnapshot"}
_ROW: Final = re.compile(r"^(\S+)\s+(\S.*?)\s+\d+(?:\.\d+)?(?: [KMGT]i?B| B)\s+\d{4}-\d\d-\d\d ")
_VERBS: Final = ("-c", "-a", "-d", "-l")


def qemu_img_session(text: str, profile: Profile) -> Converted:
    """The steps of a session about one image. An image has a list of snapshots, and no tree: what was applied
    last is current. Raises PasteError.
    """
    session, images = Session(profile), dict[str, None]()
    for typed in commands(text, "qemu-img"):
        verb = next((word for word in typed.words[1:] if word in _VERBS), None)
        if typed.words[0] != "snapshot" or verb is None:
            session.ignored.append(f"line {typed.line}: {' '.join(typed.words)}")
            continue
        images.setdefault(typed.words[-1])
        if len(images) > 1:
            raise PasteError(f"line {typed.line}: a session is of one image; it has {', '.join(images)}")
        _step(session, typed, verb)
    if not session.steps:
        raise PasteError("there is no 'qemu-img snapshot -c', '-a' or '-d' in it")
    return session.converted()


def _step(session: Session, typed: Typed, verb: str) -> None:
    if verb == "-l":
        _list(session, typed)
        return
    place = typed.words.index(verb)
    if place + 2 >= len(typed.words):
        raise PasteError(f"line {typed.line}: qemu-img snapshot {verb} names no snapshot")
    name, answer = typed.words[place + 1], _answer(typed)
    if verb == "-c":
        session.add(ops.Create(name), _answer(typed, name))
        return
    if isinstance(answer, Returned) and not session.steps and not session.bears(name):
        raise PasteError(
            f"line {typed.line}: nothing shows where {name!r} comes from: "
            "paste 'qemu-img snapshot -l IMAGE' in front"
        )
    snapshot = session.snapshot(name)
    session.add(ops.Revert(snapshot) if verb == "-a" else session.one_delete(snapshot), answer)


def _answer(typed: Typed, result: str | None = None) -> Answer:
    """qemu-img prints nothing where it succeeds."""
    said = "; ".join(one.strip() for one in typed.printed if one.startswith("qemu-img:"))
    return refusal_of(said.removeprefix("qemu-img: "), _KINDS, "qemu") if said else Returned(result)


def _list(session: Session, typed: Typed) -> None:
    names = [found[2] for found in filter(None, map(_ROW.match, typed.printed))]
    if session.steps or session.start is not None:
        session.listed(names)
    elif names:
        # Which one was applied last is not shown; each holds all its content.
        entries = [{"id": one, "name": one, "parent": None} for one in dict.fromkeys(names)]
        session.begin({"snapshots": entries, "current": None})
