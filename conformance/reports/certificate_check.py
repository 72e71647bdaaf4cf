"""Check a certificate: compute again what can be computed without the system.

That is our own arithmetic: graphs, totals, digests, and that the words say what the data say. Whether the
system gave the answers, no computation can show.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.judging.record import MethodResult, RunRecord
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.graph import SCOPES, Graph, Scope, explore
from snaptree.conformance.reports.certificates import (
    Record,
    bounds_json,
    graph_json,
    result_of,
    tests_of,
    words_of,
)
from snaptree.conformance.reports.claim import claim_of
from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.digests import json_digest, specification_digest
from snaptree.spec.domains.search import feasible_cells
from snaptree.spec.files import read_regular
from snaptree.spec.json_text import InvalidJson, read_json
from snaptree.spec.profiles import Profile, ProfileError, profile_from, record_of
from snaptree.spec.rules import rules
from snaptree.spec.text import plain

MOST_OF_A_CERTIFICATE: Final = 64 * 1024 * 1024
"""The largest certificate that is read, in bytes."""

LARGEST: Final = 6
"""Snapshots of the largest graph that is computed again: of tree=6 it takes seconds."""


class CertificateError(ValueError):
    """A certificate that cannot be read; the text names the file and the reason."""


@dataclass(frozen=True)
class Check:
    """One thing that was computed again, and whether it is what the certificate says; ``text`` says what is
    wrong, or what was done.
    """

    what: str
    held: bool
    text: str


def read_certificate(path: Path) -> Record:
    """The certificate in a file. Raises OSError, and CertificateError for what is none."""
    content = read_regular(path, MOST_OF_A_CERTIFICATE)
    try:
        statement = read_json(content.decode("utf-8"))
        check_against("certificate", statement)
    except UnicodeDecodeError:
        raise CertificateError(f"{path}: no certificate: it is not UTF-8 text") from None
    except (InvalidJson, SchemaViolation, RecursionError) as error:
        raise CertificateError(f"{path}: no certificate: {plain(str(error), 400)}") from None
    assert isinstance(statement, dict), "the schema says so"
    return statement


def body_of(statement: Record) -> Record:
    """The part of a certificate that is ours."""
    body: Record = statement["predicate"]["snaptree"]
    return body


def profile_of(statement: Record) -> Profile:
    """The profile of a certificate. Raises CertificateError."""
    try:
        return profile_from(body_of(statement)["profile"]["record"], "the certificate")
    except ProfileError as error:
        raise CertificateError(plain(str(error), 400)) from None


def bounds_of(statement: Record) -> Bounds:
    """The bounds of a certificate. Raises CertificateError for a graph that is none, or too large."""
    said = body_of(statement)["bounds"]
    methods, calls = said["methods"], said["calls"]
    return Bounds(
        _scopes(said["graphs"]),
        said["seed"],
        said["sequences"],
        longest=said["longest"],
        limits=said["limits"],
        batch=said["batch"],
        graphs_asked=said["graphs_asked"],
        pace=said["pace"],
        history=said["history"],
        history_scopes=_scopes(said["history_graphs"]),
        crash_scopes=_scopes(said["crash_graphs"]),
        failure_scopes=_scopes(said["failure_graphs"]),
        held=said["held"],
        torn=said["torn_writes"],
        looks=tuple(said["looks"]),
        methods=None if methods is None else tuple(methods),
        calls=None if calls is None else frozenset(calls),
    )


def made_with_another_specification(statement: Record) -> str:
    """Why nothing can be computed again here; empty if it can be."""
    versions = body_of(statement)["versions"]
    if versions["specification_sha256"] == specification_digest():
        return ""
    return (
        f"made with specification {plain(versions['specification'], 40)}, digest "
        f"{versions['specification_sha256'][:16]}…, by snaptree {plain(versions['snaptree'], 40)}; here it "
        f"is {specification_digest()[:16]}…: check it with the snaptree that made it"
    )


def checks_of(statement: Record, traces: Path | None) -> Iterator[Check]:
    """Everything that can be computed again; ``traces`` is the folder of the traces, if there is one.

    Raises CertificateError where nothing further can be computed.
    """
    body, predicate = body_of(statement), statement["predicate"]
    profile, bounds = profile_of(statement), bounds_of(statement)
    digest = json_digest(record_of(profile))
    yield _check("the profile has the digest that is stated", digest == body["profile"]["sha256"], digest)
    stated = {one["name"]: one["digest"]["sha256"] for one in predicate["configuration"]}
    expected = {
        f"specification {body['versions']['specification']}": specification_digest(),
        f"profile {profile.name}": digest,
    }
    yield _check("the configuration names specification and profile", stated == expected, ", ".join(expected))
    yield _check("the bounds are what they stand for", bounds_json(bounds) == body["bounds"], "")
    graphs = [explore(profile, bound, scope) for scope, bound in _asked(bounds)]
    yield from _graphs(graphs, body["graphs"])
    record = yield from _parts(profile, bounds, body)
    claim = claim_of(record, bounds)
    yield _check("the claim as data follows from the parts", claim.to_json() == body["data"], "")
    yield from _results(statement)
    title = _title(body["driver"])
    words = list(words_of(body["data"], claim, body["report"], title))
    same = words == body["claim"]
    yield _check("the words say what the data say", same, "" if same else _first_other(words, body["claim"]))
    feasible = len(feasible_cells(profile))
    yield _check("classes of arguments", feasible == body["report"]["classes"]["feasible"], f"{feasible:,}")
    yield from _traces(body, traces)


def _title(driver: Record) -> str:
    own = f"{driver['name']} {driver['version']}"
    return own if driver["asked"] == driver["name"] else f"{driver['asked']} ({own})"


def _check(what: str, held: bool, computed: str) -> Check:
    return Check(what, held, computed if held else f"computed here: {computed or 'something else'}")


def _asked(bounds: Bounds) -> dict[tuple[Scope, int], None]:
    return {
        one: None
        for scopes in (bounds.scopes, bounds.history_scopes, bounds.crash_scopes, bounds.failure_scopes)
        for one in scopes
    }


def _graphs(graphs: list[Graph], stated: list[Record]) -> Iterator[Check]:
    computed = [graph_json(graph) for graph in graphs]
    for one in computed:
        size = f"{one['states']:,} states, {one['transitions']:,} transitions, {one['sha256'][:16]}…"
        yield _check(f"graph {one['graph']}", one in stated, size)
    if len(computed) != len(stated):
        names = ", ".join(one["graph"] for one in computed)
        yield Check("the graphs are those of the bounds", False, f"computed here: {names}")


def _parts(profile: Profile, bounds: Bounds, body: Record) -> Generator[Check, None, RunRecord]:
    """Every part of every method with its size; returns the record that they add up to."""
    record = RunRecord()
    left = [*body["report"]["methods"]]
    for method in METHODS:
        if bounds.methods is not None and method.name not in bounds.methods:
            continue
        for part in method.parts(profile, bounds):
            said = next(
                (one for one in left if (one["method"], one["title"]) == (method.name, part.title)), None
            )
            what = f"{method.name}: {part.title}"
            if said is None:
                yield Check(what, False, "it is missing")
                continue
            left.remove(said)
            result = MethodResult(
                method.name, method.noun, part.title, part.total, part.name or method.name,
                said["covered"], said["closed_off"], said["deviated"], part.states, said["sequences"],
            )  # fmt: skip
            record.methods[part.key] = result
            size = f"{result.done:,} of {part.total:,}"
            sized = (said["transitions"], said["states"], said["complete"]) == (part.total, part.states, True)
            yield Check(what, sized and result.complete, size)
    for said in left:
        yield Check(f"{plain(said['method'], 60)}: {plain(said['title'], 100)}", False, "no such part")
    return record


def _results(statement: Record) -> Iterator[Check]:
    body, predicate = body_of(statement), statement["predicate"]
    shown = body["report"]
    new = [found for found in shown["deviations"] if not found["known"]]
    verdict, code = ("deviates", 1) if new else ("conforms", 0)
    same = (verdict, code) == (shown["verdict"], shown["exit_code"])
    yield _check("the verdict follows from the deviations", same, verdict)
    yield _check(
        "the result follows from the verdict", result_of(shown) == predicate["result"], result_of(shown)
    )
    tests = tests_of(shown)
    same = all(predicate[name] == listed for name, listed in tests.items())
    yield _check("passed, warned and failed tests are the rules", same, "")
    listed, known = [one["id"] for one in shown["rules"]], [one.id for one in rules()]
    in_order = [one for one in known if one in set(listed)]
    yield _check("each rule is one of the specification, once", listed == in_order, f"{len(in_order)} rules")
    unseen = [one["id"] for one in shown["rules"] if one["status"] == "not observed"]
    yield _check(
        "the rules that were not observed are named", unseen == body["not_observed"], f"{len(unseen)}"
    )
    found = {(one["rule"], one["operation"]) for one in body["found"]}
    named = {(one["rules"][0], one["operation"]) for one in shown["deviations"] if one["rules"]}
    yield _check("each deviation was found", named <= found, f"{len(found)}")
    blamed = {one for found in shown["deviations"] for one in found["rules"][:1]}
    wrong = sorted(one["id"] for one in shown["rules"] if one["id"] in blamed and one["status"] == "pass")
    yield _check("no rule passed that a deviation broke", not wrong, ", ".join(wrong))


def _traces(body: Record, folder: Path | None) -> Iterator[Check]:
    for stated in body["traces"]:
        what = f"trace {stated['name']}"
        try:
            content = None if folder is None else read_regular(folder / stated["name"], MOST_OF_A_CERTIFICATE)
        except OSError as error:
            content = None if isinstance(error, FileNotFoundError) else b""
        if content is None:
            yield Check(what, True, "not here, and not compared")
            continue
        yield _check(what, sha256(content).hexdigest() == stated["sha256"], sha256(content).hexdigest()[:16])


def _scopes(texts: list[str]) -> tuple[tuple[Scope, int], ...]:
    found: list[tuple[Scope, int]] = []
    for text in texts:
        name, _, bound = text.partition("=")
        scope = next((one for one in SCOPES if one == name), None)
        if scope is None or bound not in [str(number) for number in range(1, LARGEST + 1)]:
            raise CertificateError(f"{plain(text, 60)!r} is no graph")
        found.append((scope, int(bound)))
    return tuple(found)


def _first_other(computed: list[Any], stated: list[Any]) -> str:
    pairs = zip(computed, [*stated, *[None] * len(computed)], strict=False)
    return next((str(one) for one, other in pairs if one != other), "fewer sentences")
