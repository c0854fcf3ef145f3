"""The tape: whole messages only, so much and no more, and never what cannot be read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringline_core.errors import ConfigError
from ringline_edge.config import Config
from ringline_edge.recording import folder
from ringline_edge.recording.ami import AmiRedaction
from ringline_edge.recording.folder import FolderExistsError, RecordingFailedError
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.recorder import Recorded, Wanted, record
from ringline_edge.recording.tape import Tape

MESSAGE = b"Event: Hangup\r\nTimestamp: 1.5\r\nUniqueid: 1.1\r\n\r\n"


def tape(at: Path, limit: int = 1000) -> Tape:
    folder.create(at)
    return Tape(at, AmiRedaction({}, Pseudonyms()), limit_bytes=limit)


def test_half_a_message_is_not_written(tmp_path: Path) -> None:
    made = tape(tmp_path / "t")
    made.heard(MESSAGE + MESSAGE[:20])
    made.close()
    assert (tmp_path / "t" / "in.ami").read_bytes() == MESSAGE
    assert [path.name for path in (tmp_path / "t").iterdir()] == ["in.ami"]


def test_until_it_is_closed_there_is_no_recording(tmp_path: Path) -> None:
    made = tape(tmp_path / "t")
    made.heard(MESSAGE)
    assert list((tmp_path / "t").glob("in.*")) == []
    made.close()


def test_the_limit_ends_it_with_a_whole_message(tmp_path: Path) -> None:
    made = tape(tmp_path / "t", limit=len(MESSAGE) * 2)
    for _ in range(5):
        made.heard(MESSAGE)
    made.close()
    assert (tmp_path / "t" / "in.ami").read_bytes() == MESSAGE * 2
    assert made.over.is_set()
    assert "limit" in made.reason


def test_what_cannot_be_read_cannot_be_redacted_and_ends_it(tmp_path: Path) -> None:
    made = tape(tmp_path / "t")
    made.heard(MESSAGE)
    made.heard(b"x" * 300_000)
    made.heard(MESSAGE)
    made.close()
    assert (tmp_path / "t" / "in.ami").read_bytes() == MESSAGE
    assert "cannot be read" in made.reason


def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tape(tmp_path / "t")
    made.heard(MESSAGE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ringline_edge.recording.tape.os.fsync", full)
    with pytest.raises(RecordingFailedError, match="No space left"):
        made.close()
    assert list((tmp_path / "t").glob("in.*")) == []


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    folder.create(tmp_path / "a" / "b")
    with pytest.raises(FolderExistsError) as told:
        folder.create(tmp_path / "a" / "b")
    assert told.value.code == "recording_exists"
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError):
        folder.create(tmp_path / "file" / "b")


def test_what_is_said_comes_back_with_a_profile_of_the_sites_own(tmp_path: Path) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text("name: mine\n")
    tape(tmp_path / "t").close()
    said = {"pbx": 'a "quoted"\npbx\x7f', "kind": "mapping", "seconds": 1.5, "numbers_kept": True}
    folder.write_meta(tmp_path / "t", said, {"profile": str(profile), "x": {"5000": "sales"}, "y": ["a", "b"]})
    read = folder.read(tmp_path / "t")
    assert read.kind == "mapping"
    assert read.settings == {"profile": str(tmp_path / "t" / "profile.yaml"), "x": {"5000": "sales"}, "y": ["a", "b"]}
    assert (tmp_path / "t" / "profile.yaml").read_text() == "name: mine\n"


@pytest.mark.parametrize(("name", "text"), [("meta.toml", "no = toml ="), ("in.two", "")])
def test_a_folder_that_is_no_recording_is_refused(tmp_path: Path, name: str, text: str) -> None:
    tape(tmp_path / "t").close()
    folder.write_meta(tmp_path / "t", {"kind": "asterisk"}, {})
    (tmp_path / "t" / name).write_text(text)
    with pytest.raises(ConfigError):
        folder.read(tmp_path / "t")


@contextlib.asynccontextmanager
async def serving(first: bytes, then: bytes) -> AsyncIterator[int]:
    """Says something, and something else once it was spoken to."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(first)
            while await reader.read(1024):
                writer.write(then)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def recorded(at: Path, first: bytes, then: bytes = b"", **more: Any) -> Recorded:
    async with serving(first, then) as port:
        table = {"port": port, "username": "u", "secret": "s", "login": "plain", "connect_timeout_s": 1}
        config = Config.model_validate({"version": 1, "pbx": {"kind": "asterisk", "asterisk": table}})
        return await record(Wanted(config, at, at / "t", **more), lambda _: None)


async def test_a_peer_that_speaks_something_else_ends_the_recording(tmp_path: Path) -> None:
    told = await recorded(tmp_path, b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 300_000)
    assert (told.is_whole, told.written) == (False, 0)
    assert "pbx_protocol" in told.reason or "cannot be read" in told.reason
    assert not (tmp_path / "t").exists()


async def test_a_login_that_is_refused_is_told_and_recorded(tmp_path: Path) -> None:
    refusal = (
        b"Asterisk Call Manager/11.0.0\r\nResponse: Error\r\nActionID: q1\r\nMessage: Authentication failed\r\n\r\n"
    )
    told = await recorded(tmp_path, refusal)
    assert (told.is_whole, "pbx_auth_failed" in told.reason) == (False, True)
    assert b"Authentication failed" in (tmp_path / "t" / "in.ami").read_bytes()


async def test_the_limit_ends_a_recording_and_keeps_it(tmp_path: Path) -> None:
    told = await recorded(
        tmp_path, b"Asterisk Call Manager/11.0.0\r\n" + MESSAGE * 9, MESSAGE * 9, limit_bytes=len(MESSAGE) * 10
    )
    assert (told.is_whole, told.written) == (False, len(MESSAGE) * 9)
    assert "limit" in told.reason
    assert (tmp_path / "t" / "meta.toml").exists()
