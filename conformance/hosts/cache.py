"""The folder for results that are made once and used again: private trees, and descriptions of services.

``SNAPTREE_CACHE`` names it; the default is ``snaptree`` in ``XDG_CACHE_HOME`` or ``~/.cache``. A user may
remove its content at any time when nothing runs; snaptree makes it again.
"""

from __future__ import annotations

import os
from pathlib import Path

from snaptree.conformance.driver import DriverUnavailable


def cache_folder(*, make: bool = True) -> Path:
    """The folder, absolute. Raises DriverUnavailable when it cannot be made."""
    named = os.environ.get("SNAPTREE_CACHE")
    if named:
        folder = Path(named)
    else:
        home = os.environ.get("XDG_CACHE_HOME", "")
        # The XDG specification: a path that is not absolute is ignored.
        folder = (Path(home) if home.startswith("/") else _home() / ".cache") / "snaptree"
    folder = folder.absolute()
    if make:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DriverUnavailable(
                f"the cache folder {folder} cannot be made: {error.strerror or error}; "
                "SNAPTREE_CACHE names another one"
            ) from None
    return folder


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and no account
        raise DriverUnavailable(
            "there is no home folder to keep a cache in; SNAPTREE_CACHE names one"
        ) from None
