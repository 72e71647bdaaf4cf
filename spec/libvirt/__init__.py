"""The calls of libvirt itself as operations of the model: flags, errors, lists, events."""
