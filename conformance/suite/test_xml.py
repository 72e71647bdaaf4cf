"""Chapter xml: Domain snapshot XML."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("xml"))
