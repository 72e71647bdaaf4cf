"""The libvirt that a driver speaks to: in memory, embedded, or a daemon of its own."""
