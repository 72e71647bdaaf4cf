"""Chapter bindings: The bindings: three shapes of one API, and the one that was shipped."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("bindings"))
