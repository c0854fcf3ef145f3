"""Which packages Asterisk needs: the lock's, or worked out from what the archive serves now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.pbx.asterisk.apt import Archive, Package
from infra.pbx.asterisk.debs import unpack
from infra.pbx.asterisk.errors import FetchError
from infra.pbx.asterisk.tree import missing_libraries

LOCKS: Final = Path(__file__).parent / "locks"
_ROOTS: Final = ("libc6", "libgcc-s1", "asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm")
_ROUNDS: Final = 12
_NO_LIBRARY: Final = ("-bin", "-common", "-data")
# Libraries whose package is not called after them.
_HOMES: Final = {
    "libcrypto": "libssl",
    "libm": "libc6",
    "libpthread": "libc6",
    "libdl": "libc6",
    "libresolv": "libc6",
    "librt": "libc6",
    "ld-linux": "libc6",
    "libplc4": "libnspr4",
    "libplds4": "libnspr4",
    "libnspr4": "libnspr4",
    "libnssutil3": "libnss3",
    "libicudata": "libicu",
    "libicuuc": "libicu",
    "libxslt": "libxslt1.1",
    "libz": "zlib1g",
    "libtinfo": "libtinfo6",
}


class LockedPackage(BaseModel):
    """One pinned package of a lock file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str
    version: str
    filename: str
    sha256: str
    size: int


class Lock(BaseModel):
    """A lock file: the exact packages of one suite and processor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    arch: str
    packages: tuple[LockedPackage, ...]

    @property
    def pinned(self) -> tuple[Package, ...]:
        """The packages, as the archive takes them."""
        return tuple(Package(**entry.model_dump()) for entry in self.packages)


def read_lock(suite: str, arch: str, folder: Path = LOCKS) -> Lock | None:
    """The lock for a suite and processor; None when there is none.

    Raises:
        FetchError: The file is damaged.
    """
    path = folder / f"{suite}-{arch}.json"
    if not path.exists():
        return None
    try:
        return Lock.model_validate_json(path.read_bytes())
    except ValidationError as err:
        raise FetchError(f"{path.name}: {err.errors()[0]['msg']}") from err


def write_lock(path: Path, suite: str, arch: str, packages: Iterable[Package]) -> None:
    """Write a lock file, packages by name."""
    entries = [
        {"package": p.package, "version": p.version, "filename": p.filename, "sha256": p.sha256, "size": p.size}
        for p in sorted(packages, key=lambda p: p.package)
    ]
    path.write_text(json.dumps({"suite": suite, "arch": arch, "packages": entries}, indent=1) + "\n")


def unpack_locked(archive: Archive, lock: Lock, root: Path) -> tuple[Package, ...]:
    """Unpack what the lock names into `root`; the packages taken.

    Raises:
        FetchError: A file is gone from the archive, or the lock lacks a library.
    """
    for deb in archive.fetch(lock.pinned):
        unpack(deb, root)
    if missing := missing_libraries(root):
        raise FetchError(f"the lock of {lock.suite} lacks {', '.join(missing)}")
    return lock.pinned


def unpack_resolved(archive: Archive, root: Path) -> tuple[Package, ...]:
    """Unpack Asterisk and exactly the libraries that the bench's modules ask for; the packages taken.

    Raises:
        FetchError: The suite has no Asterisk, or nothing in it provides a library.
    """
    if "asterisk" not in archive.index:
        raise FetchError(f"no asterisk in {archive.suite}")
    wanted: Sequence[str] = [name for name in _ROOTS if name in archive.index]
    reachable = closure(archive.index, ["asterisk"])
    taken: list[Package] = []
    for _ in range(_ROUNDS):
        packages = [archive.package(name) for name in wanted]
        for deb in archive.fetch(packages):
            unpack(deb, root)
        taken += packages
        missing = missing_libraries(root)
        if not missing:
            return tuple(taken)
        wanted = next_packages(missing, reachable, {package.package for package in taken})
    raise FetchError(f"{archive.suite}: nothing provides {', '.join(missing)}")


def next_packages(missing: Iterable[str], reachable: Iterable[str], have: set[str]) -> list[str]:
    """Packages to add for the `missing` libraries: those whose names fit, else every library package left."""
    left = [name for name in reachable if name not in have and not name.endswith(_NO_LIBRARY)]
    fitting = {found for library in missing if (found := package_for(library, left))}
    return sorted(fitting) or [name for name in left if name.startswith("lib")]


def package_for(library: str, candidates: Sequence[str]) -> str | None:
    """The package, of `candidates`, that by its name holds the shared library `library`."""
    base = library.split(".so", maxsplit=1)[0]
    home = _HOMES.get(base) or _HOMES.get(base.split("-x86", maxsplit=1)[0])
    if home and (found := next((name for name in candidates if name.startswith(home)), None)):
        return found
    wanted = _stem(library)
    for name in candidates:
        stem = _stem(re.sub(r"t64$", "", name))
        if stem == wanted or (wanted.startswith(stem) and len(stem) > 5):
            return name
    return next((name for name in candidates if _stem(name).startswith(_stem(base))), None)


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\.so\b", "", name.lower()))


def closure(index: Mapping[str, Mapping[str, str]], roots: Iterable[str]) -> list[str]:
    """Every package that `roots` depend on, themselves included, nearest first; first alternatives win."""
    provided = _provided(index)
    seen: list[str] = []
    todo = list(roots)
    while todo:
        wanted = todo.pop(0)
        name = wanted if wanted in index else provided.get(wanted)
        if name and name not in seen:
            seen.append(name)
            todo += [pick for group in _depends(index[name]) if (pick := _first(group, index, provided))]
    return seen


def _provided(index: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    virtual: dict[str, str] = {}
    for name, fields in index.items():
        for provided in re.findall(r"[a-z0-9][a-z0-9+.-]+(?= *(?:\(|,|$))", fields.get("Provides", "")):
            virtual.setdefault(provided, name)
    return virtual


def _depends(fields: Mapping[str, str]) -> list[list[str]]:
    text = ",".join(fields[key] for key in ("Pre-Depends", "Depends") if fields.get(key))
    return [re.findall(r"(?:^|\|)\s*([a-z0-9][a-z0-9+.-]*)", group) for group in text.split(",")]


def _first(group: Sequence[str], index: Mapping[str, Mapping[str, str]], provided: Mapping[str, str]) -> str | None:
    return next((name for name in group if name in index or name in provided), None)
