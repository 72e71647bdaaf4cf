"""The functions of the model behind a rule."""

from __future__ import annotations

from pathlib import Path

from snaptree.spec.model_functions import full_name, functions_of, modules_of, source_of
from snaptree.spec.rules import rule, rules


def test_a_rule_about_refusals_leads_to_what_refuses() -> None:
    assert [full_name(one) for one in functions_of(rule("MERGE-27"))] == [
        "snaptree.spec.semantics.merge_into_parent.refused",
        "snaptree.spec.semantics.merge_into_parent.destroyed",
    ]


def test_a_function_is_found_where_it_begins() -> None:
    for one in rules():
        for function in functions_of(one):
            file, line = source_of(function)
            assert (
                f"def {function.__name__}(" in Path(file).read_text(encoding="utf-8").splitlines()[line - 1]
            )


def test_a_rule_that_no_step_judges_leads_to_modules() -> None:
    assert "snaptree.spec.bindings.refined_flags" in modules_of(rule("BIND-19"))
    assert modules_of(rule("MERGE-27")) == ()


def test_a_rule_about_an_argument_leads_to_what_looks_at_arguments() -> None:
    found = [full_name(one) for one in functions_of(rule("REVERT-17"))]
    assert "snaptree.spec.semantics.revert.arguments" in found
    assert "snaptree.spec.semantics.resetting.arguments" in found
