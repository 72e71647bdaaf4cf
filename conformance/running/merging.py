"""The parts of a divided run, in files, and the whole that they add up to.

``check --shard I/N --out DIR`` leaves ``shard.json`` in its folder. It holds the whole record of that part,
so that the merged run is judged as one run is, by the same code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.judging.record import Ending, RunRecord, Why, deviations_by_id, is_own
from snaptree.conformance.methods.bounds import WHOLE, Bounds, Shard
from snaptree.conformance.running.assess import Assessment, Terms, judged_by
from snaptree.conformance.running.heading import Heading, snaptree_version
from snaptree.conformance.running.known_list import KnownList
from snaptree.conformance.running.stored import restored, stored
from snaptree.spec.files import read_regular, write_whole
from snaptree.spec.rules import specification_version
from snaptree.spec.text import without_secrets

FILE: Final = "shard.json"
"""The name of the file in the folder of a report."""

SHARD_VERSION: Final = 1

MOST_OF_A_SHARD: Final = 512 * 1024 * 1024
"""The largest file of a shard that is read, in bytes."""

_ENDED_WORST_FIRST: Final[tuple[Why, ...]] = (
    "interrupted", "worker died", "host gave out", "processes ended", "budget",
)  # fmt: skip


class NotMergeable(ValueError):
    """A file that is no shard, or shards that are no parts of one run; the text says why."""


@dataclass(frozen=True)
class Part:
    """One shard of a run, with all that judging it needs; ``path`` is its file."""

    path: Path
    heading: Heading
    bounds: Bounds
    known: KnownList
    terms: Terms
    record: RunRecord


def write_shard(assessment: Assessment, folder: Path) -> None:
    """Write the file of a shard. Raises OSError."""
    content = {
        "heading": stored(assessment.heading),
        "bounds": stored(assessment.bounds),
        "known": stored(assessment.known),
        "rules": [*assessment.terms.rules],
        "level": assessment.terms.level,
        "accept_incomplete": [*assessment.terms.accept_incomplete],
        "record": stored(assessment.record),
    }
    text = without_secrets(json.dumps(content))
    head = {
        "shard": SHARD_VERSION,
        "snaptree": snaptree_version(),
        "specification": specification_version,
        "sha256": sha256(text.encode()).hexdigest(),
        "content": text,
    }
    write_whole(folder / FILE, json.dumps(head).encode() + b"\n")


def read_part(path: Path) -> Part:
    """The shard in a file, or in the folder of a report. Raises NotMergeable."""
    file = path if path.name == FILE else (path if path.is_dir() else path.parent) / FILE
    try:
        head = json.loads(read_regular(file, MOST_OF_A_SHARD))
    except OSError as error:
        raise NotMergeable(
            f"{file}: {error.strerror or 'cannot be read'}; 'snaptree check --shard I/N --out DIR' writes it"
        ) from None
    except (ValueError, RecursionError):
        raise NotMergeable(f"{file}: no shard: not JSON") from None
    if not isinstance(head, dict) or head.get("shard") != SHARD_VERSION:
        raise NotMergeable(f"{file}: no shard of format {SHARD_VERSION}")
    here = (snaptree_version(), specification_version)
    if (head.get("snaptree"), head.get("specification")) != here:
        raise NotMergeable(
            f"{file}: written by snaptree {head.get('snaptree')} with specification "
            f"{head.get('specification')}; this is {here[0]} with {here[1]}: merge with the same"
        )
    text = head.get("content")
    if not isinstance(text, str) or sha256(text.encode()).hexdigest() != head.get("sha256"):
        raise NotMergeable(f"{file}: its content is not what was written")
    content = json.loads(text)
    return Part(
        file,
        restored(content["heading"]),
        restored(content["bounds"]),
        restored(content["known"]),
        Terms(tuple(content["rules"]), content["level"], tuple(content["accept_incomplete"])),
        restored(content["record"]),
    )


def merged(parts: Sequence[Part]) -> Assessment:
    """The run that the parts add up to. Where some are missing, it is incomplete.

    Raises NotMergeable where they are not parts of one run, or one is given twice.
    """
    first = parts[0]
    for other in parts[1:]:
        _require_alike(first, other)
    missing = _missing(parts)
    bounds = replace(first.bounds, shard=WHOLE, jobs=sum(part.bounds.jobs for part in parts))
    heading = replace(first.heading, jobs=bounds.jobs)
    # What a shard may leave unfinished is no leave to lose a shard.
    terms = replace(first.terms, accept_incomplete=()) if missing else first.terms
    return judged_by(terms, heading, bounds, first.known, _sum(parts, missing))


def _facts(part: Part) -> dict[str, Any]:
    """What the parts of one run have in common, by its name for the user."""
    heading, bounds = part.heading, part.bounds
    return {
        "driver": (heading.asked, heading.driver, heading.driver_version),
        "profile": heading.profile,
        "seed": heading.seed,
        "pace": heading.pace,
        "number of shards": bounds.shard.of,
        "bounds": replace(bounds, shard=WHOLE, jobs=1),
        "known deviations": part.known,
        "rules": part.terms,
    }


def _require_alike(first: Part, other: Part) -> None:
    facts, others = _facts(first), _facts(other)
    for name, here in facts.items():
        there = others[name]
        if here != there:
            told = f": {there}, not {here}" if isinstance(here, str | int | tuple) else ""
            raise NotMergeable(
                f"{other.path}: no part of the same run as {first.path}: another {name}{told}"
                + (" (give every shard the same --seed)" if name == "seed" else "")
            )


def _missing(parts: Sequence[Part]) -> list[Shard]:
    """The shards that are not there. Raises NotMergeable for one that is there twice."""
    of = parts[0].bounds.shard.of
    by_number: dict[int, Part] = {}
    for part in parts:
        twin = by_number.setdefault(part.bounds.shard.number, part)
        if twin is not part:
            raise NotMergeable(f"{part.path}: shard {part.bounds.shard} a second time, after {twin.path}")
    return [Shard(number, of) for number in range(1, of + 1) if number not in by_number]


def _sum(parts: Sequence[Part], missing: Sequence[Shard]) -> RunRecord:
    """The records added up; of the same deviation that of the earliest unit of work stays."""
    records = [part.record for part in parts]
    first = records[0]
    whole = RunRecord(uncrashed=first.uncrashed, unheld=first.unheld)
    whole.methods = {key: replace(one) for key, one in first.methods.items()}
    for record in records:
        whole.tally.add(record.tally)
        for sign, found in record.places.items():
            there = whole.places.setdefault(sign, found)
            if _order(found) < _order(there):
                whole.places[sign] = found
        whole.seconds = max(whole.seconds, record.seconds)
    for record in records[1:]:
        for key, one in record.methods.items():
            total = whole.methods[key]
            total.covered += one.covered
            total.closed_off += one.closed_off
            total.deviated += one.deviated
            total.sequences += one.sequences
    whole.deviations = deviations_by_id({sign: found for sign, (_, found) in whole.places.items()})
    whole.ending = _ending(records, missing, whole.methods)
    return whole


def _order(found: tuple[int, Any]) -> tuple[bool, int]:
    place, deviation = found
    return is_own(deviation.run), place


def _ending(records: Sequence[RunRecord], missing: Sequence[Shard], methods: Mapping[str, Any]) -> Ending:
    """Why the whole ended: the worst end of a part, else that shards are missing."""
    for why in _ENDED_WORST_FIRST:
        for record in records:
            if record.ending.why == why:
                return record.ending
    if missing:
        return Ending("shard", ", ".join(str(one) for one in missing))
    return Ending() if all(one.complete for one in methods.values()) else Ending("budget")
