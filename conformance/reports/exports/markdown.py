"""A story as a page: what was done, what is allowed and what happened, the trees, and a script."""

from __future__ import annotations

from io import StringIO

from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.exports.story import Story
from snaptree.conformance.reports.telling import allowed_words, pictures_of, seen_words
from snaptree.conformance.reports.trees import draw_tree
from snaptree.conformance.reports.words import markdown_text, plain
from snaptree.spec.rules import rule

PLAIN_WIDTH = 100


def markdown(story: Story, script: str | None, language: str, why: str = "") -> str:
    """The page. ``script`` is shown as it is, in its ``language``; without one, ``why`` there is none."""
    found = story.found
    calls = ", ".join(f"`{_code(scene.call)}`" for scene in story.scenes)
    parts = [
        f"# {markdown_text(_title(story))}",
        f"**Driver:** {markdown_text(story.driver)}.",
        f"**Steps:** {calls}.",
    ]
    if found is None:
        parts.append("The recorded answers show no deviation.")
    else:
        first = found.differences[0]
        if found.rules:
            broken = rule(found.rule)
            parts.append(f"**Rule:** {broken.id} ({broken.level}): {broken.sentence}")
        parts.append(f"**Expected:** {markdown_text(allowed_words(first))}.")
        parts.append(f"**What happens:** {markdown_text(seen_words(first))}.")
        parts += [
            f"{markdown_text(allowed_words(one))} expected; {markdown_text(seen_words(one))} seen."
            for one in found.differences[1:4]
        ]
        parts.append(f"```text\n{_pictures(story)}\n```")
    answers = [f"{scene.number}. {scene.call}: {scene.answer}" for scene in story.scenes]
    parts.append("**Answers:**\n\n```text\n" + "\n".join(_fenced(one) for one in answers) + "\n```")
    if script is not None:
        fence = "````" if "```" in script else "```"
        parts.append(f"**Script:**\n\n{fence}{language}\n{script.rstrip()}\n{fence}")
    elif why:
        parts.append(f"**Script:** none: {markdown_text(why)}.")
    return "\n\n".join(parts) + "\n"


def _title(story: Story) -> str:
    if story.found is None:
        return f"{story.scenes[-1].call} on {story.driver}"
    return f"{story.scenes[-1].call}: {seen_words(story.found.differences[0])}"


def _pictures(story: Story) -> str:
    assert story.found is not None
    written = StringIO()
    console = TextConsole(file=written, width=PLAIN_WIDTH)
    for picture in pictures_of(story.found):
        console.print(draw_tree(picture.sketch, picture.title, picture.notes))
    return _fenced(written.getvalue().rstrip())


def _code(text: str) -> str:
    return plain(text, 200).replace("`", "'")


def _fenced(text: str) -> str:
    """A text inside a fence, which it cannot end."""
    return text.replace("```", "'''")
