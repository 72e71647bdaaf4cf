"""The bits of libvirt's flags, which specification and simulator state each for itself."""

from __future__ import annotations

from enum import IntFlag

import pytest

from snaptree.simulator.libvirt_calls import FLAGS
from snaptree.spec.libvirt.flags import CreateFlag, DeleteFlag, RevertFlag, SaveFlag, UndefineFlag

OURS: dict[str, type[IntFlag]] = {
    "create": CreateFlag, "delete": DeleteFlag, "revert": RevertFlag, "save": SaveFlag,
    "undefine": UndefineFlag,
}  # fmt: skip


@pytest.mark.parametrize("group", OURS)
def test_the_simulator_has_the_flags_of_the_specification(group: str) -> None:
    assert set(OURS) == set(FLAGS)
    assert FLAGS[group] == {flag.name: flag.value for flag in OURS[group]}
