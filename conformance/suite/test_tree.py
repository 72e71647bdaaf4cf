"""Chapter tree: The tree and the current snapshot."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("tree"))
