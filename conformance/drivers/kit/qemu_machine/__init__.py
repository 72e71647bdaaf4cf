"""A QEMU that runs: found, started under a guard, called over QMP, and ended with all that it holds.

``system`` finds ``qemu-system-x86_64`` and decides between KVM and TCG; ``machine`` is a running process
with a guest that has one processor, one MiB of memory and a firmware that halts; ``monitor`` makes QMP
calls with a deadline, and waits for jobs.
"""
