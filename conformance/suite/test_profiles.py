"""Chapter profiles: Profiles: what a hypervisor claims."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("profiles"))
