"""Chapter managed-save: Managed save."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("managed-save"))
