"""Chapter revert: revert."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("revert"))
