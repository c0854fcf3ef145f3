"""TLS: who is trusted, who is not, and that nothing is said to whom it is not meant for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringline_core.domain.facts import Leg
from ringline_core.errors import ConfigError, PbxUnavailableError
from ringline_core.wire.codes import LegState
from ringline_edge.adapters import mapping
from tests.support.certificates import certificate
from tests.support.waiting import eventually
from tests.unit.mapping.test_adapter import CALL, TOKEN, Feed, Message, changed, come, edge, free_port, jsonl

NAME = "pbx.example"


class Secure:
    """A feed behind TLS, with its certificate."""

    def __init__(self, feed: Feed, address: str, folder: Path, pin: str) -> None:
        self.feed, self.address, self.folder, self.pin = feed, address, folder, pin
        self.ca = str(folder / "ca.pem")


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Secure]:
    folder, pin = certificate(tmp_path, NAME)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    feed = Feed()
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0, ssl=context)
    yield Secure(feed, f"127.0.0.1:{server.sockets[0].getsockname()[1]}", folder, pin)
    server.close()
    if feed.writer is not None:
        feed.writer.close()


async def test_a_pbx_is_trusted_by_its_ca_or_by_its_pin(secure: Secure) -> None:
    for tls in ({"ca_file": secure.ca, "server_name": NAME}, {"pin_sha256": secure.pin.upper()}):
        async with edge(**jsonl(secure.address), tls=tls) as joined:
            await joined.ready()


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ({}, "not trusted"),
        ({"server_name": NAME}, "not trusted"),
        ({"pin_sha256": "0" * 64}, "not the pinned one"),
        ({"ca_file": "ca.pem", "server_name": "other.example"}, "not trusted: Hostname mismatch"),
        ({"ca_file": "ca.pem"}, "not trusted: IP address mismatch"),
    ],
)
async def test_another_one_than_the_pbx_gets_no_password(secure: Secure, tls: Message, reason: str) -> None:
    given = {**tls, **({"ca_file": secure.ca} if "ca_file" in tls else {})}
    async with edge(**jsonl(secure.address), tls=given) as joined:
        fault = await joined.fault()
    assert isinstance(fault, PbxUnavailableError)
    assert secure.address in str(fault)
    assert reason in str(fault)
    assert secure.feed.asked == []


async def test_the_next_host_is_tried_after_one_that_is_not_trusted(secure: Secure, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    folder, _ = certificate(tmp_path / "other", NAME)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    false = Feed()
    async with await asyncio.start_server(false.serve, "127.0.0.1", 0, ssl=context) as server:
        hosts = [f"127.0.0.1:{server.sockets[0].getsockname()[1]}", secure.address]
        async with edge(**{**jsonl(""), "hosts": hosts}, tls={"pin_sha256": secure.pin}) as joined:
            await joined.ready()
    assert false.asked == []


async def test_a_pbx_that_speaks_in_the_clear_hears_nothing_in_the_clear() -> None:
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(65_536))
        writer.write(b'{"type":"reply","ok":true}\n')
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with edge(**jsonl(address), tls={}) as joined:
            assert isinstance(await joined.fault(), PbxUnavailableError)
    assert heard.startswith(b"\x16\x03")
    assert b"login" not in heard
    assert TOKEN.encode() not in heard


async def served(profile: str, port: int, **tls: str) -> Message:
    return {"profile": profile, "listen": f"127.0.0.1:{port}", "settings": {"token": TOKEN}, "tls": tls}


async def test_a_pbx_that_comes_to_us_by_tls_is_served_and_one_without_is_not(tmp_path: Path) -> None:
    folder, _ = certificate(tmp_path, NAME)
    both, port, pbx = str(folder / "both.pem"), await free_port(), Feed()
    profile = changed(tmp_path, ("transport: tcp", "transport: tcp-server"))
    async with edge(**await served(profile, port, cert_file=both, key_file=both)) as joined:
        reader, writer = await come(port)
        writer.write(json.dumps({**CALL, "state": "rings"}).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            assert b"login" not in await reader.read()
        writer.close()
        ours = ssl.create_default_context(cafile=folder / "ca.pem")
        serving = asyncio.create_task(pbx.serve(*await come(port, ssl=ours, server_hostname=NAME)))
        await joined.ready()
        assert [fact for fact in joined.facts if isinstance(fact, Leg)] == []
        pbx.tell({**CALL, "state": "rings"})
        await eventually(lambda: joined.states() == [LegState.ALERTING])
    await serving


async def test_with_a_ca_only_a_pbx_with_a_certificate_of_it_may_come(tmp_path: Path) -> None:
    folder, _ = certificate(tmp_path, NAME)
    both, ca, port, stranger, pbx = str(folder / "both.pem"), str(folder / "ca.pem"), await free_port(), Feed(), Feed()
    profile = changed(tmp_path, ("transport: tcp", "transport: tcp-server"))
    async with edge(**await served(profile, port, cert_file=both, key_file=both, ca_file=ca)) as joined:
        nobody = ssl.create_default_context(cafile=ca)
        with contextlib.suppress(OSError):
            await stranger.serve(*await come(port, ssl=nobody, server_hostname=NAME))
        assert stranger.asked == []
        known = ssl.create_default_context(cafile=ca)
        known.load_cert_chain(both)
        serving = asyncio.create_task(pbx.serve(*await come(port, ssl=known, server_hostname=NAME)))
        await joined.ready()
    await serving


@pytest.mark.parametrize(
    ("transport", "tls", "told"),
    [
        ("tcp", {"ca_file": "/nonexistent/ca.pem"}, "tls.ca_file: /nonexistent/ca.pem holds no certificates"),
        ("tcp", {"ca_file": __file__}, "tls.ca_file: .* holds no certificates"),
        ("tcp", {"cert_file": __file__, "key_file": __file__}, "are no certificate and its key"),
        ("tcp-server", {}, "tls.cert_file, tls.key_file: needed"),
        ("tcp-server", {"pin_sha256": "0" * 64, "server_name": "x"}, "pin_sha256, server_name mean nothing"),
        ("sidecar", {"server_name": "x"}, "server_name mean nothing for the transport sidecar"),
        ("tcp", {"cert_file": __file__}, "cert_file and key_file belong together"),
        ("tcp", {"pin_sha256": "12"}, "64 hexadecimal digits"),
    ],
)
def test_tls_that_cannot_be_is_refused_before_anything_is_said(
    tmp_path: Path, transport: str, tls: Message, told: str
) -> None:
    profile = changed(tmp_path, ("transport: tcp", f"transport: {transport}"))
    where = {"hosts": ["a:1"], "listen": "127.0.0.1:1", "sidecar": ["x"]}
    with pytest.raises((ConfigError, ValueError), match=told):
        mapping.create({"profile": profile, "settings": {"token": TOKEN}, "tls": tls, **where})
