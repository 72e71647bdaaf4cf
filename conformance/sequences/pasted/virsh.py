"""A session of virsh, as it stands on a terminal, in a ticket or in a chat."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from snaptree.conformance.engine.answers import Answer, Returned
from snaptree.conformance.sequences.pasted.session import Converted, PasteError, Session, refusal_of
from snaptree.conformance.sequences.pasted.typed import Typed, commands
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

_KINDS: Final = {
    "no domain snapshot with matching name": "NoSuchSnapshot",
    "snapshot not found": "NoSuchSnapshot",
    "already exists": "NameInUse",
    "is not running": "InvalidPowerState",
    "is already active": "InvalidPowerState",
    "already running": "InvalidPowerState",
    "not supported": "Unsupported",
    "unsupported": "Unsupported",
    "busy": "Busy",
    "invalid argument": "InvalidArgument",
}
"""The kinds of refusal, by what libvirt's messages say (libvirt 9.0, virterror.c and the drivers)."""

_NEEDS_TREE: Final = "the session begins with snapshots: paste 'virsh snapshot-list DOMAIN --tree' in front"


_WITH_VALUE: Final = frozenset(
    {"name", "description", "snapshotname", "domain", "diskspec", "memspec", "from"}
)


def virsh_session(text: str, profile: Profile) -> Converted:
    """The steps of a session about one domain. Raises PasteError."""
    session = Session(profile)
    domains: dict[str, None] = {}
    for typed in commands(text, "virsh", prompt=True, with_value=_WITH_VALUE):
        convert = _COMMANDS.get(typed.words[0])
        if convert is None:
            session.ignored.append(f"line {typed.line}: {' '.join(typed.words)}")
            continue
        domain = typed.value("domain") or next(iter(typed.plain), None)
        if domain is None:
            raise PasteError(f"line {typed.line}: {typed.words[0]} names no domain")
        domains.setdefault(domain)
        if len(domains) > 1:
            raise PasteError(f"line {typed.line}: a session is of one domain; it has {', '.join(domains)}")
        convert(session, typed)
    if not session.steps:
        raise PasteError("there is no command of virsh about snapshots or power in it")
    return session.converted()


def _answer(typed: Typed, result: Any = None) -> Answer:
    return Returned(result) if typed.error is None else refusal_of(typed.error, _KINDS)


def _create(session: Session, typed: Typed) -> None:
    rest = typed.plain[1 if typed.value("domain") is None else 0 :]
    said = re.search(r"snapshot (\S.*?) created", "\n".join(typed.printed))
    name = typed.value("name") or (rest[0] if rest else None) or (said[1] if said else None)
    if name is None:
        raise PasteError(f"line {typed.line}: neither the command nor its output has the name")
    description = typed.value("description") or (rest[1] if len(rest) > 1 else "")
    made = ops.Create(name, description)
    session.add(made, _answer(typed, name))


def _named(typed: Typed) -> str:
    rest = typed.plain[1 if typed.value("domain") is None else 0 :]
    name = typed.value("snapshotname") or (rest[0] if rest else None)
    if name is None:
        raise PasteError(f"line {typed.line}: {typed.words[0]} names no snapshot; --current is not read")
    return name


def _known(session: Session, typed: Typed) -> str:
    name = _named(typed)
    if typed.error is None and not session.steps and not session.bears(name):
        raise PasteError(f"line {typed.line}: nothing shows where {name!r} comes from. {_NEEDS_TREE}")
    return session.snapshot(name)


def _revert(session: Session, typed: Typed) -> None:
    power: ops.ResumeAs | None = None
    if typed.flag("running", "paused"):
        power = "running" if typed.flag("running") else "paused"
    session.add(ops.Revert(_known(session, typed), power), _answer(typed))


def _delete(session: Session, typed: Typed) -> None:
    snapshot = _known(session, typed)
    if typed.flag("metadata"):
        session.ignored.append(f"line {typed.line}: --metadata forgets a snapshot and deletes nothing")
        return
    delete: Operation
    if typed.flag("children", "children-only"):
        delete = ops.RemoveSubtree(snapshot, typed.flag("children-only"))
    else:
        delete = session.one_delete(snapshot)
    session.add(delete, _answer(typed))


def _list(session: Session, typed: Typed) -> None:
    if typed.error is not None:
        session.ignored.append(f"line {typed.line}: {typed.error}")
        return
    names, parents = _listing(typed)
    if not session.steps and session.start is None and names:
        if parents is None:
            raise PasteError(f"line {typed.line}: it shows no parents. {_NEEDS_TREE}")
        session.begin(_start(names, parents))
        return
    session.listed(names, parents)


def _listing(typed: Typed) -> tuple[list[str], Mapping[str, str | None] | None]:
    lines = [one for one in typed.printed if one.strip()]
    if typed.flag("tree"):
        return _tree(lines)
    if typed.flag("name"):
        return [one.strip() for one in lines], None
    head = next((place for place, one in enumerate(lines) if one.split()[:1] == ["Name"]), None)
    if head is None:
        raise PasteError(f"line {typed.line}: this is no listing that virsh prints")
    rows = [one for one in lines[head + 1 :] if set(one.strip()) != {"-"}]
    cells = [re.split(r"\s{2,}", one.strip()) for one in rows]
    parents = {row[0]: row[-1] if len(row) > 3 else None for row in cells} if typed.flag("parent") else None
    return [row[0] for row in cells], parents


def _tree(lines: Sequence[str]) -> tuple[list[str], Mapping[str, str | None]]:
    names: list[str] = []
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in lines:
        stripped = line.lstrip(" |")
        if not stripped or set(line) <= set(" |"):
            continue
        depth = len(line) - len(stripped)
        name = stripped.removeprefix("+- ").removeprefix("`- ").removeprefix("\\- ").strip()
        branch = len(stripped) != len(name)
        while above and (not branch or above[-1][0] >= depth):
            above.pop()
        parents[name] = above[-1][1] if above else None
        names.append(name)
        above.append((depth, name))
    return names, parents


def _start(names: Sequence[str], parents: Mapping[str, str | None]) -> dict[str, Any]:
    entries = [{"id": one, "name": one, "parent": parents[one]} for one in names]
    return {"snapshots": entries, "current": None}


def _current(session: Session, typed: Typed) -> None:
    shown = [one.strip() for one in typed.printed if one.strip()]
    named = next((one for one in shown if not one.startswith("<")), None)
    if typed.error is not None or named is None:
        session.add(ops.Current(), Returned(None))
        return
    if not session.steps and session.start is not None:
        session.begin({**session.start, "current": named})
        return
    session.add(ops.Current(), Returned(named))


def _parent(session: Session, typed: Typed) -> None:
    name = next((one.strip() for one in typed.printed if one.strip()), None)
    session.add(ops.Parent(_known(session, typed)), _answer(typed, name if typed.error is None else None))


def _info(session: Session, typed: Typed) -> None:
    session.add(ops.LookupByName(_named(typed)), _answer(typed, _named(typed)))


def _simple(kind: type[Operation]) -> Callable[[Session, Typed], None]:
    return lambda session, typed: session.add(kind(), _answer(typed))


_COMMANDS: Final[Mapping[str, Callable[[Session, Typed], None]]] = {
    "snapshot-create-as": _create,
    "snapshot-revert": _revert,
    "snapshot-delete": _delete,
    "snapshot-list": _list,
    "snapshot-current": _current,
    "snapshot-parent": _parent,
    "snapshot-info": _info,
    "start": _simple(ops.Start),
    "destroy": _simple(ops.Stop),
    "suspend": _simple(ops.Pause),
    "resume": _simple(ops.Resume),
    "managedsave": _simple(ops.ManagedSave),
    "managedsave-remove": _simple(ops.ManagedSaveRemove),
}
