"""The spool's files: damage, limits, and disks that refuse."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringline_core.errors import ConfigError, SpoolFullError
from ringline_edge.spool import files
from ringline_edge.spool.commands import KEPT_MS, CommandSpool
from ringline_edge.spool.files import VERSION
from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import REFUSED_KEPT, LogSpool, Record


def entry(station: str = "1001", seq: int = 1, *rang: str) -> Entry:
    return Entry(station, seq, f'{{"seq":{seq}}}', rang, 0)


def record(number: int, version: int = 1, body: str = "{}", after_seq: int = 0) -> Record:
    return Record(f"c-{number}", version, body, after_seq)


def refusing(spool: LiveSpool | LogSpool | CommandSpool, refuses: bool = True) -> None:
    """The disk takes nothing (or takes again): SQLite's own switch for it."""
    spool._db.execute(f"PRAGMA query_only={'ON' if refuses else 'OFF'}")


def junk(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def cut_off(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + b"\0" * 512)


def other_version(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version={VERSION + 1}")
    database.close()


def foreign(path: Path) -> None:
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE other (x)")
    database.close()


@pytest.mark.parametrize("damage", [junk, cut_off, other_version, foreign])
def test_a_file_that_cannot_be_used_is_set_aside_and_the_service_begins_anew(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "live.db"
    spool = LiveSpool(path)
    spool.put([entry(str(station), station) for station in range(1, 200)])
    spool.close()
    damage(path)
    again = LiveSpool(path)
    assert len(again) == 0
    again.put([entry()])
    again.close()
    assert len(list(tmp_path.glob("live.db.unusable-*"))) == 1
    assert [each.message for each in caplog.records] == ["spool_unusable"]


@pytest.mark.parametrize("spool", [LiveSpool, CommandSpool, lambda path: LogSpool(path, 1000)])
def test_a_folder_that_is_not_there_is_a_config_error_that_names_the_file(
    tmp_path: Path, spool: Callable[[Path], Any]
) -> None:
    with pytest.raises(ConfigError, match=r"nowhere/x\.db: edge\.state_dir"):
        spool(tmp_path / "nowhere" / "x.db")


def test_documents_survive_a_process_that_ended_without_closing(tmp_path: Path) -> None:
    spool = LiveSpool(tmp_path / "live.db")
    spool.put([entry("1001", 1, "c-1"), entry("1002", 2)])
    spool.put([entry("1001", 3, "c-2")])
    spool.acked("1002", 2)
    shutil.copytree(tmp_path, tmp_path / "killed")
    again = LiveSpool(tmp_path / "killed" / "live.db")
    assert again.entries == {"1001": entry("1001", 3, "c-1", "c-2")}
    assert (again.newest_seq, again.oldest_seq) == (3, 3)
    again.close()
    spool.close()


def test_a_record_survives_a_process_that_ended_without_closing_or_syncing(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([record(1)])
    shutil.copytree(tmp_path, tmp_path / "killed")
    again = LogSpool(tmp_path / "killed" / "log.db", 10_000)
    assert again.oldest(10) == [record(1)]
    again.close()
    spool.close()


def test_a_sync_is_of_the_file_that_holds_what_was_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("os.fsync", lambda number: synced.append(Path(f"/proc/self/fd/{number}").readlink()))
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([record(1, body="x" * 5000)])
    spool.sync()
    assert synced == [tmp_path / "log.db-wal"]
    assert b"x" * 3000 in synced[0].read_bytes()
    spool.close()
    spool.sync()
    assert len(synced) == 1, "a database that was closed is on the disk"


def test_a_journal_is_settled_beside_an_open_transaction_and_nothing_is_lost(tmp_path: Path) -> None:
    spool = LiveSpool(tmp_path / "live.db")
    spool.put([entry("1001", 1)])
    spool._db.execute("BEGIN IMMEDIATE")
    files.settle(tmp_path / "live.db")
    spool._db.execute("COMMIT")
    spool.put([entry("1002", 2)])
    (tmp_path / "killed").mkdir()
    shutil.copy(tmp_path / "live.db", tmp_path / "killed")
    settled = LiveSpool(tmp_path / "killed" / "live.db")
    assert set(settled.entries) == {"1001"}, "what was in the journal is in the database, without the journal"
    settled.close()
    assert set(spool.entries) == {"1001", "1002"}
    spool.close()


def test_a_journal_that_cannot_be_settled_is_left_for_the_next_write_to_tell(tmp_path: Path) -> None:
    files.settle(tmp_path / "nowhere" / "live.db")
    assert not list(tmp_path.iterdir())


def test_an_ack_of_an_older_document_frees_nothing(tmp_path: Path) -> None:
    spool = LiveSpool(tmp_path / "live.db")
    spool.put([entry("1001", 2)])
    spool.acked("1001", 1)
    assert "1001" in spool.entries
    spool.close()


def test_a_document_that_gave_way_still_holds_back_what_depends_on_it(tmp_path: Path) -> None:
    spool = LiveSpool(tmp_path / "live.db")
    spool.put([entry("1001", 1)])
    spool.put([entry("1001", 2)])
    assert spool.oldest_seq == 1
    spool.put([entry("1001", 3)])
    spool.acked("1001", 1)
    assert spool.oldest_seq == 2, "2 gave way to 3, which the cloud does not have"
    spool.acked("1001", 3)
    assert spool.oldest_seq is None
    spool.close()


def test_a_refusing_disk_costs_durability_not_service(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = LiveSpool(tmp_path / "live.db")
    refusing(spool)
    spool.put([entry("1001", 1)])
    spool.put([entry("1002", 2)])
    assert set(spool.entries) == {"1001", "1002"}
    assert spool.failures == 2
    assert [each.message for each in caplog.records] == ["spool_write_failed"]
    refusing(spool, False)
    spool.put([entry("1003", 3)])
    spool.close()
    again = LiveSpool(tmp_path / "live.db")
    assert set(again.entries) == {"1001", "1002", "1003"}
    again.close()


def test_a_full_log_refuses_the_new_and_keeps_the_old(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 100)
    spool.put([record(1, body="x" * 60)])
    with pytest.raises(SpoolFullError):
        spool.put([record(2, body="y" * 60)])
    assert [each.call for each in spool.oldest(10)] == ["c-1"]
    spool.acked(spool.oldest(10))
    assert spool.waiting_bytes == 0
    spool.put([record(2, body="y" * 60)])
    assert [each.call for each in spool.oldest(10)] == ["c-2"]
    spool.close()


def test_a_higher_version_replaces_a_lower_one_and_never_the_other_way_round(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([record(1, version=2, body="two")])
    spool.put([record(1, version=1, body="one")])
    assert spool.oldest(10) == [record(1, version=2, body="two")]
    spool.acked([record(1, version=1)])
    assert len(spool) == 1
    spool.close()


def test_records_wait_for_documents_of_this_run_only(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([record(1, after_seq=5), record(2, after_seq=9)])
    assert [each.call for each in spool.oldest(10, before_seq=6)] == ["c-1"]
    spool.close()
    again = LogSpool(tmp_path / "log.db", 10_000)
    assert [each.call for each in again.oldest(10, before_seq=1)] == ["c-1", "c-2"]
    again.close()


def test_a_disk_that_refuses_a_new_record_is_told_as_a_full_spool(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    refusing(spool)
    with pytest.raises(SpoolFullError):
        spool.put([record(1)])
    assert (len(spool), spool.waiting_bytes) == (0, 0)
    spool.close()


@pytest.mark.parametrize("done", [LogSpool.acked, lambda spool, records: spool.refuse(records[0], "too_large")])
def test_what_a_refusing_disk_cannot_delete_is_not_sent_again_at_once(
    tmp_path: Path, done: Callable[[LogSpool, list[Record]], None]
) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([record(1), record(2)])
    refusing(spool)
    done(spool, [record(1)])
    assert [each.call for each in spool.oldest(1)] == ["c-2"]
    assert spool.failures == 1
    refusing(spool, False)
    spool.acked([record(2)])
    assert (len(spool), spool.oldest(10)) == (0, [])
    spool.close()


def test_refused_records_are_kept_for_a_human_up_to_a_limit(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000_000)
    for number in range(REFUSED_KEPT + 5):
        spool.put([record(number)])
        spool.refuse(record(number), "message_invalid")
    assert spool.refused == REFUSED_KEPT
    assert len(spool) == 0
    spool.close()


def test_a_postponed_record_lets_the_others_go_first(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([record(1), record(2)])
    spool.postpone(record(1))
    assert [each.call for each in spool.oldest(10)] == ["c-2", "c-1"]
    spool.close()


def test_records_of_before_a_moment_can_be_forgotten(tmp_path: Path) -> None:
    spool = LogSpool(tmp_path / "log.db", 10_000)
    spool.put([Record("c-1", 1, "{}", at_ms=5), Record("c-2", 1, "{}", at_ms=9)])
    assert spool.forget_before(9) == 1
    assert [each.call for each in spool.oldest(10)] == ["c-2"]
    spool.close()


def test_a_command_id_is_known_for_a_day_over_restarts(tmp_path: Path) -> None:
    spool = CommandSpool(tmp_path / "commands.db")
    assert spool.begin("x1", 1_000)
    spool.store("x1", "sent", final=False)
    spool.close()
    again = CommandSpool(tmp_path / "commands.db")
    assert not again.begin("x1", 1_000 + KEPT_MS)
    assert again.result("x1") == "sent"
    assert again.begin("x1", 1_001 + KEPT_MS)
    assert again.result("x1") is None
    again.close()


def test_only_a_final_result_counts_as_told(tmp_path: Path) -> None:
    spool = CommandSpool(tmp_path / "commands.db")
    spool.begin("x1", 1)
    spool.store("x1", "sent", final=False)
    spool.told("x1")
    assert [each.id for each in spool.untold()] == ["x1"]
    spool.store("x1", "confirmed", final=True)
    spool.told("x1")
    assert not spool.untold()
    spool.close()


def test_commands_are_not_done_twice_though_the_disk_refuses(tmp_path: Path) -> None:
    spool = CommandSpool(tmp_path / "commands.db")
    refusing(spool)
    assert spool.begin("x1", 1)
    assert not spool.begin("x1", 2)
    assert spool.result("x1") is None
    spool.store("x1", "confirmed", final=True)
    assert spool.result("x1") == "confirmed"
    assert spool.failures > 0
    spool.close()
