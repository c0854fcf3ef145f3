"""The way to the cloud over real sockets: rotation, goodbyes, sizes, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import jwt
import pytest
import pytest_asyncio

from ringline_core.errors import UplinkRefusedError, UplinkUnavailableError
from ringline_edge import identity
from ringline_edge.identity import EdgeIdentity
from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import LogSpool, Record
from ringline_edge.uplink import client
from ringline_edge.uplink.client import Uplink
from ringline_edge.uplink.heard import Heard, Leading, SentAwayError
from ringline_edge.uplink.session import Session
from tests.support import fake_cloud
from tests.support.fake_cloud import FakeCloud
from tests.support.waiting import eventually

NEVER = (3600.0, 3600.0)


@dataclass
class Line:
    """A session with a spool on a way to a fake cloud."""

    cloud: FakeCloud
    live: LiveSpool
    log: LogSpool
    session: Session
    me: EdgeIdentity
    uplink: Uplink
    heard: list[Heard] = field(default_factory=list)
    opened: int = 0
    task: asyncio.Task[None] | None = None
    seq: int = 0

    def start(self, rotate_after_s: tuple[float, float] = NEVER) -> asyncio.Task[None]:
        self.uplink = Uplink(self.session, self.me, rotate_after_s)
        self.uplink.hear = self.heard.append
        self.uplink.on_open = self.welcomed
        self.task = asyncio.create_task(self.uplink.run())
        return self.task

    def welcomed(self) -> None:
        self.opened += 1

    def put(self, station: str, size: int = 0) -> None:
        self.seq += 1
        filler = f',"filler":"{"x" * size}"'
        doc = f'{{"station":"{station}","number":{self.seq}{filler}}}'
        self.live.put([Entry(station, self.seq, doc, (), 0)])
        self.uplink.wake()

    async def number(self, station: str) -> None:
        """The cloud has the newest document of a station."""
        wanted = self.seq
        await self.cloud.until(lambda cloud: cloud.documents.get(station, {}).get("number") == wanted)

    async def ended(self) -> BaseException | None:
        """What it ended with by itself."""
        assert self.task is not None
        await asyncio.wait({self.task}, timeout=10)
        assert self.task.done()
        return self.task.exception()


@pytest_asyncio.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    private, _ = identity.make_key()
    async with fake_cloud.running() as cloud:
        live, log = LiveSpool(tmp_path / "live.db"), LogSpool(tmp_path / "log.db", 1_000_000)
        session = Session("edge-1", "s1", "test", live, log, lambda: 0.5)
        session.lanes.snapshot_ready = True
        me = EdgeIdentity("hq", "edge-1", "k1", "aud", cloud.url, private)
        made = Line(cloud, live, log, session, me, Uplink(session, me))
        session.lanes.known = lambda: tuple(live.entries)
        yield made
        if made.task is not None:
            made.task.cancel()
            await asyncio.gather(made.task, return_exceptions=True)
        live.close()
        log.close()


async def test_a_socket_is_changed_before_its_end_and_no_document_is_lost(line: Line) -> None:
    line.start(rotate_after_s=(0.2, 0.3))
    for round_ in range(30):
        line.put(str(1001 + round_ % 3))
        await line.number(str(1001 + round_ % 3))
        await eventually(lambda wanted=round_ // 10: line.uplink.rotations >= wanted)  # type: ignore[misc]
    await eventually(lambda: len(line.cloud.sockets) <= 2)
    assert line.opened == 1, "the way was never down"
    assert line.heard == [Leading(1)], "the role was kept"
    assert len(line.cloud.sessions) == 1
    assert line.uplink.rotations >= 2
    assert len(line.cloud.said("hello")) == line.cloud.opened


async def test_acks_that_are_on_their_way_on_the_old_socket_are_heard_before_it_goes(line: Line) -> None:
    line.start(rotate_after_s=(0.1, 0.1))
    await line.cloud.whole()
    line.cloud.deaf = True
    line.put("1001")
    await line.cloud.until(lambda cloud: cloud.said("state"))
    (old,) = line.cloud.sockets
    line.cloud.deaf = False
    await eventually(lambda: line.uplink.rotations == 1)
    line.uplink._rotate_at_s += 3600
    frame = line.cloud.said("state")[0]
    await old.send(f'{{"t":"ack","frame":{frame["frame"]},"epoch":1}}')
    await eventually(lambda: not len(line.live))
    await eventually(lambda: line.cloud.sockets and old not in line.cloud.sockets)
    assert len(line.cloud.said("state")) == 1


async def test_a_goodbye_to_the_socket_that_gives_way_is_not_meant_for_us(line: Line) -> None:
    line.start(rotate_after_s=(0.1, 0.1))
    line.cloud.swallow = 1
    line.put("1001")
    await line.cloud.until(lambda cloud: cloud.opened == 2)
    await eventually(lambda: line.uplink.rotations == 1)
    line.uplink._rotate_at_s += 3600
    await line.cloud.sockets[0].send('{"t":"bye","code":4409}')
    await eventually(lambda: len(line.cloud.sockets) == 1)
    line.put("1002")
    await line.number("1002")
    assert line.opened == 1


async def test_a_rotation_that_fails_leaves_the_old_socket_in_service(line: Line) -> None:
    line.start(rotate_after_s=(0.1, 0.1))
    await line.cloud.whole()
    line.cloud.refuse_upgrade = 500
    await eventually(lambda: line.uplink._rotate_at_s > 0 and line.uplink._rotation is not None)
    await eventually(lambda: line.uplink._rotation is None)
    line.put("1001")
    await line.number("1001")
    assert (line.uplink.rotations, line.cloud.opened) == (0, 1)


async def test_a_new_socket_that_is_not_welcomed_is_given_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.start(rotate_after_s=(0.2, 0.2))
    await line.cloud.whole()
    monkeypatch.setattr(client, "HELLO_S", 0.2)
    line.cloud.deaf = True
    await line.cloud.until(lambda cloud: cloud.opened == 2)
    await line.cloud.until(lambda cloud: len(cloud.sockets) == 1)
    line.cloud.deaf = False
    line.put("1001")
    await line.number("1001")
    assert line.uplink.rotations == 0


async def test_a_frame_that_was_too_large_for_the_cloud_is_sent_in_smaller_ones(line: Line) -> None:
    line.cloud.largest = 16_000
    for station in range(1001, 1041):
        line.put(str(station), size=500)
    line.start()
    assert isinstance(await line.ended(), UplinkUnavailableError)
    line.start()
    await line.cloud.until(lambda cloud: len(cloud.documents) == 40)


async def test_a_record_goes_after_the_document_it_depends_on(line: Line) -> None:
    line.cloud.swallow = 1
    line.put("1001")
    line.log.put([Record("c-1", 1, "{}", after_seq=1)])
    line.start()
    await line.cloud.until(lambda cloud: cloud.records)
    kinds = [frame["t"] for frame in line.cloud.heard if frame["t"] in ("state", "records")]
    assert kinds == ["state", "state", "records"]


@pytest.mark.parametrize(
    ("bye", "error", "retry_after_s"),
    [
        ({"code": 4503, "retry_after_ms": 1500}, SentAwayError, 1.5),
        ({"code": 4429}, SentAwayError, 0.0),
        ({"code": 4409}, SentAwayError, 0.0),
        ({"code": 4401}, SentAwayError, 0.0),
        ({"code": 4403}, UplinkRefusedError, None),
        ({"code": 4426}, UplinkRefusedError, None),
    ],
)
async def test_a_goodbye_decides_by_its_code_whether_and_when_we_come_back(
    line: Line, bye: dict[str, int], error: type[Exception], retry_after_s: float | None
) -> None:
    line.start()
    await line.cloud.whole()
    await line.cloud.send({"t": "bye", **bye})
    ended = await line.ended()
    assert type(ended) is error
    assert not isinstance(ended, SentAwayError) or ended.retry_after_s == retry_after_s


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, UplinkRefusedError),
        (403, UplinkRefusedError),
        (429, UplinkUnavailableError),
        (500, UplinkUnavailableError),
    ],
)
async def test_a_refused_upgrade_is_final_only_when_it_is_about_us(
    line: Line, status: int, error: type[Exception]
) -> None:
    line.cloud.refuse_upgrade = status
    line.start()
    assert type(await line.ended()) is error


async def test_a_cloud_that_is_not_there_is_worth_another_try(line: Line) -> None:
    line.me = EdgeIdentity("hq", "edge-1", "k1", "aud", "ws://127.0.0.1:1/", line.me.private_pem)
    line.start()
    assert type(await line.ended()) is UplinkUnavailableError


async def test_a_cloud_that_does_not_answer_hello_is_left(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HELLO_S", 0.1)
    line.cloud.deaf = True
    line.start()
    assert "hello" in str(await line.ended())
    assert line.opened == 0


async def test_a_cloud_that_answers_no_beat_for_a_lease_is_left(line: Line) -> None:
    line.cloud.beat_s, line.cloud.lease_s = 0.05, 0.1
    line.start()
    await line.cloud.whole()
    line.cloud.deaf = True
    assert "answers no more" in str(await line.ended())


async def test_frames_that_are_none_of_the_contract_are_passed_over(line: Line) -> None:
    line.start()
    await line.cloud.whole()
    (socket,) = line.cloud.sockets
    for junk in (
        "no json",
        "[]",
        '{"t":"welcome"}',
        '{"t":"from_a_newer_cloud"}',
        '{"t":"bye","code":"x"}',
        "9" * 5000,
    ):
        await socket.send(junk)
    await socket.send(b"\x00\x01")
    line.put("1001")
    await line.number("1001")
    assert line.session.unknown_frames == 1
    assert line.opened == 1


async def test_documents_and_the_end_of_a_socket_wait_for_no_timer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TURN_S", 3600.0)
    line.start()
    await line.cloud.whole()
    for _ in range(5):
        line.put("1001")
        await line.number("1001")
    await line.cloud.until(lambda cloud: cloud.said("beat"))
    await line.cloud.cut()
    assert type(await line.ended()) is UplinkUnavailableError


async def test_no_compression_is_offered(line: Line) -> None:
    line.start()
    await line.cloud.whole()
    (socket,) = line.cloud.sockets
    assert socket.request is not None
    assert "Sec-WebSocket-Extensions" not in socket.request.headers


async def test_every_socket_is_opened_with_an_assertion_of_its_own(line: Line) -> None:
    now_s = 1_700_000_000.0
    first, second = identity.assertion(line.me, now_s), identity.assertion(line.me, now_s)
    claims = [jwt.decode(each, options={"verify_signature": False}) for each in (first, second)]
    assert claims[0]["jti"] != claims[1]["jti"]
    assert (claims[0]["iss"], claims[0]["sub"], claims[0]["aud"]) == ("hq", "edge-1", "aud")
    assert 0 < claims[0]["exp"] - claims[0]["iat"] <= 60
    assert jwt.get_unverified_header(first) == {"alg": "EdDSA", "kid": "k1", "typ": "JWT"}
