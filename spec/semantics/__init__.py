"""The executable meaning: ``step(domain, operation, profile)``.

One module for each chapter. Every operation has the same four parts under the same headings: what is
refused, what is destroyed, what becomes of the tree, what becomes of the active state. The first two are
``refused`` and ``destroyed``, the last two are ``effect``.
"""

from snaptree.spec.semantics.step import destroyed, effect, step

__all__ = ["destroyed", "effect", "step"]
