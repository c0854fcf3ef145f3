"""Unpack Debian packages into a folder of their own, without dpkg."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.pbx.asterisk.errors import FetchError

_AR_MAGIC: Final = b"!<arch>\n"
_LEFT_OUT: Final = re.compile(
    r"^(usr/share/(doc|man|lintian|locale|perl|info|bug|snmp|i18n|zoneinfo)/|etc/(?!asterisk)|usr/lib/[^/]+/(perl|gconv)/)"
)


def unpack(deb: Path, root: Path) -> None:
    """Write the files of package `deb` under `root`, without documentation and settings.

    Links that leave the package's root are made relative to `root`; device files and paths with `..` are left out.

    Raises:
        FetchError: It is no package, or packed in a way that is not understood here.
    """
    name, body = next(((n, b) for n, b in _members(deb) if n.startswith("data.tar")), ("", b""))
    if not name:
        raise FetchError(f"{deb.name} has no data member")
    with tarfile.open(fileobj=io.BytesIO(_plain(name, body)), mode="r:*") as archive:
        for member in archive:
            path = member.name.removeprefix("./").strip("/")
            if path and ".." not in path.split("/") and not _LEFT_OUT.match(path):
                _write(archive, member, root, path)


def _members(deb: Path) -> Iterator[tuple[str, bytes]]:
    """Members of an `ar` archive. Source: deb(5)."""
    data = deb.read_bytes()
    if not data.startswith(_AR_MAGIC):
        raise FetchError(f"{deb.name} is no Debian package")
    position = len(_AR_MAGIC)
    while position + 60 <= len(data):
        name = data[position : position + 16].decode("ascii", "replace").strip().rstrip("/")
        size = int(data[position + 48 : position + 58])
        position += 60
        yield name, data[position : position + size]
        position += size + size % 2


def _plain(name: str, body: bytes) -> bytes:
    """`body` in a form that `tarfile` reads: zstandard is not among its own on the Pythons we support."""
    if not name.endswith(".zst"):
        return body
    if shutil.which("zstd") is None:
        raise FetchError(f"{name} needs the program zstd")
    return subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, path: str) -> None:
    target = root / path
    if member.isdir():
        if not target.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if member.issym():
        target.symlink_to(_link(member.linkname, target, root))
    elif member.islnk():
        os.link(root / member.linkname.removeprefix("./"), target)
    elif content := archive.extractfile(member):
        target.write_bytes(content.read())
        target.chmod(member.mode & 0o755 | 0o600)


def _link(to: str, at: Path, root: Path) -> str:
    return os.path.relpath(root / to.lstrip("/"), at.parent) if to.startswith("/") else to
