"""A session of VBoxManage. Its listings and messages are those of VirtualBox 7.1, as it printed them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from snaptree.conformance.engine.answers import Answer, Returned
from snaptree.conformance.sequences.pasted.session import Converted, PasteError, Session, refusal_of
from snaptree.conformance.sequences.pasted.typed import Typed, commands
from snaptree.spec import operations as ops
from snaptree.spec.profiles import Profile

_KINDS: Final = {
    "0x80bb0001": "NoSuchSnapshot",
    "could not find a snapshot": "NoSuchSnapshot",
    "0x80bb0002": "InvalidPowerState",
    "0x80bb0007": "LimitExceeded",
    "0x80bb0009": "Unsupported",
    "0x80bb000b": "Busy",
    "0x80bb000c": "Busy",
}
"""The kinds of refusal by the codes of VirtualBox's SDK, as the driver reads them."""

_WITH_VALUE: Final = frozenset({"description", "name", "type"})
_ENTRY: Final = re.compile(r"^( {3,})Name: (.*) \(UUID: ([0-9a-f-]{36})\)( \*)?$")
_TAKEN: Final = re.compile(r"Snapshot taken\. UUID: ([0-9a-f-]{36})")
_NEEDS_TREE: Final = "the session begins with snapshots: paste 'VBoxManage snapshot VM list' in front"


def vboxmanage_session(text: str, profile: Profile) -> Converted:
    """The steps of a session about one machine. Raises PasteError."""
    session, machines, uuids = Session(profile), dict[str, None](), dict[str, str]()
    for typed in commands(text, "VBoxManage", with_value=_WITH_VALUE):
        rest = typed.plain
        if typed.words[0] != "snapshot" or len(rest) < 2:
            session.ignored.append(f"line {typed.line}: {' '.join(typed.words)}")
            continue
        machines.setdefault(rest[0])
        if len(machines) > 1:
            raise PasteError(f"line {typed.line}: a session is of one machine; it has {', '.join(machines)}")
        _step(session, typed, rest[1], rest[2:], uuids)
    if not session.steps:
        raise PasteError("there is no 'VBoxManage snapshot' in it that takes, restores, deletes or edits one")
    return session.converted()


def _step(session: Session, typed: Typed, verb: str, rest: list[str], uuids: dict[str, str]) -> None:
    answer = _answer(typed)
    if verb == "list":
        _list(session, typed, uuids)
    elif verb == "restorecurrent" and session.domain.current is not None:
        session.add(ops.Revert(session.domain.current), answer)
    elif not rest:
        session.ignored.append(f"line {typed.line}: {' '.join(typed.words)}")
    elif verb == "take":
        session.add(ops.Create(rest[0], typed.value("description") or ""), _answer(typed, rest[0]))
        taken = _TAKEN.search("\n".join(typed.printed))
        if taken is not None:
            uuids[taken[1]] = rest[0]
    elif verb in ("restore", "delete", "edit"):
        _on_snapshot(session, typed, verb, uuids.get(rest[0].strip("{}"), rest[0]))
    else:
        session.ignored.append(f"line {typed.line}: {' '.join(typed.words)}")


def _on_snapshot(session: Session, typed: Typed, verb: str, name: str) -> None:
    if typed.error is None and not session.steps and not session.bears(name):
        raise PasteError(f"line {typed.line}: nothing shows where {name!r} comes from. {_NEEDS_TREE}")
    snapshot, answer = session.snapshot(name), _answer(typed)
    if verb == "restore":
        session.add(ops.Revert(snapshot), answer)
    elif verb == "delete":
        session.add(session.one_delete(snapshot), answer)
    else:
        new, description = typed.value("name"), typed.value("description")
        if new is not None:
            session.add(ops.Rename(snapshot, new), answer)
            if isinstance(answer, Returned):
                session.renamed(name, new)
        if description is not None:
            session.add(ops.Describe(snapshot, description), answer)


def _answer(typed: Typed, result: str | None = None) -> Answer:
    return Returned(result) if typed.error is None else refusal_of(typed.error, _KINDS, "virtualbox")


def _list(session: Session, typed: Typed, uuids: dict[str, str]) -> None:
    names: list[str] = []
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    current: str | None = None
    for found in filter(None, map(_ENTRY.match, typed.printed)):
        depth, name = len(found[1]), found[2]
        while above and above[-1][0] >= depth:
            above.pop()
        parents[name] = above[-1][1] if above else None
        names.append(name)
        uuids[found[3]] = name
        above.append((depth, name))
        current = name if found[4] else current
    if not names and "does not have any snapshots" not in " ".join(typed.printed):
        session.ignored.append(f"line {typed.line}: {' '.join(typed.words)}: no tree in what it printed")
    elif not session.steps and session.start is None and names:
        session.begin(_start(names, parents, current))
    else:
        session.listed(names, parents)
        session.add(ops.Current(), Returned(session.shown(current)))


def _start(names: list[str], parents: Mapping[str, str | None], current: str | None) -> dict[str, Any]:
    entries = [{"id": one, "name": one, "parent": parents[one]} for one in names]
    return {"snapshots": entries, "current": current}
