"""The calls of a domain, as libvirt has them."""
