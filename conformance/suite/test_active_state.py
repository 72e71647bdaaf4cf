"""Chapter active-state: Work on the active state."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("active-state"))
