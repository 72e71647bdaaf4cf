"""qcow2 images for any driver that has them: QEMU's tools, one qemu-io that stays, a reader of the format."""
