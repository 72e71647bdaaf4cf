"""Chapter managed-save: Managed save."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("managed-save"))
