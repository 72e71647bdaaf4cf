"""Figures: pictures that any reader of XML can read, that say what is lost, and that no name can break."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from snaptree.spec.examples import example_domain, parse_operation
from snaptree.spec.figures import (
    Mark,
    Node,
    Panel,
    before_and_after,
    described,
    example_panels,
    marks_after,
    svg,
)
from snaptree.spec.outcomes import Accepted
from snaptree.spec.plan import plan
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import Example, rule, rules
from snaptree.spec.semantics import step

SVG = "{http://www.w3.org/2000/svg}"
EXAMPLES = [
    pytest.param(example, id=f"{one.id}:{example.tree}") for one in rules() for example in one.examples
]
HOSTILE = [
    "<script>alert(1)</script>",
    '"/><a href="javascript:x">',
    "]]>&amp;&#0;",
    "\x00\x1b[31m\x7f\ufffe",
    "\ud800 half a character",
    "\u202eright to left",
    "多" * 200,
    "",
]


def _marked(panel: Panel) -> dict[str, str]:
    return {node.name: node.mark.kind for node in panel.nodes if node.mark is not None}


def _classes(panel: Panel, kind: str) -> int:
    root = ElementTree.fromstring(svg(panel))
    return sum(kind in group.get("class", "").split() for group in root.iter(f"{SVG}g"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_drawn_as_well_formed_svg(example: Example) -> None:
    panels = example_panels(example)
    assert panels
    for panel in panels:
        root = ElementTree.fromstring(svg(panel))
        assert root.tag == f"{SVG}svg"
        boxes = list(root.iter(f"{SVG}rect"))
        assert len(boxes) == len(panel.nodes)
        names = [text.text for text in root.iter(f"{SVG}text")]
        assert all(node.name in names for node in panel.nodes)


@pytest.mark.parametrize("example", EXAMPLES)
def test_nothing_lies_outside_the_picture_or_on_another_box(example: Example) -> None:
    for panel in example_panels(example):
        root = ElementTree.fromstring(svg(panel))
        left, top, width, height = map(float, root.get("viewBox", "").split())
        boxes = [
            tuple(float(box.get(key, "")) for key in ("x", "y", "width", "height"))
            for box in root.iter(f"{SVG}rect")
        ]
        for place, (x, y, w, h) in enumerate(boxes):
            assert left <= x
            assert x + w <= left + width
            assert top <= y
            assert y + h <= top + height
            for a, b, c, d in boxes[place + 1 :]:
                assert x + w <= a or a + c <= x or y + h <= b or b + d <= y


def test_a_forced_discard_marks_what_it_destroys() -> None:
    before, after = example_panels(Example("fork", ("discard_forced(b)",)))
    assert _marked(before) == {"b": "goes", "d": "casualty"}
    assert _classes(before, "casualty") == 1
    assert "destroyed" in svg(before)
    assert [node.name for node in after.nodes] == ["base", "a", "c", "active"]
    assert _marked(after) == {}


def test_a_refusal_marks_what_it_would_have_destroyed_and_has_no_picture_after_it() -> None:
    (refused,) = example_panels(Example("fork", ("merge_into_parent(b)",)))
    assert refused.title == "merge_into_parent(b) is refused: WouldDiscard"
    assert _marked(refused) == {"a": "overwritten", "b": "goes", "c": "casualty", "active": "casualty"}
    assert "destroyed" not in svg(refused)
    assert "would be lost" in svg(refused)


def test_a_merge_into_the_parent_shows_whose_content_is_where() -> None:
    before, after = example_panels(Example("chain", ("merge_into_parent(b)",)))
    contents = {node.name: node.lines[0] for node in before.nodes}
    now = {node.name: node.lines[0] for node in after.nodes}
    assert contents["a"] != contents["b"]
    assert now["a"] == contents["b"]
    assert now["c"] == contents["c"]
    assert _marked(before) == {"a": "overwritten", "b": "goes"}
    assert _marked(after) == {"a": "changed", "c": "moved"}


def test_a_look_up_has_one_picture_with_its_answer() -> None:
    (only,) = example_panels(Example("fork", ("children(a)",)))
    assert only.title == "children(a) gives b, c"
    assert _marked(only) == {}


def test_a_revert_says_that_what_is_active_is_lost() -> None:
    before, after = example_panels(Example("chain", ("revert(a)",)))
    assert _marked(before) == {"active": "lost"}
    place = next(node.under for node in after.nodes if node.name == "active")
    assert place is not None
    assert after.nodes[place].name == "a"
    assert after.nodes[place].current


def test_retired_snapshots_are_told_and_not_drawn() -> None:
    (*_, shown) = example_panels(Example("retired", ("list()",)))
    assert "r" not in [node.name for node in shown.nodes]
    assert "retired: r" in svg(shown)


def test_a_plan_can_be_drawn_with_any_domain() -> None:
    domain, profile = example_domain("fork"), load_profile("rfc")
    operation = parse_operation("discard_forced(a)", {"a": "s1"})
    outcome = step(domain, operation, profile)
    assert isinstance(outcome, Accepted)
    before, after = before_and_after("discard", domain, plan(domain, operation, profile), outcome.domain)
    assert _marked(before) == dict.fromkeys("bcd", "casualty") | {"a": "goes", "active": "casualty"}
    assert [node.name for node in after.nodes] == ["base", "active"]


def test_marks_after_nothing_are_none() -> None:
    domain = example_domain("running")
    assert marks_after(domain, domain) == {}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_becomes_markup(hostile: str) -> None:
    plain_panel = Panel(
        "t", (Node("n", None, "base"), Node("n", 0, mark=Mark("new", "n"), lines=("n",))), ("n",)
    )
    nodes = (Node(hostile, None, "base"), Node(hostile, 0, mark=Mark("new", hostile), lines=(hostile,)))
    root = ElementTree.fromstring(svg(Panel(hostile, nodes, (hostile,))).encode("utf-8"))
    assert [one.tag for one in root.iter()] == [
        one.tag for one in ElementTree.fromstring(svg(plain_panel)).iter()
    ]
    attributes = {key for one in root.iter() for key in one.keys()}  # noqa: SIM118 - an element is no mapping
    assert not any(key.startswith("on") or "href" in key for key in attributes)
    shown = "".join(root.itertext())
    assert all(char.isprintable() for char in shown)


def test_the_whole_name_is_cut_but_not_lost() -> None:
    name = "before-the-update-of-the-kernel-and-everything-else"
    root = ElementTree.fromstring(svg(Panel("t", (Node(name, None),))))
    texts = [one.text or "" for one in root.iter(f"{SVG}text")]
    assert texts[0].endswith("…")
    assert name in [one.text for one in root.iter(f"{SVG}title")]


def test_a_chain_longer_than_the_recursion_limit_can_be_drawn() -> None:
    nodes = (Node("base", None, "base"), *(Node(f"n{place}", place) for place in range(1_500)))
    root = ElementTree.fromstring(svg(Panel("long", nodes)))
    assert sum(1 for _ in root.iter(f"{SVG}rect")) == 1_501


def test_an_empty_panel_is_still_a_picture() -> None:
    root = ElementTree.fromstring(svg(Panel("gone", (), ("the domain is gone",))))
    assert "the domain is gone" in "".join(root.itertext())


def test_the_words_tell_what_the_picture_shows() -> None:
    before, _ = example_panels(Example("fork", ("discard_forced(b)",)))
    assert "d under b (content 3, destroyed)" in described(before)
    assert described(before) in "".join(ElementTree.fromstring(svg(before)).itertext())


def test_colours_are_left_to_the_page() -> None:
    before, _ = example_panels(Example("fork", ("discard_forced(b)",)))
    drawn = svg(before)
    assert "var(--snaptree-lost" in drawn
    assert "currentColor" in drawn


def test_an_example_under_another_profile_is_drawn_under_it() -> None:
    (example,) = rule("LIMIT-4").examples
    panels = example_panels(example)
    assert any("LimitExceeded" in panel.title for panel in panels)
