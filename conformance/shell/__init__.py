"""``snaptree shell``: an interactive simulated hypervisor; the model checks each step.

``Session`` is the domain and the steps taken on it, ``Shell`` is what a user types and reads. ``terminal``
connects a Shell to a terminal or to a script.
"""
