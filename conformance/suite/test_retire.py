"""Chapter retire: Retire and reclaim."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("retire"))
