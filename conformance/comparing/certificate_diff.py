"""Two certificates compared: what the second one lost, won, or says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from snaptree.conformance.reports.certificate_check import body_of
from snaptree.conformance.reports.certificates import Record

Kind = Literal["lost", "won", "changed"]

_ORDER: Final = ("deviation", "known deviation", "not observed", "not claimed", "judged elsewhere", "pass")
"""Results of a rule, the worst first."""


@dataclass(frozen=True)
class CertificateDifference:
    """One difference. ``lost``: the second certificate claims less in this point; ``won``: more."""

    kind: Kind
    text: str


def differences(one: Record, other: Record) -> Iterator[CertificateDifference]:
    """What the second certificate lost or won, or says otherwise; results first."""
    left, right = body_of(one), body_of(other)
    results = ("FAILED", "WARNED", "PASSED")
    before, after = one["predicate"]["result"], other["predicate"]["result"]
    if before != after:
        won = results.index(after) > results.index(before)
        yield CertificateDifference("won" if won else "lost", f"result {before} -> {after}")
    yield from _deviations(left["report"], right["report"])
    yield from _rules(left["report"], right["report"])
    yield from _sizes(left, right)
    yield from _facts(one, other)


def _deviations(left: Record, right: Record) -> Iterator[CertificateDifference]:
    before = {found["id"]: found for found in left["deviations"]}
    after = {found["id"]: found for found in right["deviations"]}
    for identifier, found in before.items():
        if identifier not in after:
            yield CertificateDifference("won", f"deviation {_named(found)} is gone")
    for identifier, found in after.items():
        if identifier not in before:
            yield CertificateDifference("lost", f"deviation {_named(found)} is new")


def _named(found: Record) -> str:
    return f"{found['id']} ({', '.join(found['rules'][:1]) or 'process'} in {found['operation']})"


def _rules(left: Record, right: Record) -> Iterator[CertificateDifference]:
    before = {one["id"]: one["status"] for one in left["rules"]}
    after = {one["id"]: one["status"] for one in right["rules"]}
    for rule in {**before, **after}:
        was, now = before.get(rule, "not claimed"), after.get(rule, "not claimed")
        if was != now:
            won = _ORDER.index(now) > _ORDER.index(was)
            yield CertificateDifference("won" if won else "lost", f"rule {rule}: {was} -> {now}")


def _sizes(left: Record, right: Record) -> Iterator[CertificateDifference]:
    """What was done: parts of methods, graphs, k, assumptions that were tested."""
    for name, before, after in (
        ("part", _parts(left), _parts(right)),
        ("graph", _by(left["graphs"], "graph", "transitions"), _by(right["graphs"], "graph", "transitions")),
        ("tested", _tested(left), _tested(right)),
        ("bound", {"k": left["data"]["k"]}, {"k": right["data"]["k"]}),
    ):
        for key in {**before, **after}:
            was, now = before.get(key, 0), after.get(key, 0)
            if was != now:
                kind: Kind = "won" if now > was else "lost"
                yield CertificateDifference(kind, f"{name} {key}: {was:,} -> {now:,}")


def _parts(body: Record) -> dict[str, int]:
    return {f"{one['method']}: {one['title']}": one["covered"] for one in body["report"]["methods"]}


def _by(entries: list[Record], name: str, size: str) -> dict[str, int]:
    return {one[name]: one[size] for one in entries}


def _tested(body: Record) -> dict[str, int]:
    return {one["id"]: int(one["tested"]) for one in body["data"]["assumptions"]}


def _facts(one: Record, other: Record) -> Iterator[CertificateDifference]:
    """What both are about."""
    before, after = dict(_flat(one)), dict(_flat(other))
    for key in {**before, **after}:
        if before.get(key) != after.get(key):
            was, now = before.get(key, "nothing"), after.get(key, "nothing")
            yield CertificateDifference("changed", f"{key}: {was} -> {now}")


def _flat(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    body = body_of(dict(statement))
    for entry in statement["subject"]:
        yield f"file {entry['name']}", entry["digest"]["sha256"][:16]
    for name in ("versions", "driver"):
        for key, value in body[name].items():
            yield f"{name} {key}", str(value)
    yield "profile", f"{body['profile']['record']['name']} {body['profile']['sha256'][:16]}"
    for key in ("seed", "sequences", "longest", "methods", "calls", "pace"):
        yield f"bound {key}", str(body["bounds"][key])
    for graph in body["graphs"]:
        yield f"digest of graph {graph['graph']}", graph["sha256"][:16]
    for trace in body["traces"]:
        yield f"trace {trace['name']}", trace["sha256"][:16]
