"""What the verdict of a run rests on, in sentences: what was compared, and what a driver may hide."""

from __future__ import annotations

from snaptree.conformance.judging.record import MethodResult, RunRecord
from snaptree.spec.profiles import OBSERVABLE_PARTS, Profile


def situations(record: RunRecord) -> int:
    """The number of situations: steps without difference that differ in call, outcome or case."""
    return len({(call, outcome, case) for call, outcome, _, case in record.tally.coverage})


def basis_of(record: RunRecord, profile: Profile) -> tuple[str, ...]:
    """What a pass of this run rests on."""
    steps, kinds = record.tally.steps, situations(record)
    seen = f"{steps:,} steps in {kinds:,} situations, each another call, outcome or case"
    honest = "what the driver shows: one that answers from its own books cannot be told from an honest one"
    return seen, _compared(profile), _disks(record, profile), _crashes(record), _callers(record), honest


def _crashes(record: RunRecord) -> str:
    """What was killed or made to fail, and what that does not show."""
    killed, failed = _done(record, "crashes"), _done(record, "failures")
    unpowered = _done(record, "power")
    if not killed and not failed and not unpowered:
        return f"no crash: {record.uncrashed or 'the method was not done'}"
    where = "; ".join(part.title for part in (*killed, *unpowered, *failed))
    return (
        f"{where}: {record.tally.moments:,} moments, {record.tally.recovered:,} states looked at afterwards; "
        "all processes die at once, in one order of effects; no "
        f"{'' if unpowered else 'loss of power, no '}memory-mapped page that was not written back"
    )


def _callers(record: RunRecord) -> str:
    """What several callers did, and what that does not show."""
    tally = record.tally
    if not tally.meetings and not tally.rounds:
        return f"one caller: {record.unheld or 'the method was not done'}"
    said = []
    if tally.meetings:
        said.append(
            f"{tally.meetings:,} calls held inside, {tally.cells.total():,} calls of others meanwhile; "
            "at each place of a call that the driver names, at no other moment"
        )
    if tally.rounds:
        said.append(f"{tally.rounds:,} rounds in which 2 or 3 ran free, which meet as it happens")
    open_ones = f"; {tally.undecided:,} histories undecided" if tally.undecided else ""
    return f"several callers: {'; '.join(said)}{open_ones}"


def _done(record: RunRecord, method: str) -> list[MethodResult]:
    return [part for part in record.methods.values() if part.method == method and part.complete]


def _compared(profile: Profile) -> str:
    shown = [part for part in OBSERVABLE_PARTS if profile.can_observe(part)]
    late = [part for part in OBSERVABLE_PARTS if profile.observes.get(part) == "by-reverting"]
    if not profile.can_observe("tree"):
        return "answers only: the profile shows no tree, so no state was compared"
    said = f"compared after each step: {', '.join(shown)}"
    return said + (f"; only by a revert at the end of a sequence: {', '.join(late)}" if late else "")


def _disks(record: RunRecord, profile: Profile) -> str:
    tally = record.tally
    if profile.observes.get("disks", "never") == "never":
        return "no content: the profile shows no disks"
    if not tally.digests and not tally.without_digest:
        return "of each disk the blocks that can be addressed, never the whole disk"
    left = f"; {tally.without_digest:,} were left out by the driver" if tally.without_digest else ""
    return f"of each disk the blocks that can be addressed, and {tally.digests:,} whole disks by digest{left}"
