"""An Asterisk to start: the machine's own, or one unpacked from Debian's packages into a cache. No root needed.

`python -m infra.pbx.asterisk.fetch SUITE` writes the lock of a suite anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.pbx.asterisk.apt import Archive, architecture, mirror
from infra.pbx.asterisk.errors import BenchError, FetchError
from infra.pbx.asterisk.modules import MODULES
from infra.pbx.asterisk.outside import HOST
from infra.pbx.asterisk.resolve import LOCKS, read_lock, unpack_locked, unpack_resolved, write_lock
from infra.pbx.asterisk.tree import Asterisk, describe, finish, module_folder

SUITES: Final = ("sid", "bullseye")  # the first has the current Asterisk, the second never changes
# A tree that was fetched for other modules may lack libraries of these.
_DONE: Final = f".complete-{hashlib.sha256(' '.join(MODULES).encode()).hexdigest()[:8]}"

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where fetched packages are kept: `$RINGLINE_PBX_CACHE`, else under `~/.cache`."""
    told = os.environ.get("RINGLINE_PBX_CACHE")
    return Path(told) if told else Path.home() / ".cache" / "ringline-pbx"


def own_asterisk() -> str | None:
    """Path of an Asterisk installed on this machine, or `$RINGLINE_PBX_ASTERISK`; None when there is none."""
    if told := os.environ.get("RINGLINE_PBX_ASTERISK"):
        return told
    return shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")


def available() -> str | None:
    """Why a real Asterisk cannot run here, in one sentence; None when it can (as far as one can tell beforehand)."""
    if not _has_second_loopback():
        return f"{HOST}, where the bench plays the outside world, is no address of this machine"
    if own_asterisk():
        return None
    if platform.system() != "Linux":
        return "no asterisk on PATH, and Debian's packages run on Linux only"
    if any((cache_folder() / f"root-{suite}" / _DONE).exists() for suite in SUITES):
        return None
    if architecture() is None:
        return f"no asterisk on PATH, and Debian's packages are not known to run on {platform.machine()}"
    if mirror() is None:
        return "no asterisk on PATH, and apt knows no Debian archive here to fetch one from"
    return None


def _has_second_loopback() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, 0))
        except OSError:
            return False
    return True


def asterisk() -> Asterisk:
    """An Asterisk to start; fetched and unpacked if need be (two seconds), else from the cache.

    Raises:
        FetchError: None can be had; the text lists what was tried.
    """
    if own := own_asterisk():
        return _installed(Path(own))
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / ".lock"):
        return _cached(cache)


def _installed(program: Path) -> Asterisk:
    for prefix in (program.parent.parent, Path("/usr"), Path("/usr/local")):
        with contextlib.suppress(FetchError):
            modules = module_folder(prefix)
            shared = (prefix / "share" / "asterisk", Path("/var/lib/asterisk"))
            data = next((folder for folder in shared if (folder / "documentation").is_dir()), shared[-1])
            return Asterisk((str(program),), modules, data, "installed here")
    raise FetchError(f"{program} has no folder of modules that could be found")


def _cached(cache: Path) -> Asterisk:
    tried: list[str] = []
    for suite in SUITES:
        root = cache / f"root-{suite}"
        if (root / _DONE).exists():
            return describe(root, (root / _DONE).read_text().strip())
        for by_lock in (True, False):
            try:
                return _unpacked(cache, suite, by_lock=by_lock)
            except (BenchError, OSError) as err:
                tried.append(f"{suite} by {'lock' if by_lock else 'index'}: {err}")
                logger.warning("could not use %s", tried[-1])
    raise FetchError("no Asterisk can be had: " + "; ".join(tried))


def _unpacked(cache: Path, suite: str, *, by_lock: bool) -> Asterisk:
    arch = architecture()
    if arch is None:
        raise FetchError(f"no Debian build is known for {platform.machine()}")
    lock = read_lock(suite, arch) if by_lock else None
    if by_lock and lock is None:
        raise FetchError("there is no lock")
    archive = Archive(cache, suite)
    with tempfile.TemporaryDirectory(prefix=f".{suite}-", dir=cache) as folder:
        fresh = Path(folder) / "root"
        fresh.mkdir()
        taken = unpack_locked(archive, lock, fresh) if lock else unpack_resolved(archive, fresh)
        finish(fresh)
        version = next(package.version for package in taken if package.package == "asterisk")
        (fresh / _DONE).write_text(f"{version} from {suite} by {'lock' if lock else 'index'}\n")
        root = cache / f"root-{suite}"
        shutil.rmtree(root, ignore_errors=True)
        fresh.replace(root)
    return describe(root, (root / _DONE).read_text().strip())


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock between processes: of two installs at once the second waits and finds it done."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(suite: str) -> None:
    """Write the lock of `suite` from what the archive serves now."""
    arch = architecture()
    if arch is None:
        raise FetchError(f"no Debian build is known for {platform.machine()}")
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        taken = unpack_resolved(Archive(cache, suite), Path(folder))
    write_lock(LOCKS / f"{suite}-{arch}.json", suite, arch, taken)


if __name__ == "__main__":
    main(sys.argv[1])
