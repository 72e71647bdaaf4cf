"""Chapter identity: Identity and names."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("identity"))
