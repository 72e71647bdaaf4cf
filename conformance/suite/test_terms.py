"""Chapter terms: Terms, and why content and not files."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("terms"))
