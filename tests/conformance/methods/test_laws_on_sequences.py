"""The laws hold on domains that random sequences of the suite lead to."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.methods.sampled import BYTES, Decoder
from snaptree.spec.laws import LAWS, Reached
from snaptree.spec.profiles import load_profile
from snaptree.spec.state import blank_domain

from ...spec.law_profiles import NARROW, REPLACING, RFC

PROFILES = (RFC, NARROW, REPLACING, load_profile("qemu"))
DECODERS = [Decoder(profile) for profile in PROFILES]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    which=st.integers(0, len(PROFILES) - 1),
    persistent=st.booleans(),
    drawn=st.integers(1, 40).flatmap(lambda n: st.binary(min_size=n * BYTES, max_size=n * BYTES)),
)
def test_laws_hold_on_random_domains(which: int, persistent: bool, drawn: bytes) -> None:
    profile, decoder = PROFILES[which], DECODERS[which]
    domain = blank_domain(DEFAULT_DISKS, persistent=persistent)
    for place in range(0, len(drawn), BYTES):
        operation = decoder.operation(domain, *drawn[place : place + BYTES])
        domain = Reached(domain).then(operation, profile).domain
    found = {law.name: law.counterexample(domain, profile) for law in LAWS}
    assert {name: text for name, text in found.items() if text is not None} == {}
