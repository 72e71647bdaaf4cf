"""The calls that grow the tree or move in it: create and revert, and those that change names."""

from __future__ import annotations

from snaptree.simulator.admission import (
    UUID,
    admit_description,
    admit_feature,
    admit_name,
    admit_resume,
    admit_snapshot,
    mutation,
)
from snaptree.simulator.nodes import Node
from snaptree.simulator.tree import Tree
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    Unsupported,
)


class TreeCalls(Tree):
    """Create, revert, rename, describe."""

    @mutation
    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> str:
        """Freeze the open layers as a new snapshot and open new ones on top."""
        admit_name(self, name)
        admit_description(self, description)
        self._admit_capture(memory, quiesce)
        self._admit_uuid(uuid)
        self._free_name(name)
        self._admit_size()
        if self.saved is not None and self.profile.create_with_managed_save == "drops":
            self.journal.set(self, "saved", None)
        held, power = (self.memory if memory else None), self.power
        if self.saved is not None and self.profile.memory != "never":
            held, power = self.saved
        self.journal.set(self, "made", self.made + 1)
        node = Node(
            key=self.next_id(),
            number=self.made,
            name=name,
            description=description,
            uuid=uuid or f"5afe0000-0000-4000-8000-{self.made:012x}",
            over=self.at,
            layers=self.open,
            memory=held,
            power=power,
            configuration=dict(self.configuration),
            captured=self.made,
        )
        frozen = self.open
        for layer in frozen.values():
            self.journal.note(layer.thaw)
            layer.freeze()
        self.journal.set(self, "open", self.opened_on(frozen))
        self.journal.put(self.nodes, node.key, node)
        if self.profile.identity == "uuid":
            self.journal.put(self.given, node.uuid, node.key)
        self.journal.set(self, "at", node)
        return node.key

    def next_id(self) -> str:
        """An opaque id that is never issued again."""
        return f"snap-{self.made * 2654435761 % 2**32:08x}"

    def _admit_capture(self, memory: bool, quiesce: bool) -> None:
        if memory and self.power == "off":
            raise InvalidPowerState("a domain that is off has no memory to capture")
        if memory and self.profile.memory == "never":
            raise Unsupported("memory is never captured")
        if not memory and self.power != "off" and self.profile.memory == "always":
            raise Unsupported("a snapshot of a running domain always captures memory")
        if quiesce:
            admit_feature(self, "quiesce")
            if self.power != "running":
                raise InvalidPowerState("only a running guest can be quiesced")
        if self.saved is not None and self.profile.create_with_managed_save == "refuses":
            raise InvalidPowerState("the domain has a managed-save image")

    def _admit_uuid(self, uuid: str | None) -> None:
        if uuid is None:
            return
        if UUID.fullmatch(uuid) is None:
            raise InvalidArgument(f"{uuid!r} is no uuid in canonical form")
        if any(node.uuid == uuid for node in (*self.nodes.values(), *self.hidden.values())):
            raise InvalidArgument(f"uuid {uuid} is in use")
        if uuid in self.given:
            raise InvalidArgument(f"uuid {uuid} identified an earlier snapshot")

    def _free_name(self, name: str) -> None:
        bearers = [node for node in self.nodes.values() if node.name == name]
        policy = self.profile.names.policy
        if bearers and policy == "unique":
            raise NameInUse(f"{name!r} is in use")
        if policy == "replace":
            for bearer in bearers:
                self.admit_merge(bearer)
                self.splice(bearer)

    def _admit_size(self) -> None:
        limits = self.profile.limits
        if limits.count is not None and len(self.nodes) + len(self.hidden) >= limits.count:
            raise LimitExceeded(f"at most {limits.count} snapshots")
        if limits.depth is not None and sum(1 for _ in self.at.path()) >= limits.depth:
            raise LimitExceeded(f"at most {limits.depth} deep")
        if self.profile.roots == "single":
            roots = sum(1 for node in self.nodes.values() if node.over is self.ground)
            if roots > 1 or (roots and self.at is self.ground):
                raise Unsupported("only one root snapshot can exist")

    @mutation
    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        """Drop the open layers and open new ones on the snapshot."""
        admit_snapshot(self, snapshot)
        admit_resume(self, resume_as)
        node = self.nodes[snapshot]
        how = self.profile.revert_with_memory
        if not self.persistent and resume_as is None and node.memory is not None and how == "saved":
            raise Unsupported("a transient domain keeps no managed-save image")
        comes_back = resume_as or ("off" if node.memory is None or how != "captured" else node.power)
        self.admit_power_after(comes_back)
        self.stand_on(node, resume_as or "off")
        if resume_as is None and node.memory is not None:
            if how == "captured":
                self.journal.set(self, "memory", node.memory)
                self.journal.set(self, "power", node.power)
            elif how == "saved":
                self.journal.set(self, "saved", (node.memory, node.power))

    @mutation
    def rename(self, snapshot: str, name: str) -> None:
        """Change the name only."""
        admit_snapshot(self, snapshot)
        admit_name(self, name)
        node = self.nodes[snapshot]
        in_use = any(other.name == name for other in self.nodes.values() if other is not node)
        if in_use and self.profile.names.policy != "duplicates":
            raise NameInUse(f"{name!r} is in use")
        self.journal.set(node, "name", name)
        self.touched(node)

    @mutation
    def describe(self, snapshot: str, description: str) -> None:
        """Change the description only."""
        admit_snapshot(self, snapshot)
        admit_description(self, description)
        node = self.nodes[snapshot]
        self.journal.set(node, "description", description)
        self.touched(node)
