"""Prints a step: the outcome in one line, the tree with remarks, the deciding rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Console
from rich.segment import Segments
from rich.text import Text

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.answers import Declined
from snaptree.conformance.engine.lockstep import StepResult
from snaptree.conformance.judging.deviations import deviation_of, outcome_word
from snaptree.conformance.reports.terminal import deviation_report
from snaptree.conformance.reports.trees import ACTIVE, MOST_DRAWN, Note, draw_tree, sketch_of
from snaptree.conformance.reports.words import call_text, plain, snapshot_label
from snaptree.conformance.sequences.running import Run
from snaptree.spec.operations import Create, Operation, target_of
from snaptree.spec.outcomes import Accepted, Casualties
from snaptree.spec.plan import BASE, plan
from snaptree.spec.profiles import Profile
from snaptree.spec.rules import attribute, rule
from snaptree.spec.state import Domain, Point, Snapshot
from snaptree.spec.vocabulary import PARTS, conditions_of, names_of, relations_present

MOST_RULES: Final = 3


def print_step(console: Console, taken: StepResult, profile: Profile) -> None:
    """Print one step: its outcome, and the tree if it changed or would have."""
    console.print(_outcome(taken), soft_wrap=not console.is_terminal)
    if taken.differences:
        run = Run((taken,), taken.differences, {})
        console.print(Text("the simulator and the model disagree: a defect of snaptree", style="bold red"))
        console.print(deviation_report(deviation_of(run, profile, "shell", flaky=False), with_sequence=False))
        return
    if isinstance(taken.outcome, Accepted):
        if not taken.operation.reads_only:
            print_tree(console, taken.after, _changes(taken, profile))
    elif taken.outcome.casualties:
        print_tree(console, taken.before, _would_be_lost(taken.before, taken.outcome.casualties))


def print_tree(console: Console, domain: Domain, notes: dict[str, Note] | None = None) -> None:
    """Print the tree, or that the domain is gone.

    Lines of a deep tree are not wrapped, since the guides would not meet.
    """
    if not domain.defined:
        console.print(Text("the domain is gone; 'undo' brings it back", style="yellow"))
        return
    # A chain of all that are drawn, the longest name, and a remark.
    widest = min(len(domain.snapshots), MOST_DRAWN) * 4 + 120
    options = console.options.update(width=max(console.width, widest))
    picture = console.render(draw_tree(sketch_of(domain), notes=notes), options)
    console.print(Segments(picture), soft_wrap=True, end="")


def _outcome(taken: StepResult) -> Text:
    line = Text(f"{call_text(taken.operation, taken.before)}: ", style="default")
    outcome = taken.outcome
    if isinstance(outcome, Accepted):
        if taken.operation.reads_only:
            line.append(_result(outcome.domain, outcome.result), style="green")
            return line
        line.append("accepted", style="green")
        if taken.operation.op == "create":
            line.append(f", its id is {outcome.result}")
        return line
    word = outcome_word(taken)
    line.append(f"refused as {word}", style="red")
    if outcome.casualties is not None:
        lost = [snapshot_label(taken.before, one) for one in outcome.casualties.snapshots]
        lost += ["the active state"] if outcome.casualties.active else []
        line.append(f", it would destroy {', '.join(lost) or 'the snapshot itself'}")
    others = sorted(outcome.kinds - {word})
    if others:
        line.append(f" (as correct: {', '.join(others)})", style="dim")
    if isinstance(taken.answer, Declined) and taken.answer.text:
        line.append(f"\n  {plain(taken.answer.text, 160)}", style="dim")
    return line


def _result(domain: Domain, result: Json) -> str:
    if isinstance(result, list):
        return ", ".join(_label(domain, one) for one in result) or "none"
    return _label(domain, result) if isinstance(result, str) else "none" if result is None else str(result)


def _label(domain: Domain, snapshot: str) -> str:
    """A name, with the id if several snapshots have that name."""
    name = snapshot_label(domain, snapshot)
    alone = snapshot not in domain or len(domain.names[domain.snapshots[snapshot].name]) == 1
    return name if alone else f"{name} ({snapshot})"


def _changes(taken: StepResult, profile: Profile) -> dict[str, Note]:
    """Remarks on the effects of the accepted step, by the names after it."""
    before, after, did = taken.before, taken.after, plan(taken.before, taken.operation, profile)
    remarks: dict[str, Note] = {}
    if isinstance(taken.operation, Create) and isinstance(taken.outcome, Accepted):
        remarks[taken.outcome.result] = Note("new", "green")
    target = snapshot_label(before, target_of(taken.operation) or "")
    if did.overwritten is not None:
        remarks[did.overwritten] = Note(f"now holds what {target} held", "yellow")
    for moved, _ in did.reparented:
        remarks[moved] = Note("hangs here now", "yellow")
    if did.active == "replaced":
        remarks[ACTIVE] = Note(f"now as {target}", "yellow")
    elif did.active == "reset":
        place = did.active_from
        remarks[ACTIVE] = Note(
            f"reset to {BASE if place in (None, BASE) else snapshot_label(before, str(place))}", "yellow"
        )
    return _by_name(after, remarks)


def _would_be_lost(domain: Domain, casualties: Casualties) -> dict[str, Note]:
    note = Note("would be destroyed", "bold red")
    remarks: dict[str, Note] = dict.fromkeys(casualties.snapshots, note)
    if casualties.active:
        remarks[ACTIVE] = note
    return _by_name(domain, remarks)


def _by_name(domain: Domain, remarks: dict[str, Note]) -> dict[str, Note]:
    """Remarks keyed by name, as a tree takes them. A name of several snapshots gets none: it would appear
    beside each.
    """
    named: dict[str, Note] = {}
    for key, note in remarks.items():
        if key in (ACTIVE, BASE):
            named[key] = note
        elif key in domain.snapshots:
            name = domain.snapshots[key].name
            if len(domain.names[name]) == 1 and name not in (ACTIVE, BASE):
                named[name] = note
    return named


def deciding_rules(taken: StepResult, profile: Profile) -> tuple[str, ...]:
    """The ids of the rules about the step's outcome, the most specific first."""
    return attribute(
        taken.operation.call,
        outcome_word(taken),
        "outcome",
        "target" if target_of(taken.operation) is not None else "domain",
        conditions_of(taken.before, taken.operation, profile),
    )


def effect_rules(taken: StepResult, profile: Profile) -> tuple[str, ...]:
    """The ids of the rules about the effects that this call had.

    Rules that speak of few other calls come first.
    """
    call, word = taken.operation.call, outcome_word(taken)
    conditions = conditions_of(taken.before, taken.operation, profile)
    found: dict[str, int] = {}
    for relation in names_of(relations_present(taken.before, taken.operation, taken.outcome)):
        for part in PARTS:
            for identifier in attribute(call, word, part, relation, conditions)[:1]:
                shared = [len(one.calls) for one in rule(identifier).aspects if call in one.calls]
                if shared:
                    found.setdefault(identifier, min(shared))
    return tuple(sorted(found, key=lambda identifier: found[identifier]))


def reasons(taken: StepResult, profile: Profile) -> Iterator[Text]:
    """The reasons of the step's outcome: the first rules about it, each with its evidence."""
    yield _outcome(taken)
    found = deciding_rules(taken, profile)
    if not found:
        yield Text("no rule speaks of this outcome")
    yield from _rule_lines(found)
    if isinstance(taken.outcome, Accepted):
        effects = tuple(one for one in effect_rules(taken, profile) if one not in found)
        if effects:
            yield Text("what it does")
            yield from _rule_lines(effects)


def _rule_lines(found: tuple[str, ...]) -> Iterator[Text]:
    for identifier in found[:MOST_RULES]:
        one = rule(identifier)
        yield Text.assemble("  ", (f"{one.id:<12}", "bold"), f"({one.level}) {one.sentence}")
        for example in one.examples[:1]:
            shown = "; ".join(example.operations)
            yield Text(f"{'':14}for instance, on the tree {example.scene}: {shown}", style="dim")
    if len(found) > MOST_RULES:
        more = ", ".join(found[MOST_RULES : MOST_RULES + 5])
        yield Text(f"{'':14}and {more}{' …' if len(found) > MOST_RULES + 5 else ''}", style="dim")


def content(domain: Domain, snapshot: Snapshot | None) -> Iterator[Text]:
    """The content of a snapshot, or of the active state for None."""
    point = domain.active if snapshot is None else snapshot.point
    if snapshot is not None:
        parent = BASE if snapshot.parent is None else snapshot_label(domain, snapshot.parent)
        yield _fact("snapshot", f"{plain(snapshot.name)}, id {snapshot.id}, parent {parent}")
        if snapshot.description:
            yield _fact("description", plain(snapshot.description, 200))
    else:
        place = BASE if domain.current is None else snapshot_label(domain, domain.current)
        yield _fact("active", f"grew from {place}")
        if domain.managed_save is not None:
            yield _fact("saved", f"an image that continues {domain.managed_save.power}")
    yield _fact("power", point.power if snapshot is None else f"{point.power} at capture")
    yield _fact("memory", "none" if point.memory is None else str(point.memory))
    yield from _disks(point)
    if snapshot is None:
        for name, disk in sorted(domain.independent.items()):
            yield _fact(plain(name, 11), f"{_blocks(disk.seen['blocks'])} (in no snapshot)")
    for key, value in sorted(point.configuration.items()):
        yield _fact("configured", f"{plain(key)} = {plain(value)}")


def _disks(point: Point) -> Iterator[Text]:
    for name, disk in sorted(point.disks.items()):
        yield _fact(plain(name, 11), f"{disk.size // 1024} KiB, {_blocks(disk.seen['blocks'])}")


def _blocks(blocks: Mapping[str, int]) -> str:
    shown = [f"block {block} is {value}" for block, value in blocks.items()]
    return ", ".join(shown[:12]) + (" …" if len(shown) > 12 else "") if shown else "reads zero"


def _fact(label: str, text: str) -> Text:
    return Text.assemble((f"{label:<12}", "bold"), text)


def step_line(number: int, operation: Operation, taken: StepResult) -> Text:
    """One line of the list of steps."""
    line = Text(f"{number:4}  {call_text(operation, taken.before)}")
    if not isinstance(taken.outcome, Accepted):
        line.append(f"  refused as {outcome_word(taken)}", style="dim")
    return line
