"""Opening a spool's file: its schema, its durability, and what happens when the file is damaged."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ringline_core.errors import ConfigError

logger = logging.getLogger(__name__)
VERSION = 2
_JOURNAL_BYTES = 32 * 1024 * 1024
"""Size at which the writer itself has to move a journal into its database, and wait for the disk."""

_PAGE_BYTES = 4096


class _UnusableError(Exception):
    """The file is none of ours, or damaged."""


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Keep other processes out of `folder` while the block runs; the lock goes with the process, however it ends.

    Raises:
        ConfigError: Another process is in it, or it cannot be written.
    """
    try:
        lock = (folder / "lock").open("w")
    except OSError as err:
        raise ConfigError(f"{folder}: edge.state_dir: {err.strerror}") from err
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise ConfigError(f"{folder}: edge.state_dir: another ringline-edge runs with it") from err
        yield


def opened(path: Path, schema: str) -> sqlite3.Connection:
    """The database in `path`, made if it is not there; autocommit, WAL with `synchronous=NORMAL`.

    What is committed survives a killed process at once, and a power cut once `sync` returned after it.
    A damaged file, or one of another version, is set aside as `<name>.unusable-<ns>`: the PBX's next snapshot brings
    the live state back, and the file set aside keeps the call records for a human.

    Raises:
        ConfigError: The file cannot be opened or written at all.
    """
    try:
        try:
            return _opened(path, schema)
        except _UnusableError as err:
            aside = _set_aside(path)
            logger.error("spool_unusable", extra={"file": str(path), "aside": str(aside), "reason": str(err)})  # noqa: TRY400
            return _opened(path, schema)
    except (OSError, sqlite3.Error, _UnusableError) as err:
        raise ConfigError(f"{path}: edge.state_dir: the spool cannot be opened: {err}") from err


def sync(path: Path) -> None:
    """Have the disk keep all that was committed to the database in `path`; takes its time, any thread may call it.

    Raises:
        OSError: The disk refuses.
    """
    # Without a journal the database was closed meanwhile, which syncs it. SQLite's own locks are on the database and on
    # the `-shm` file, so that a descriptor of the journal may be closed beside it.
    with suppress(FileNotFoundError), path.with_name(f"{path.name}-wal").open("rb") as journal:
        os.fsync(journal.fileno())


def settle(path: Path) -> None:
    """Move the journal of the database in `path` into it, beside whoever writes; as `sync`, for any thread.

    What the disk refuses stays in the journal, and the next write hears of it.
    """
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _opened(path: Path, schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    try:
        _check(database)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(f"PRAGMA journal_size_limit={_JOURNAL_BYTES}")
        database.execute(f"PRAGMA wal_autocheckpoint={_JOURNAL_BYTES // _PAGE_BYTES}")
        database.executescript(schema)
        database.execute(f"PRAGMA user_version={VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection) -> None:
    try:
        tables = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        sound = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as err:
        raise _UnusableError(str(err)) from err
    if sound != "ok":
        raise _UnusableError(sound)
    if tables and version != VERSION:
        raise _UnusableError(f"version {version}, this program reads {VERSION}")


def _set_aside(path: Path) -> Path:
    stamp = time.time_ns()
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(path.with_name(f"{path.name}.unusable-{stamp}{suffix}"))
    return path.rename(path.with_name(f"{path.name}.unusable-{stamp}"))
