"""``snaptree plan``: what an operation on a tree would do and destroy."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.columns import Columns
from rich.text import Text

from snaptree.conformance.cli.options import Place, ProfileName
from snaptree.conformance.cli.places import domain_at
from snaptree.conformance.cli.problems import problem_exits
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.plans import plan_lines, plan_pictures
from snaptree.conformance.reports.words import snapshot_label
from snaptree.spec.examples import TREES, parse_operation, scripted_domain
from snaptree.spec.operations import SNAPSHOT_ARGUMENTS, Operation
from snaptree.spec.plan import BASE, Plan, plan
from snaptree.spec.profiles import load_profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain


def plan_command(
    operation: Annotated[str, typer.Argument(help="For instance 'discard_forced(a)'.")],
    tree: Annotated[
        str | None,
        typer.Option(
            help="An example tree, or a script such as 'create a; write; create b; revert a'. "
            f"Examples: {', '.join(TREES)}. Default is fork."
        ),
    ] = None,
    place: Place = None,
    profile: ProfileName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> int:
    """Print what an operation on a tree would do and destroy.

    That it would be refused is an answer as well: exit code 0.
    """
    console = TextConsole()
    with problem_exits():
        asked = load_profile(profile or "rfc")
        domain = scripted_domain(tree or "fork") if place is None else domain_at(place, tree, asked)
        ids = {snapshot.name: snapshot.id for snapshot in (*domain.retired.values(), *domain.in_order())}
        parsed = parse_operation(operation, ids)
    would = plan(domain, parsed, asked)
    if as_json:
        # In ASCII: a name may have what turns the direction of a line.
        print(json.dumps(_plan_json(domain, parsed, would), ensure_ascii=True, indent=2))
        return 0
    outcome = step(domain, parsed, asked)
    before, after = plan_pictures(domain, parsed, would, outcome)
    console.print(before if after is None else Columns([before, after], padding=(0, 6), expand=False))
    console.print()
    for label, text, style in plan_lines(domain, would, outcome):
        console.print(Text.assemble((f"{label:12}", "bold"), (text, style)), soft_wrap=True)
    return 0


def _plan_json(domain: Domain, operation: Operation, would: Plan) -> dict[str, Any]:
    def name(one: str | None) -> str | None:
        return one if one in (None, BASE) else snapshot_label(domain, str(one))

    asked = operation.to_json()
    named = {key: name(asked[key]) for key in SNAPSHOT_ARGUMENTS if asked.get(key) is not None}
    return {
        "operation": {**asked, **named},
        "refused": sorted(would.refused),
        "casualties": [
            *(name(one) for one in would.casualties.snapshots),
            *(["active"] * would.casualties.active),
        ],
        "removed": [name(one) for one in would.removed],
        "overwritten": name(would.overwritten),
        "reparented": {str(name(child)): name(parent) for child, parent in would.reparented},
        "current": None if would.creates else name(would.current),
        "creates": would.creates,
        "active": would.active,
        "active_from": name(would.active_from),
        "detached": [*would.detached],
    }
