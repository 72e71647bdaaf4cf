"""The largest disk is what the profile claims, in the simulator and in the model."""

from __future__ import annotations

import pytest

from snaptree.simulator import Machine
from snaptree.spec import operations as ops
from snaptree.spec.outcomes import Accepted, InvalidArgument
from snaptree.spec.profiles import varied
from snaptree.spec.semantics import step
from snaptree.spec.state import blank_domain


@pytest.mark.parametrize("asked", [2**40, 2**41, 2**62])
@pytest.mark.rule("ACTIVE-15")
def test_a_disk_is_as_large_as_the_profile_claims(asked: int) -> None:
    """Model and simulator: every size without a limit; up to the limit, and not beyond, with one."""
    cases = (([], True), ([f"limits.disk_size={asked}"], True), ([f"limits.disk_size={asked // 2}"], False))
    for settings, accepted in cases:
        profile = varied("rfc", settings)
        for operation in (ops.ResizeDisk("vda", asked), ops.AttachDisk("vdz", asked)):
            outcome = step(blank_domain({"vda": 65536}), operation, profile)
            assert isinstance(outcome, Accepted) is accepted
            machine = Machine(profile, {"vda": 65536})
            try:
                getattr(machine, operation.call)(**operation.arguments())
                taken = True
            except InvalidArgument:
                taken = False
            assert taken is accepted
