"""Chapter discard: discard."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("discard"))
