"""Chapter merge-parent: merge into the parent."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("merge-parent"))
