"""Chapter terms: Terms, and why content and not files."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("terms"))
