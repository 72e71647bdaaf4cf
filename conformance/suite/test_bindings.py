"""Chapter bindings: The bindings: three shapes of one API, and the one that was shipped."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("bindings"))
