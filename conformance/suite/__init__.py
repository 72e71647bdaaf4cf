"""The suite as pytest shows it: one file a chapter, one test a rule.

``pytest --pyargs snaptree.conformance.suite --snaptree-driver=qemu`` does what
``snaptree check qemu`` does, with the same engine and the same options.
"""
