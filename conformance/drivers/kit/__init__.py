"""What a driver is built from. Every module is one idea and stands alone; take those that fit the system.

Two kinds of systems have a base class for their domains:

- The hypervisor has a tree of snapshots and *one delete*, which sometimes merges and sometimes discards (ESX,
  VirtualBox, libvirt): ``look_ups.LookUps`` and ``one_delete.OneDelete`` over a ``catalogue.Catalogue``.
- The backend stores content and knows no tree (QEMU's images, a file system with clones, a folder of copies):
  ``kept_tree.KeptDomain``, where the driver keeps the tree and the backend keeps *layers*.

======================  ==========================================================================
``catalogue``           what is asked of a tree, and a tree that was read as a value
``look_ups``            list, children, parent, current, look-ups and count over a catalogue
``one_delete``          the calls that remove, from one delete: look before it is called
``order``               the order of creation, for hypervisors that do not tell it
``kept_tree``           a tree that the driver keeps: every call of a domain that is always off
``refusals``            a table from error codes to refusals, and the decorator that applies it
``uuids``               uuids that callers give, for hypervisors that keep none
``blocks``              values of blocks, and what a write may ask for
``readings``            what files hold, read again only where a file changed
``callers``             another caller on a domain, and a gate that holds a call inside
``work_folder``         a folder that goes at the end, and ``--keep``
``qemu_images``         QEMU's tools, one qemu-io that stays, a reader of qcow2
``qemu_machine``        a QEMU that runs, its monitor and its guest's memory
``optional``            a library that may be missing, with the command that installs it
``text``                text that has to travel in XML
======================  ==========================================================================

What is left to write for a hypervisor with one delete, in about 250 lines, each part with the driver to
look at:

1. The way to the hypervisor: a library by ``optional``, a session, waiting for tasks
   (``virtualbox/soap.py``). 60 to 100 lines.
2. Its errors: one ``ErrorTable``, each row with its source, and the domain's ``translation``
   (``virtualbox/codes.py``). 40 lines.
3. The catalogue: its look-ups, or one ``SnapshotTree`` that is read at once (``esx/tree.py``), in the
   order of a ``CreationOrder``. 40 lines.
4. The domain: ``catalogue``, ``delete`` and ``revert_to``; ``create`` and ``revert``; ``rename``,
   ``describe``, ``write_disk`` and power as far as they are claimed; ``observe`` and ``close``. 80 lines.
5. The driver: brought up in a ``DriverFolder``, ``open``, ``close`` (``qemu/driver.py``). 40 lines. Where the
   library may hang or crash, a ``remote.RemoteDriver`` whose ``serves`` names it: 3 lines more.
6. A profile in TOML: what is claimed, and by whom it is done.

For a backend without a tree the first three parts and most of the fourth go: ``KeptDomain`` wants the tree
held, storage made to fit it, a point read and a block written. The smallest one stands in
``tests/conformance/drivers/test_kit/shelf.py``, in thirty lines; one for real images, with its driver, in
``qemu/in_place.py``, in 250.
"""
