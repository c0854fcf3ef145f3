"""The transport webhook and who is not the PBX, or a PBX gone mad: nothing is taken, grows without end or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import tracemalloc
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from ringline_core.domain.facts import Fact
from ringline_core.domain.model import StationModel
from ringline_core.errors import PbxProtocolError
from ringline_core.wire.codes import LegState
from ringline_core.wire.document import StationDocument
from ringline_edge.adapters.mapping import door, hooks
from tests.support.waiting import eventually
from tests.unit.mapping.hooks import RINGS, SECRET, Pbx, hooked, signed
from tests.unit.mapping.test_adapter import Edge

MUCH = 10 * 1024 * 1024
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def linked(pbx: Pbx) -> Ends:
    host, port = pbx.door.split("/")[2].split(":")
    return await asyncio.open_connection(host, int(port))


async def heard(ends: Ends) -> bytes:
    """All that the adapter says until it ends the link."""
    found = bytearray()
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            while piece := await ends[0].read(65_536):
                found += piece
    ends[1].close()
    return bytes(found)


async def still_serves(pbx: Pbx, edge: Edge) -> None:
    before = len(edge.states())
    assert await pbx.post({**RINGS, "call": "another"}) == (204, "")
    assert len(edge.states()) == before + 1
    assert not edge.running.done()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Pbx, Edge]]:
    async with hooked(tmp_path) as found:
        yield found


async def test_ten_megabytes_are_not_read(world: tuple[Pbx, Edge]) -> None:
    pbx, edge = world
    body = b"x" * MUCH
    tracemalloc.start()
    reader, writer = await linked(pbx)
    head = f"POST /ringline/events HTTP/1.1\r\nHost: x\r\nX-Signature: sha256=0\r\nContent-Length: {MUCH}\r\n\r\n"
    writer.write(head.encode())
    writer.write(body[:100_000])
    assert b"413" in (await heard((reader, writer))).splitlines()[0]

    async def endless() -> AsyncIterator[bytes]:
        for at in range(0, MUCH, 65_536):
            yield body[at : at + 65_536]

    async with aiohttp.ClientSession() as http:
        with contextlib.suppress(aiohttp.ClientError):
            answer = await http.post(pbx.door, data=endless(), headers=signed(body))
            assert (answer.status, await answer.json()) == (413, {"code": "too_large"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MUCH / 2
    await still_serves(pbx, edge)


GARBAGE = (
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}garbage\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"Content-Length: two\r\n\r\n{}",
    b"Content-Length: -2\r\n\r\n{}",
    b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    b"Broken Header\r\n\r\n",
    b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n",
)


@pytest.mark.parametrize("rest", GARBAGE, ids=range(len(GARBAGE)))
async def test_bytes_that_are_no_http_are_refused_and_the_link_ends(world: tuple[Pbx, Edge], rest: bytes) -> None:
    pbx, edge = world
    reader, writer = await linked(pbx)
    proof = signed(b"{}")["X-Signature"].encode()
    writer.write(b"POST /ringline/events HTTP/1.1\r\nHost: x\r\nX-Signature: " + proof + b"\r\n" + rest)
    assert b" 400 " in (await heard((reader, writer))).splitlines()[0]
    await still_serves(pbx, edge)


@pytest.fixture
async def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Pbx, Edge]]:
    monkeypatch.setattr(hooks, "Door", partial(door.Door, patience_s=0.8))
    async with hooked(tmp_path) as found:
        yield found


SLOW = (
    b"",
    b"POST /ringline",
    b"POST /ringline/events HTTP/1.1\r\nHost: x\r\n",
    b"POST /ringline/events HTTP/1.1\r\nHost: x\r\nX-Signature: x\r\nContent-Length: 1000\r\n\r\n",
)


@pytest.mark.parametrize("begin", SLOW, ids=range(len(SLOW)))
async def test_a_post_that_comes_drop_by_drop_is_not_waited_for(hasty: tuple[Pbx, Edge], begin: bytes) -> None:
    pbx, edge = hasty
    reader, writer = await linked(pbx)
    writer.write(begin)

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip()) if begin else None
    said = await heard((reader, writer))
    if dripping is not None:
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert said == b"" or b" 408 " in said.splitlines()[0]
    await still_serves(pbx, edge)


async def test_a_second_post_that_comes_drop_by_drop_is_not_waited_for_either(hasty: tuple[Pbx, Edge]) -> None:
    pbx, edge = hasty
    reader, writer = await linked(pbx)
    body = b'{"event":"alive"}'
    head = f"POST /ringline/events HTTP/1.1\r\nHost: x\r\nX-Signature: {signed(body)['X-Signature']}\r\n"
    writer.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert b" 204 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(b"POST /ringline/ev")
    assert await heard((reader, writer)) == b""
    await still_serves(pbx, edge)


async def test_more_links_than_a_pbx_needs_are_closed_at_once(
    world: tuple[Pbx, Edge], monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx, edge = world
    monkeypatch.setattr(door, "MOST_LINKS", 3)
    kept = [await linked(pbx) for _ in range(3)]
    await eventually(lambda: len(kept) == 3)

    async def one_more() -> bool:
        ends = await linked(pbx)
        ends[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return await heard(ends) == b""

    assert await one_more()
    for _, writer in kept:
        writer.close()
    await eventually(lambda: _serves(pbx))
    await still_serves(pbx, edge)


async def _serves(pbx: Pbx) -> bool:
    try:
        return await pbx.post({"event": "alive"}) == (204, "")
    except aiohttp.ClientError:
        return False


async def test_a_thousand_spoilt_posts_do_no_harm(world: tuple[Pbx, Edge], caplog: pytest.LogCaptureFixture) -> None:
    pbx, edge = world
    chance, codes = random.Random("posts"), set[int]()
    model = StationModel("hq")
    model.lead(1)
    good = json.dumps(RINGS).encode()
    async with aiohttp.ClientSession() as http:
        for number in range(1000):
            body = bytearray(good if number % 3 else json.dumps({**RINGS, "call": f"c{number}"}).encode())
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(body))
                body[at : at + chance.randrange(3)] = chance.choice(
                    [b"", b"\0", b"\xff", b'"', b"{", b"\\ud800", b"9" * 40]
                )
            sent = bytes(body)
            async with http.post(pbx.door, data=sent, headers=signed(sent)) as answer:
                codes.add(answer.status)
                assert answer.status == 204 or (await answer.json())["code"] == "message_invalid"
    assert codes == {204, 400}
    facts: list[Fact] = list(edge.facts)
    for station in {station for fact in facts for station in model.apply(fact).stations}:
        StationDocument.model_validate_json(json.dumps(model.document(station)))
    assert LegState.ALERTING in edge.states()
    assert [each.message for each in caplog.records].count("pbx_event_skipped") == 3
    assert "+442071234567" not in caplog.text
    assert SECRET not in caplog.text
    await still_serves(pbx, edge)


async def test_a_pbx_that_tells_of_calls_without_end_ends_the_session(
    world: tuple[Pbx, Edge], monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx, edge = world
    monkeypatch.setattr("ringline_edge.adapters.mapping.floor.MOST", 4)
    assert [(await pbx.post({**RINGS, "call": f"c{n}"}))[0] for n in range(2)] == [204, 204]
    assert await pbx.post({**RINGS, "call": "c3"}) == (503, "pbx_protocol")
    assert isinstance(await edge.fault(), PbxProtocolError)
