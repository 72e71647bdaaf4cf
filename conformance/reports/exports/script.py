"""What every exported script has in common: its head, a line for each call, and calls that a tool lacks."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from snaptree.conformance.reports.exports.story import Scene, Story
from snaptree.spec.state import Domain


class NotExpressible(ValueError):
    """The tool has no command for what the story is about."""


class Script(ABC):
    """A script in the words of a tool. ``on_CALL`` gives the lines of a call; None says that the tool has no
    command for this case.
    """

    tool: ClassVar[str]
    language: ClassVar[str] = "sh"
    empty: ClassVar[str] = ":"

    def __init__(self, story: Story) -> None:
        self.story = story
        self.left_out: list[str] = []

    def text(self) -> str:
        """The whole script. Raises NotExpressible."""
        lines = [*self.head(), *(f"# {line}" for line in self.story.lines), *self.setup()]
        for scene in self.story.scenes:
            lines += ["", *self._of(scene)]
        return "\n".join([*lines, "", *self.end()]) + "\n"

    @abstractmethod
    def head(self) -> Iterator[str]:
        """The first lines, before the comment that says what the script shows."""

    @abstractmethod
    def setup(self) -> Iterator[str]:
        """What makes the domain."""

    @abstractmethod
    def end(self) -> Iterator[str]:
        """What shows the state at the end."""

    @abstractmethod
    def say(self, text: str) -> str:
        """A line that prints a text."""

    def _of(self, scene: Scene) -> Iterator[str]:
        last = scene.number == len(self.story.scenes)
        lines = self._lines(scene)
        if lines is None:
            if last:
                raise NotExpressible(f"{self.tool} has no command for the last call, {scene.call}")
            self.left_out.append(f"{scene.number}. {scene.call}")
            yield self.say(f"{scene.number}. {scene.call}: {self.tool} has no command for it; left out")
            return
        yield self.say(f"{scene.number}. {scene.call}")
        yield from lines

    def _lines(self, scene: Scene) -> list[str] | None:
        if not scene.asked:
            return [self.say(f"   {scene.answer}, before {self.tool} was asked")]
        command = getattr(self, f"on_{scene.operation.call}", None)
        return None if command is None else command(scene)

    def name(self, scene: Scene) -> str:
        """The name of the snapshot that the call is about."""
        return name_of(scene.before, scene.operation.arguments()["snapshot"])


class ShellScript(Script):
    """A script for a POSIX shell."""

    def say(self, text: str) -> str:
        """A line that prints a text."""
        return f"printf '%s\\n' {shlex.quote(text)}"

    def head(self) -> Iterator[str]:
        """The first line."""
        yield "#!/bin/sh"

    def quoted_name(self, scene: Scene) -> str:
        """The name of the snapshot, as a word of the shell."""
        return shell_word(self.name(scene))


def shell_word(text: str) -> str:
    """A text as one word of a POSIX shell, without a character that acts on a terminal.

    Raises NotExpressible for what no argument of a program can hold.
    """
    if "\0" in text or text.endswith("\n"):
        raise NotExpressible("a name that ends in a line feed, or holds a NUL, is no word of a shell")
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        raise NotExpressible("a name with half a surrogate pair is no word of a shell") from None
    if text.isprintable():
        return shlex.quote(text)
    escaped = "".join(chr(one) if chr(one).isalnum() and one < 128 else f"\\{one:03o}" for one in octets)
    return f"\"$(printf '{escaped}')\""


def device_of(story: Story, disk: str) -> str:
    """What a disk is called in the script: the id in a trace is text, and no name of a file."""
    return f"vd{chr(ord('a') + list(story.disks).index(disk))}"


def name_of(domain: Domain, snapshot: str) -> str:
    """The name of a snapshot that the model knows; an id that it does not know, as it is."""
    known = domain.snapshots.get(snapshot) or domain.retired.get(snapshot)
    return snapshot if known is None else known.name
