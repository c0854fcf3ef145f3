"""Whether a real Asterisk can be had is told beforehand, and a bench that does not come up says why."""

from __future__ import annotations

import platform
import socket
from pathlib import Path

import pytest

from infra.pbx.asterisk import fetch
from infra.pbx.asterisk.bed import Bed, free_ports, ports_at
from infra.pbx.asterisk.errors import StartError
from infra.pbx.asterisk.tree import Asterisk


@pytest.fixture(autouse=True)
def _nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RINGLINE_PBX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RINGLINE_PBX_ASTERISK", raising=False)
    monkeypatch.setattr(fetch, "own_asterisk", lambda: None)
    monkeypatch.setattr(fetch, "mirror", lambda: None)
    monkeypatch.setattr(fetch, "architecture", lambda: "amd64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")


def test_without_asterisk_and_archive_the_reason_is_said() -> None:
    assert "apt knows no Debian archive" in (fetch.available() or "")


def test_other_systems_and_processors_need_an_asterisk_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "architecture", lambda: None)
    assert "not known to run on" in (fetch.available() or "")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "run on Linux only" in (fetch.available() or "")


def test_an_own_asterisk_an_archive_or_an_unpacked_tree_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as own:
        own.setattr(fetch, "own_asterisk", lambda: "/usr/sbin/asterisk")
        assert fetch.available() is None
    with monkeypatch.context() as archive:
        archive.setattr(fetch, "mirror", lambda: "here")
        assert fetch.available() is None
    (tmp_path / "cache" / "root-sid").mkdir(parents=True)
    assert fetch.available() is not None
    (tmp_path / "cache" / "root-sid" / fetch._DONE).write_text("x")
    assert fetch.available() is None


def test_an_installed_asterisk_is_started_with_the_modules_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("sbin", "lib/asterisk/modules", "share/asterisk/documentation"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(fetch, "own_asterisk", lambda: str(tmp_path / "sbin" / "asterisk"))
    found = fetch.asterisk()
    assert found.argv == (str(tmp_path / "sbin" / "asterisk"),)
    assert (found.modules, found.data) == (tmp_path / "lib/asterisk/modules", tmp_path / "share/asterisk")


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    base = free_ports(tmp_path).sip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", base))
        with pytest.raises(StartError, match=f"port {base} of 127.0.0.1 is in use"):
            ports_at(base)
        assert free_ports(tmp_path).sip != base


async def test_an_asterisk_that_ends_at_once_is_a_start_error(tmp_path: Path) -> None:
    bed = Bed(Asterisk(("/bin/false",), tmp_path, tmp_path, "a test"), tmp_path / "state")
    with pytest.raises(StartError, match="ended"):
        await bed.start()
    assert bed.pid is None
    await bed.close()


def test_two_folders_get_blocks_that_do_not_meet(tmp_path: Path) -> None:
    ports = free_ports(tmp_path)
    assert len({ports.sip, ports.trunk, ports.ami, ports.link}) == 4
    assert ports == free_ports(tmp_path)
