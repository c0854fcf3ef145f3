"""Debian packages by apt, without root and without touching the machine's own package state.

The archive is the one that this machine's apt already uses, or `$RINGLINE_PBX_MIRROR`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from infra.pbx.asterisk.errors import FetchError

_KEYRINGS: Final = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{end}") for end in ("gpg", "pgp"))
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_FIELDS: Final = re.compile(
    r"^(Package|Version|Depends|Pre-Depends|Provides|Filename|Size|SHA256): (.*)$", re.MULTILINE
)
_LIMIT_S: Final = 300


@dataclass(frozen=True, slots=True)
class Package:
    """One package file, pinned.

    Attributes:
        package: Name.
        version: Debian version, with epoch.
        filename: Path in the archive's pool.
        sha256: Checksum of the file, hexadecimal.
        size: Bytes.
    """

    package: str
    version: str
    filename: str
    sha256: str
    size: int


def architecture() -> str | None:
    """Debian's name of this machine's processor; None when no build for it is known."""
    return _ARCHITECTURES.get(platform.machine())


def multiarch() -> str:
    """Debian's folder name for this processor's libraries."""
    return f"{platform.machine()}-linux-gnu"


def mirror() -> str | None:
    """Address of the Debian archive that apt uses here; None when apt knows none."""
    if told := os.environ.get("RINGLINE_PBX_MIRROR"):
        return told
    if shutil.which("apt-get") is None:
        return None
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    found = subprocess.run(asked, capture_output=True, text=True, timeout=_LIMIT_S, check=False).stdout.split()
    return next((uri for uri in found if uri.rstrip("/").endswith("/debian")), None)


class Archive:
    """One suite of the archive, with lists and state of its own under `cache`."""

    def __init__(self, cache: Path, suite: str) -> None:
        self.suite = suite
        self._cache = cache
        self._home = cache / f"apt-{suite}"
        self._updated = False

    def fetch(self, packages: Iterable[Package]) -> list[Path]:
        """The package files, in the order asked; kept under the cache, checked against their checksums each time.

        Raises:
            FetchError: A file cannot be had any more, or is not what its checksum says.
        """
        folder = self._cache / "debs"
        folder.mkdir(parents=True, exist_ok=True)
        files = {package: folder / Path(package.filename).name for package in packages}
        missing = [package for package, file in files.items() if not _is(file, package)]
        if missing:
            self._update()
            with tempfile.TemporaryDirectory(dir=folder) as landing:
                self._apt("download", *(f"{p.package}={p.version}" for p in missing), folder=Path(landing))
                for got in Path(landing).iterdir():
                    got.replace(folder / _pool_name(got.name))
        for package, file in files.items():
            if not _is(file, package):
                raise FetchError(f"{package.filename} is not what the lock says")
        return list(files.values())

    @cached_property
    def index(self) -> Mapping[str, Mapping[str, str]]:
        """What the suite holds now: package name to its fields.

        Raises:
            FetchError: The archive cannot be reached.
        """
        self._update()
        wanted = ("--format", "$(FILENAME)", "Identifier: Packages")
        path = self._apt("indextargets", *wanted).split()[0]
        text = _run(["/usr/lib/apt/apt-helper", "cat-file", path], None)
        stanzas = (dict(_FIELDS.findall(stanza)) for stanza in text.split("\n\n"))
        return {stanza["Package"]: stanza for stanza in stanzas if "Package" in stanza}

    def package(self, name: str) -> Package:
        """The package `name` as the suite serves it now."""
        fields = self.index[name]
        return Package(name, fields["Version"], fields["Filename"], fields["SHA256"], int(fields["Size"]))

    def _update(self) -> None:
        if not self._updated:
            self._apt("update")
            self._updated = True

    def _apt(self, *words: str, folder: Path | None = None) -> str:
        options = [f"-o{key}={value}" for key, value in self._options().items()]
        return _run(["apt-get", *options, "-qq", *words], folder)

    def _options(self) -> dict[str, str]:
        home = self._home
        for name in ("lists/partial", "archives/partial", "preferences.d"):
            (home / name).mkdir(parents=True, exist_ok=True)
        (home / "status").touch()
        (home / "sources.list").write_text(self._source())
        return {
            "Dir::Etc::sourcelist": str(home / "sources.list"),
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": str(home / "preferences.d"),
            "Dir::State::Lists": str(home / "lists"),
            "Dir::State::status": str(home / "status"),
            "Dir::Cache": str(home),
            # Mirrors keep old lists of a moving suite; every file is checked against its signed list or the lock.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "APT::Sandbox::User": "root",
            "Debug::NoLocking": "1",
        }

    def _source(self) -> str:
        address = mirror()
        if address is None:
            raise FetchError("apt knows no Debian archive here")
        ring = next((ring for ring in _KEYRINGS if ring.exists()), None)
        signed = f"[signed-by={ring}] " if ring else ""
        return f"deb {signed}{address} {self.suite} main\n"


def _run(argv: list[str], folder: Path | None) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise FetchError(f"{argv[0]} {argv[-1]}: {done.stderr.strip()[-400:]}")
    return done.stdout


def _is(file: Path, package: Package) -> bool:
    return file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == package.sha256


def _pool_name(downloaded: str) -> str:
    """The pool's file name of what `apt-get download` wrote: the epoch (`1%3a`) is not part of it."""
    name, version, rest = downloaded.split("_", 2)
    return f"{name}_{version.partition('%3a')[2] or version}_{rest}"
