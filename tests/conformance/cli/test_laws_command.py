"""``snaptree laws``: what it counts, shows, and refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer

from snaptree.conformance.cli import laws as lawful
from snaptree.conformance.cli.problems import Problem
from snaptree.spec import operations as ops
from snaptree.spec.laws import LAWS, Law, Step
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def run_laws(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(lawful.laws_command)
    code = app(list(arguments), standalone_mode=False)
    return code, capsys.readouterr().out


def test_command_prints_every_law_and_counts_what_it_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run_laws(capsys, "--snapshots", "1", "--scope", "tree")
    assert code == 0
    # These need two snapshots, or names that repeat, so they ask nothing of the four states.
    unasked = [law.name for law in LAWS if f"✓ {law.name} " not in said]
    assert unasked == [
        "removals-commute", "merge-into-parent-is-taking-its-identity", "replacing-is-removing-and-creating",
        "the-first-bearer-is-found", "merges-along-a-path-associate",
    ]  # fmt: skip
    flat = " ".join(said.split())
    assert [law.name for law in LAWS if law.formula.replace("; ", " ") not in flat] == []
    assert "· removals-commute" in said
    assert f"{len(LAWS)} laws × 4 states under rfc" in said
    assert f"{len(unasked)} not asked at all" in flat


def test_a_law_of_calls_that_are_not_claimed_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    retiring = "retiring-looks-like-removing"
    code, said = run_laws(capsys, "--profile", "esx", retiring, "one-of-merge-and-discard")
    assert code == 0
    assert f"· {retiring}  not asked: esx does not claim retire, reclaim" in said
    assert f"✓ {retiring}" not in said
    assert "✓ one-of-merge-and-discard" in said
    with pytest.raises(Problem) as problem:
        run_laws(capsys, "--profile", "esx", retiring)
    assert problem.value.exit_code == 4


def test_variations_turn_every_point_of_the_profile(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--snapshots", "1", "--scope", "tree", "--variations", "one-of-merge-and-discard")
    code, said = run_laws(capsys, *arguments)
    assert code == 0
    assert "variations of rfc: 0 contradicted" in said

    def lasts_for_ever(_domain: Domain, profile: Profile, _step: Step) -> Iterator[str]:
        yield "" if profile.transient_off == "kept" else "it may end"

    false = Law("one-of-merge-and-discard", "d = ∅", "It never ends.", lasts_for_ever)
    monkeypatch.setattr(lawful, "LAWS", (false,))
    code, said = run_laws(capsys, *arguments)
    assert code == 1
    assert "under rfc with transient_off=refused" in said


def test_command_shows_a_counterexample(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves_no_snapshot(domain: Domain, profile: Profile, step: Step) -> Iterator[str]:
        for snapshot in domain.snapshots:
            if isinstance(step(domain, ops.Parent(snapshot), profile), Accepted):
                yield f"there is {snapshot}"

    false = Law("never-a-snapshot", "d = ∅", "Nobody takes a snapshot.", leaves_no_snapshot)
    monkeypatch.setattr(lawful, "LAWS", (*LAWS, false))
    code, said = run_laws(capsys, "--snapshots", "2", "never-a-snapshot", "removals-commute")
    assert code == 1
    assert "✗ never-a-snapshot" in said
    assert "counterexample: there is" in said
    assert "create(n1)" in said.partition("reached by:")[2].splitlines()[0]
    assert "1 contradicted" in said


def test_command_says_when_nothing_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["no-such-law"], ["removals-commute", "--snapshots", "1", "--scope", "tree"]):
        with pytest.raises(Problem) as problem:
            run_laws(capsys, *arguments)
        assert problem.value.exit_code == 4


@pytest.mark.parametrize("arguments", [["--scope", "all"], ["--profile", "nobody"]])
def test_command_refuses_what_it_does_not_know(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Problem) as problem:
        run_laws(capsys, *arguments)
    assert problem.value.exit_code == 2
