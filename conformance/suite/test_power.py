"""Chapter power: Power, memory and running domains."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("power"))
