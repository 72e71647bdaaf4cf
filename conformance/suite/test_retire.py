"""Chapter retire: Retire and reclaim."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("retire"))
