"""Chapter identity: Identity and names."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("identity"))
