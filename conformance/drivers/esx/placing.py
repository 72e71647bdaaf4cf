"""Finds the folder, resource pool and datastore for machines. Nothing here changes anything.

A place that the user did not name is used only if it is the only one: on a host with several resource pools
the driver might otherwise pick that of the production.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.settings import Settings


@dataclass(frozen=True)
class Place:
    """A folder and a resource pool as managed objects, a datastore by name, and all three in words."""

    folder: Any
    pool: Any
    datastore: str
    words: str


def place_for(session: Session, settings: Settings) -> Place:
    """The place in the settings. Raises DriverUnavailable with the list of choices."""
    folder = _folder(session, settings.folder)
    pool = _pool(session, settings.resource_pool)
    owner = session.property(pool, "owner")
    stores = session.read(session.property(owner, "datastore") or [], ["name", "summary.accessible"])
    names = sorted(str(one["name"]) for one in stores if one.get("summary.accessible", True))
    wanted = settings.datastore
    if wanted is not None and wanted not in names:
        raise DriverUnavailable(f"no datastore {wanted!r} for that resource pool; there is {_listed(names)}")
    if wanted is None and len(names) != 1:
        raise DriverUnavailable(f"--setting datastore=NAME says which; there is {_listed(names)}")
    chosen = names[0] if wanted is None else wanted
    words = f"folder {path_of(session, folder)}, resource pool {path_of(session, pool)}, datastore {chosen}"
    return Place(folder, pool, chosen, words)


def find_object(session: Session, path: str, kind: Any, what: str) -> Any:
    """The object at an inventory path, which has to be of that kind. Raises DriverUnavailable."""
    index = session.content.searchIndex
    there = session.ask(lambda: index.FindByInventoryPath(path))
    if not isinstance(there, kind):
        raise DriverUnavailable(f"the inventory has no {what} at {path!r}")
    return there


def path_of(session: Session, entity: Any) -> str:
    """The inventory path of an object, without the folder that holds everything."""
    names: list[str] = []
    while entity is not None:
        seen = session.read([entity], ["name", "parent"])[0]
        names.append(str(seen.get("name", "?")))
        entity = seen.get("parent")
    return "/".join(reversed(names[:-1])) or names[0]


def _folder(session: Session, path: str | None) -> Any:
    vim = session.vim
    if path is not None:
        return find_object(session, path, vim.Folder, "folder")
    centers = _all(session, vim.Datacenter)
    if len(centers) != 1:
        raise DriverUnavailable(
            "--setting folder=PATH says where; there are the folders "
            + _listed([f"{path_of(session, one)}/vm" for one in centers])
        )
    return session.property(centers[0], "vmFolder")


def _pool(session: Session, path: str | None) -> Any:
    vim = session.vim
    if path is not None:
        return find_object(session, path, vim.ResourcePool, "resource pool")
    computers = _all(session, vim.ComputeResource)
    pools = [session.property(one, "resourcePool") for one in computers]
    if len(pools) != 1:
        raise DriverUnavailable(
            "--setting resource-pool=PATH says which; there is "
            + _listed([path_of(session, one) for one in pools])
        )
    return pools[0]


def _all(session: Session, kind: Any) -> list[Any]:
    """Every object of a kind, by a view that goes again."""
    content = session.content
    view = session.ask(lambda: content.viewManager.CreateContainerView(content.rootFolder, [kind], True))
    try:
        seen: list[Any] = session.property(view, "view") or []
        return seen
    finally:
        session.ask(view.DestroyView)


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "none"
