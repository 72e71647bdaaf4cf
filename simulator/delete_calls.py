"""The calls that remove snapshots from the tree: merges, discards, retirement."""

from __future__ import annotations

from snaptree.simulator.admission import admit_feature, admit_resume, admit_snapshot, mutation
from snaptree.simulator.nodes import Node
from snaptree.simulator.tree import Tree, by_age
from snaptree.spec.outcomes import InvalidArgument, NoSuchSnapshot, Unsupported, WouldDiscard


class DeleteCalls(Tree):
    """The calls that delete, each with one meaning."""

    @mutation
    def merge_into_children(self, snapshot: str) -> None:
        """Fold the layers of the snapshot into everything above it."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        if not self.above(node) and self.at is not node:
            raise WouldDiscard("nothing would take over its content", casualties=[snapshot])
        self.admit_merge(node)
        self._keep_one_root(node)
        self.splice(node)

    @mutation
    def merge_into_parent(self, snapshot: str) -> None:
        """The parent takes over the layers of the snapshot."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        lost, active = self._beside(node)
        if lost or active:
            raise WouldDiscard("the parent has other dependents", casualties=self._listed(lost, active))
        self._keep_one_root(node)
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
        self._keep_one_root(node)
        if active:
            self.admit_power_after(resume_as or "off")
            # Stand on the snapshot meanwhile: it has the point that the parent will have.
            self.stand_on(node, resume_as or "off")
        self.demolish(lost)
        self._promote(node)

    def _keep_one_root(self, node: Node) -> None:
        """Refuse to remove a root whose children would be roots, where there can be one only."""
        alone = self.profile.roots == "single" and node.over is self.ground
        if alone and len(self.above(node)) > 1:
            raise Unsupported("its children would be roots side by side")

    def _beside(self, node: Node) -> tuple[list[Node], bool]:
        """The other dependents of the parent of a node: nodes in order of creation, and the active state."""
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        lost = [below for other in self.above(parent) if other is not node for below in self.tower(other)]
        return sorted(lost, key=by_age), self.at is parent or self.at in lost

    def _listed(self, lost: list[Node], active: bool) -> list[str]:
        return [*(node.key for node in lost), *(["active"] if active else [])]

    def _promote(self, node: Node) -> None:
        """Give the parent the content of the node, and remove the node."""
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        old = parent.layers
        self.journal.set(parent, "layers", node.layers)
        self.journal.set(parent, "configuration", node.configuration)
        if parent is not self.ground:
            for name in ("memory", "power", "captured"):
                self.journal.set(parent, name, getattr(node, name))
        self.unlist(node)
        self.touched(parent)
        self.give_up(old)

    @mutation
    def discard(self, snapshot: str) -> None:
        """Drop a snapshot that has no dependents."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        tower = self.tower(node)
        active = self.at in tower
        if len(tower) > 1 or active:
            lost = sorted(tower[1:], key=by_age)
            raise WouldDiscard("something grew from it", casualties=self._listed(lost, active))
        self.splice(node)

    @mutation
    def discard_forced(self, snapshot: str, resume_as: str | None = None) -> None:
        """Drop a snapshot with all its dependents."""
        admit_snapshot(self, snapshot)
        admit_resume(self, resume_as)
        node = self.nodes[snapshot]
        tower = self.tower(node)
        parent = node.over
        assert parent is not None, "every snapshot stands on something"
        if self.at in tower:
            if parent is self.ground:
                admit_feature(self, "reset_to_base")
            self.admit_power_after(resume_as or "off")
            self.stand_on(parent, resume_as or "off")
        self.demolish(tower)

    @mutation
    def remove_subtree(self, snapshot: str, keep_root: bool = False) -> None:
        """Drop a subtree, leaves first; the open layers keep the blocks that they need."""
        admit_snapshot(self, snapshot)
        tower = self.tower(self.nodes[snapshot])
        self.demolish(tower[1:] if keep_root else tower)

    @mutation
    def retire(self, snapshot: str) -> None:
        """Unlist a snapshot, and keep its layers in place."""
        admit_snapshot(self, snapshot)
        node = self.nodes[snapshot]
        self._keep_one_root(node)
        self.unlist(node)
        self.journal.put(self.hidden, node.key, node)

    @mutation
    def reclaim(self, snapshot: str) -> None:
        """Fold the layers of a retired snapshot into everything above it."""
        if snapshot in self.nodes:
            raise InvalidArgument(f"{snapshot} is still listed; retire it first")
        if snapshot not in self.hidden:
            raise NoSuchSnapshot(f"no retired snapshot {snapshot!r}")
        layers = self.hidden[snapshot].layers
        self.journal.drop(self.hidden, snapshot)
        self.give_up(layers)
