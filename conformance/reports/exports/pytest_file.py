"""A story as a test of pytest, which makes the same calls on any driver and judges each."""

from __future__ import annotations

import re
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.reports.exports.script import NotExpressible
from snaptree.conformance.reports.exports.story import Story

TEST: Final = '''"""{title}"""

from snaptree.spec.operations import operation_from_json

STEPS = [
{steps}
]


def test_{name}(lockstep):
    lockstep(*[operation_from_json(one) for one in STEPS])
'''


def pytest_file(story: Story) -> str:
    """The content of a test file. Run it with ``pytest --snaptree-driver=DRIVER``.

    Raises NotExpressible for a domain that the fixture does not make.
    """
    header = story.trace.header
    if header.start is not None or not header.persistent or dict(header.disks) != dict(DEFAULT_DISKS):
        raise NotExpressible("pytest's fixture begins with a fresh persistent domain of the default disks")
    steps = "\n".join(f"    {scene.operation.to_json()!a},  # {scene.call}" for scene in story.scenes)
    title = "\n\n".join(story.lines).replace("\\", "\\\\").replace('"', "'")
    last = story.scenes[-1].operation.call
    rule = story.found.rule if story.found is not None else "keeps"
    name = re.sub(r"[^a-z0-9_]+", "_", f"{last}_{rule}".lower()).strip("_")
    return TEST.format(title=title, steps=steps, name=name)
