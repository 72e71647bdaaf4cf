"""The methods of a run, in the order in which they begin."""

from __future__ import annotations

from typing import Any, Final

from snaptree.conformance.methods.again import Again
from snaptree.conformance.methods.aspects import Aspects
from snaptree.conformance.methods.crashes import Crashes
from snaptree.conformance.methods.examples import Examples
from snaptree.conformance.methods.exhaustive import Exhaustive
from snaptree.conformance.methods.failures import Failures
from snaptree.conformance.methods.held import Held
from snaptree.conformance.methods.histories import AllHistories
from snaptree.conformance.methods.limits import Limits
from snaptree.conformance.methods.long import Long
from snaptree.conformance.methods.looks import OtherLooks
from snaptree.conformance.methods.method import Method
from snaptree.conformance.methods.own_calls import OwnCalls
from snaptree.conformance.methods.pairs import Pairs
from snaptree.conformance.methods.places import EveryPlace
from snaptree.conformance.methods.power import PowerLoss
from snaptree.conformance.methods.sampled import Sampled
from snaptree.conformance.methods.side_by_side import SideBySide
from snaptree.conformance.methods.stories import Stories
from snaptree.conformance.methods.together import Together
from snaptree.conformance.methods.values import Values

METHODS: Final[tuple[Method[Any], ...]] = (
    Examples(),
    Aspects(),
    Stories(),
    Values(),
    Again(),
    Limits(),
    Long(),
    EveryPlace(),
    SideBySide(),
    Exhaustive(),
    OwnCalls(),
    AllHistories(),
    OtherLooks(),
    Held(),
    Together(),
    Crashes(),
    PowerLoss(),
    Failures(),
    Pairs(),
    Sampled(),
)
