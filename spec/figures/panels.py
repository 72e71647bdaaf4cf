"""Turns domains into panels: the model computes the content of a figure and its marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from snaptree.spec.examples import example_operations, example_profile, example_start
from snaptree.spec.figures.panel import ACTIVE, Mark, Marks, Node, Panel
from snaptree.spec.outcomes import Accepted, Refused
from snaptree.spec.plan import BASE, Plan, plan
from snaptree.spec.rules import Example
from snaptree.spec.semantics import step
from snaptree.spec.state import Disk, Domain, Point


@dataclass(frozen=True, slots=True)
class _Scene:
    """A panel before its contents are numbered, which needs all domains of a figure."""

    title: str
    domain: Domain
    marks: Marks


def example_panels(example: Example) -> tuple[Panel, ...]:
    """An example of a rule under its profile: its tree, and one panel for each operation.

    The panel before an operation marks what it removes. A refused operation or a look-up has one panel,
    with the snapshots that it would destroy.
    """
    profile = example_profile(example)
    domain = example_start(example)
    scenes = [_Scene(f"Tree “{example.scene}”", domain, {})]
    for text, operation in zip(example.operations, example_operations(example), strict=True):
        outcome, would = step(domain, operation, profile), plan(domain, operation, profile)
        if isinstance(outcome, Accepted) and not operation.reads_only:
            marks = {**scenes[-1].marks, **marks_before(would)}
            scenes[-1] = replace(scenes[-1], marks=marks)
            scenes.append(_Scene(f"after {text}", outcome.domain, marks_after(domain, outcome.domain)))
            domain = outcome.domain
            continue
        if isinstance(outcome, Refused):
            kinds = " or ".join(sorted(outcome.kinds))
            shown = _Scene(f"{text} is refused: {kinds}", domain, marks_before(would, refused=True))
        else:
            shown = _Scene(f"{text} gives {_told(domain, outcome.result)}", domain, {})
        if len(scenes) == 1 and not example.settings:
            scenes = [shown]  # the plain tree first would be the same picture twice
        else:
            scenes.append(shown)
    return _panels(scenes)


def before_and_after(
    title: str, domain: Domain, would: Plan, after: Domain | None = None
) -> tuple[Panel, ...]:
    """A planned operation: the domain with the casualties of the plan, and the domain after it, if
    accepted.
    """
    scenes = [_Scene(title, domain, marks_before(would, refused=after is None))]
    if after is not None:
        scenes.append(_Scene(f"after {title}", after, marks_after(domain, after)))
    return _panels(scenes)


def marks_before(would: Plan, *, refused: bool = False) -> dict[str, Mark]:
    """What a plan does to the present tree. A refused plan marks what it would destroy."""
    if refused and not would.casualties:
        return {}
    lost = Mark("casualty", "would be lost" if refused else "destroyed")
    marks = {one: Mark("goes", "named" if refused else "goes") for one in would.removed}
    marks |= dict.fromkeys(would.casualties.snapshots, lost)
    if would.overwritten is not None:
        marks[would.overwritten] = Mark("overwritten", "would change" if refused else "overwritten")
    if would.casualties.active:
        marks[ACTIVE] = lost
    elif would.active in ("replaced", "removed"):
        marks[ACTIVE] = Mark("lost", "what it holds is lost")
    return marks


def marks_after(before: Domain, after: Domain) -> dict[str, Mark]:
    """Nodes that are new, have another parent or have other content than before."""
    marks: dict[str, Mark] = {}
    for one in after.snapshots.values():
        old = before.snapshots.get(one.id)
        if old is None:
            marks[one.id] = Mark("new", "new")
        elif old.point != one.point:
            marks[one.id] = Mark("changed", "changed")
        elif old.parent != one.parent:
            marks[one.id] = Mark("moved", "moved")
        elif (old.name, old.description) != (one.name, one.description):
            marks[one.id] = Mark("changed", "renamed" if old.name != one.name else "described anew")
    if before.base != after.base:
        marks[BASE] = Mark("changed", "changed")
    if before.active != after.active:
        marks[ACTIVE] = Mark("changed", "changed")
    elif before.current != after.current and before.current is not None and after.current in before:
        marks[ACTIVE] = Mark("moved", "moved")
    return marks


def _told(domain: Domain, result: Any) -> str:
    if isinstance(result, list | tuple):
        return ", ".join(_told(domain, one) for one in result) or "nothing"
    if isinstance(result, str) and result in domain:
        return domain.snapshots[result].name
    return "nothing" if result is None else str(result)


def _panels(scenes: Sequence[_Scene]) -> tuple[Panel, ...]:
    """Panels of one figure: equal contents have equal numbers in all of them."""
    contents: list[Mapping[str, Disk]] = []
    for scene in scenes:
        points = [scene.domain.base, *(one.point for one in scene.domain.in_order()), scene.domain.active]
        for point in points:
            if _written(point) and point.disks not in contents:
                contents.append(point.disks)
    return tuple(_panel(scene, contents) for scene in scenes)


def _panel(scene: _Scene, contents: list[Mapping[str, Disk]]) -> Panel:
    domain, marks = scene.domain, scene.marks
    if not domain.defined:
        return Panel(scene.title, (), ("the domain is gone",))
    nodes = [Node(BASE, None, "base", _lines(domain.base, contents), marks.get(BASE))]
    places: dict[str | None, int] = {None: 0}
    for root in domain.children_of(None):
        for identifier in domain.subtree(root):
            one = domain.snapshots[identifier]
            places[identifier] = len(nodes)
            lines = _lines(one.point, contents)
            is_current = domain.current == identifier
            nodes.append(
                Node(one.name, places[one.parent], "snapshot", lines, marks.get(identifier), is_current)
            )
    lines = (*_lines(domain.active, contents), *([] if domain.active.power != "off" else ["off"]))
    nodes.append(Node(ACTIVE, places[domain.current], "active", lines, marks.get(ACTIVE)))
    return Panel(scene.title, tuple(nodes), tuple(_notes(domain)))


def _lines(point: Point, contents: list[Mapping[str, Disk]]) -> tuple[str, ...]:
    written = f"content {contents.index(point.disks) + 1}" if _written(point) else "reads zero"
    memory = [] if point.memory is None else [f"memory {point.memory}"]
    power = [] if point.power == "off" else [point.power]
    settings = [f"{key}={value}" for key, value in sorted(point.configuration.items())]
    return (written, *(one for one in (", ".join([*power, *memory]), ", ".join(settings)) if one))


def _written(point: Point) -> bool:
    return any(disk.blocks for disk in point.disks.values())


def _notes(domain: Domain) -> Iterable[str]:
    if domain.retired:
        yield "retired: " + ", ".join(sorted(one.name for one in domain.retired.values()))
    if domain.managed_save is not None:
        yield f"managed-save image: {domain.managed_save.power}, memory {domain.managed_save.memory}"
    if domain.independent:
        yield "independent disk: " + ", ".join(sorted(domain.independent))
