"""Chapter profiles: Profiles: what a hypervisor claims."""

from snaptree.conformance.suite.ruling import rule_tests

globals().update(rule_tests("profiles"))
