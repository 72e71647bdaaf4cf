"""A recorded trace as something that others run or read without snaptree: a bug report for its maintainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from snaptree.conformance.reports.exports.libvirt_python import LibvirtPython
from snaptree.conformance.reports.exports.markdown import markdown
from snaptree.conformance.reports.exports.pytest_file import pytest_file
from snaptree.conformance.reports.exports.qemu_img import QemuImg
from snaptree.conformance.reports.exports.script import NotExpressible as NotExpressible
from snaptree.conformance.reports.exports.script import Script
from snaptree.conformance.reports.exports.story import Story
from snaptree.conformance.reports.exports.story import story_of as story_of
from snaptree.conformance.reports.exports.vboxmanage import VBoxManage
from snaptree.conformance.reports.exports.virsh import Virsh

SCRIPTS: Final[Mapping[str, type[Script]]] = {
    "virsh": Virsh,
    "libvirt-python": LibvirtPython,
    "qemu-img": QemuImg,
    "vboxmanage": VBoxManage,
}
"""The scripts in the words of other tools."""

FORMS: Final = ("pytest", *SCRIPTS, "markdown")

_TOOL_OF: Final = (
    ("libvirt-test", "libvirt-python"),
    ("libvirt-qemu", "libvirt-python"),
    ("virtualbox", "vboxmanage"),
    ("qemu", "qemu-img"),
)
"""The tool whose script a page shows, by the start of the profile's name."""


def export(story: Story, form: str) -> tuple[str, tuple[str, ...]]:
    """The text in one of ``FORMS``, and the steps that it leaves out, in words.

    Raises NotExpressible where the last step, which the story is about, cannot be said in that form.
    """
    if form == "pytest":
        return pytest_file(story), ()
    if form == "markdown":
        return _page(story)
    script = SCRIPTS[form](story)
    return script.text(), tuple(script.left_out)


def form_for(profile: str) -> str:
    """The form that the maintainers of a system run, by the name of its profile; else a page."""
    return next((tool for start, tool in _TOOL_OF if profile.startswith(start)), "markdown")


def _page(story: Story) -> tuple[str, tuple[str, ...]]:
    tool = form_for(story.profile.name)
    script = SCRIPTS[tool](story) if tool in SCRIPTS else None
    try:
        text = None if script is None else script.text()
    except NotExpressible as error:
        return markdown(story, None, "", str(error)), ()
    language = "" if script is None else script.language
    return markdown(story, text, language), () if script is None else tuple(script.left_out)
