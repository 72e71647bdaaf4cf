"""Every kind of name that a run takes is told with the nearest right one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snaptree.conformance.cli.command import run
from snaptree.conformance.running.request import (
    BadBound,
    parse_accepted,
    parse_callers,
    parse_graph,
    parse_looks,
    parse_methods,
    parse_pace,
)


@pytest.mark.parametrize(
    ("parse", "text", "near"),
    [
        (parse_graph, "tre=2", "tree"),
        (parse_looks, "none,tow", "two"),
        (parse_callers, "hled", "held"),
        (parse_pace, "fsat", "fast"),
        (lambda text: parse_methods([text]), "exhaustve", "exhaustive"),
        (lambda text: parse_accepted([text], ()), "exhaustve", "exhaustive"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(parse: Callable[[str], object], text: str, near: str) -> None:
    with pytest.raises(BadBound, match=rf"did you mean {near}\?"):
        parse(text)


@pytest.mark.parametrize(
    ("arguments", "near"),
    [(["check", "--level", "muts"], "must"), (["convert", "x", "--from", "vbox-manage"], "vboxmanage")],
)
def test_a_wrong_word_of_an_option_too(
    arguments: list[str], near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert f"did you mean {near}?" in capsys.readouterr().err
