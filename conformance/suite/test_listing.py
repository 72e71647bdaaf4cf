"""Chapter listing: Listing and order."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("listing"))
