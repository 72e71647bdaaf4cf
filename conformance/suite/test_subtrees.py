"""Chapter subtrees: Removing a subtree."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("subtrees"))
