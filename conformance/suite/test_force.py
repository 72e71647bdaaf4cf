"""Chapter force: Force."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("force"))
