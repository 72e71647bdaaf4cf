"""Chapter xml: Domain snapshot XML."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("xml"))
