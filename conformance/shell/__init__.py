"""``snaptree shell``: a simulated hypervisor worked on by hand, each step compared with the model.

``Session`` is the domain and the steps taken on it, ``Shell`` is what a person
types and reads. ``terminal`` connects a Shell to a terminal or to a script.
"""
