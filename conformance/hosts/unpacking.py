"""Unpacks packages into a tree without running any of their scripts."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.progress import Progress

MERGED: Final = ("bin", "sbin", "lib", "lib64")
"""What is a link into ``usr`` in every Debian since 12; packages from before name files through the link."""

_FOLDERS: Final = ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "var", "opt", "root", "mnt")

_ACCOUNTS: Final = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}


def unpack(debs: Sequence[Path], tree: Path, left_out: Sequence[str], progress: Progress) -> None:
    """Unpack into a new folder. Raises DriverUnavailable with the message of the tool that failed."""
    try:
        for folder in _FOLDERS:
            (tree / folder).mkdir(parents=True, exist_ok=True)
        for link in MERGED:
            (tree / link).symlink_to(f"usr/{link}")
        excluded = [f"--exclude={pattern}" for pattern in left_out]
        for number, deb in enumerate(debs):
            progress("unpack", number, len(debs))
            _unpacked(deb, tree, excluded)
        for name, text in _ACCOUNTS.items():
            place = tree / "etc" / name
            place.unlink(missing_ok=True)
            place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DriverUnavailable(f"{tree} cannot be filled: {error.strerror or error}") from None
    progress("unpack", len(debs), len(debs))


def _unpacked(deb: Path, tree: Path, excluded: Sequence[str]) -> None:
    with (
        subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as packed,
        subprocess.Popen(
            ["tar", "-x", "--keep-directory-symlink", "--numeric-owner", *excluded, "-C", tree],
            stdin=packed.stdout,
            stderr=subprocess.PIPE,
        ) as tar,
    ):
        assert packed.stdout, "it is a pipe"
        packed.stdout.close()
        try:
            _, said = tar.communicate()
            _, before = packed.communicate()
        except BaseException:
            tar.kill()
            packed.kill()
            raise
    if tar.returncode or packed.returncode:
        text = (said if tar.returncode else before).decode("utf-8", "replace").strip()
        raise DriverUnavailable(f"{deb.name} cannot be unpacked: {text[-500:]}")
