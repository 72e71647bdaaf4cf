"""The calls that change the tree: create, revert, merges, discards, retirement."""

from __future__ import annotations

from typing import Any

from snaptree.simulator.admission import (
    UUID,
    admit_feature,
    admit_name,
    admit_resume,
    admit_snapshot,
    mutation,
)
from snaptree.simulator.layers import Layer
from snaptree.simulator.nodes import Node
from snaptree.simulator.state import State
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    NoSuchSnapshot,
    Unsupported,
    WouldDiscard,
)


class TreeCalls(State):
    """Create, revert, delete in all its meanings, rename."""

    # --- create -----------------------------------------------------------------

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
        self._admit_capture(memory, quiesce)
        self._admit_uuid(uuid)
        self._free_name(name)
        self._admit_size()
        if self.saved is not None and self.profile.create_with_managed_save == "drops":
            self.journal.set(self, "saved", None)
        held, power = (self.memory if memory else None), self.power
        if self.saved is not None:
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
            layer.freeze()
        self.journal.set(self, "open", self._opened_on(frozen))
        self.journal.put(self.nodes, node.key, node)
        self.journal.set(self, "at", node)
        return node.key

    def next_id(self) -> str:
        """An opaque id that is never issued again."""
        return f"snap-{self.made * 2654435761 % 2**32:08x}"

    def _opened_on(self, layers: dict[str, Layer]) -> dict[str, Layer]:
        return {name: Layer(self.pool, layer.size, layer) for name, layer in layers.items()}

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

    def _free_name(self, name: str) -> None:
        bearers = [node for node in self.nodes.values() if node.name == name]
        policy = self.profile.names.policy
        if bearers and policy == "unique":
            raise NameInUse(f"{name!r} is in use")
        if policy == "replace":
            for bearer in bearers:
                self._splice(bearer)

    def _admit_size(self) -> None:
        limits = self.profile.limits
        if limits.count is not None and len(self.nodes) + len(self.hidden) >= limits.count:
            raise LimitExceeded(f"at most {limits.count} snapshots")
        if limits.depth is not None and sum(1 for _ in self.at.path()) >= limits.depth:
            raise LimitExceeded(f"at most {limits.depth} deep")
        if self.profile.roots == "single" and self.at is self.ground and self.nodes:
            raise Unsupported("only one root snapshot can exist")

    # --- revert -----------------------------------------------------------------

    @mutation
    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        """Drop the open layers and open new ones on the snapshot."""
        admit_snapshot(self, snapshot)
        admit_resume(self, resume_as)
        node = self.nodes[snapshot]
        how = self.profile.revert_with_memory
        self._stand_on(node, resume_as or "off")
        if resume_as is None and node.memory is not None:
            if how == "captured":
                self.journal.set(self, "memory", node.memory)
                self.journal.set(self, "power", node.power)
            elif how == "saved":
                self.journal.set(self, "saved", (node.memory, node.power))

    def _stand_on(self, node: Node, power: str) -> None:
        """The active state becomes what a node holds."""
        memory = None
        if power != "off":
            memory = "unspecified" if node.memory is None else node.memory
        for name, value in (
            ("open", self._opened_on(node.layers)),
            ("configuration", dict(node.configuration)),
            ("memory", memory),
            ("power", power),
            ("saved", None),
            ("at", node),
        ):
            self.journal.set(self, name, value)

    # --- delete, in all its meanings ----------------------------------------------

    @mutation
    def merge_into_children(self, snapshot: str) -> None:
        """The snapshot gives up its layers to what stands on them."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        dependents = len(self.above(node)) + (self.at is node)
        if not dependents:
            raise WouldDiscard("nothing would take over its content", casualties=[snapshot])
        limit = self.profile.limits.merge_children
        if limit is not None and dependents > limit:
            raise LimitExceeded(f"{dependents} dependents, at most {limit} can be merged into")
        self._splice(node)

    def _splice(self, node: Node) -> None:
        """Take a node out of the tree and out of storage."""
        self._unlist(node)
        self.give_up(node.layers)

    def _unlist(self, node: Node) -> None:
        """Take a node out of the tree; its layers stay."""
        for child in self.above(node):
            self.journal.set(child, "over", node.over)
            self.touched(child)
        if self.at is node:
            self.journal.set(self, "at", node.over)
        self.journal.drop(self.nodes, node.key)

    @mutation
    def merge_into_parent(self, snapshot: str) -> None:
        """The parent takes over the layers of the snapshot."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        lost, active = self._beside(node)
        if lost or active:
            raise WouldDiscard("the parent has other dependents", casualties=self._listed(lost, active))
        self._promote(node)

    @mutation
    def merge_into_parent_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        """The same, after everything else that stands on the parent is gone."""
        admit_snapshot(self, snapshot)
        admit_resume(self, resume_as)
        node = self.nodes[snapshot]
        lost, active = self._beside(node)
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        if active and parent is self.ground:
            admit_feature(self, "reset_to_base")
        if active:
            # Stand on the snapshot for now: it has the point that the parent will have.
            self._stand_on(node, resume_as or "off")
        self._demolish(lost)
        self._promote(node)

    def _beside(self, node: Node) -> tuple[list[Node], bool]:
        """What depends on the parent beside a node: nodes in order of creation, and the active state."""
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        lost = [below for other in self.above(parent) if other is not node for below in self.tower(other)]
        return sorted(lost, key=_number), self.at is parent or self.at in lost

    def _listed(self, lost: list[Node], active: bool) -> list[str]:
        return [*(node.key for node in lost), *(["active"] if active else [])]

    def _demolish(self, lost: list[Node]) -> None:
        """Take nodes away from the top down, so that nothing ever stands on nothing."""
        for node in sorted(lost, key=_number, reverse=True):
            self._splice(node)

    def _promote(self, node: Node) -> None:
        """Let the parent hold what the node holds, and remove the node."""
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        old = parent.layers
        self.journal.set(parent, "layers", node.layers)
        self.journal.set(parent, "configuration", node.configuration)
        if parent is not self.ground:
            for name in ("memory", "power", "captured"):
                self.journal.set(parent, name, getattr(node, name))
        self._unlist(node)
        self.touched(parent)
        self.give_up(old)

    @mutation
    def discard(self, snapshot: str) -> None:
        """Drop a snapshot on which nothing stands."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        tower = self.tower(node)
        active = self.at in tower
        if len(tower) > 1 or active:
            lost = sorted(tower[1:], key=_number)
            raise WouldDiscard("something grew from it", casualties=self._listed(lost, active))
        self._splice(node)

    @mutation
    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        """Drop a snapshot with everything that stands on it."""
        admit_snapshot(self, snapshot)
        admit_resume(self, resume_as)
        node = self.nodes[snapshot]
        tower = self.tower(node)
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        if self.at in tower:
            if parent is self.ground:
                admit_feature(self, "reset_to_base")
            self._stand_on(parent, resume_as or "off")
        self._demolish(tower)

    @mutation
    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        """Drop a tower leaf first; the open layers keep what they need of it."""
        admit_snapshot(self, snapshot)
        tower = self.tower(self.nodes[snapshot])
        self._demolish(tower[1:] if keep_root else tower)

    @mutation
    def retire(self, snapshot: str) -> None:
        """Unlist a snapshot, and keep its layers where they are."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        self._unlist(node)
        self.journal.put(self.hidden, node.key, node)

    @mutation
    def reclaim(self, snapshot: str) -> None:
        """Give up the layers of a retired snapshot."""
        if snapshot in self.nodes:
            raise InvalidArgument(f"{snapshot} is still listed; retire it first")
        if snapshot not in self.hidden:
            raise NoSuchSnapshot(f"no retired snapshot {snapshot!r}")
        layers = self.hidden[snapshot].layers
        self.journal.drop(self.hidden, snapshot)
        self.give_up(layers)

    # --- names --------------------------------------------------------------------

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
        node = self.nodes[snapshot]
        self.journal.set(node, "description", description)
        self.touched(node)


def _number(node: Node) -> Any:
    return node.number
