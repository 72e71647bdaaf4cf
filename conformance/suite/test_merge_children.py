"""Chapter merge-children: merge into children."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("merge-children"))
