"""Chapter listing: Listing and order."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("listing"))
