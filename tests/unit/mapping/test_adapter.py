"""The adapter on real sockets and pipes: the three ways to a feed, log-in, lists, refusals, and what breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ringline_core.domain.facts import CallLegs, Fact, Leg, Snapshot
from ringline_core.errors import (
    CommandError,
    ConfigError,
    PbxAuthError,
    PbxProtocolError,
    PbxUnavailableError,
    RinglineError,
)
from ringline_core.wire.codes import LegState
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters import mapping
from ringline_edge.adapters.mapping.loading import SHIPPED
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.conformance.fakes.ami import server as ami
from ringline_edge.conformance.fakes.ami.server import FakeAsterisk
from tests.support.waiting import eventually

JSONL = (SHIPPED / "jsonl.yaml").read_text()
TOKEN = "s3cret-t0ken"
CALL = {"type": "call", "id": "7", "phone": "1001", "way": "in", "outside": True, "number": "+442071234567"}
Message = dict[str, Any]


def _nothing(_: Message) -> list[Message]:
    return []


class Feed:
    """A PBX that writes JSON lines; it answers by `answers`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.calls: list[Message] = []
        self.writer: asyncio.StreamWriter | None = None
        self.answers: dict[str, Callable[[Message], list[Message]]] = {
            "login": lambda m: [{"type": "reply", "id": m["id"], "ok": m["token"] == TOKEN}],
            "list": lambda _: [{"type": "all", "calls": self.calls, "agents": [], "phones": []}],
            "do": lambda m: [{"type": "reply", "id": m["id"], "ok": True}],
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                message = json.loads(line)
                self.asked.append(message)
                for answer in self.answers.get(message["type"], _nothing)(message):
                    self.tell(answer)
        writer.close()

    def tell(self, message: Message) -> None:
        assert self.writer is not None
        self.writer.write(json.dumps(message).encode() + b"\n")


class Edge:
    """The adapter in a session, and the facts that it told."""

    def __init__(self, settings: Message) -> None:
        self.adapter: PbxAdapter = mapping.create(settings)
        self.facts: list[Fact] = []
        self.running = asyncio.create_task(self.adapter.run(self.facts.append))

    async def ready(self) -> None:
        await eventually(lambda: self.facts or self.running.done())
        if self.running.done():
            await self.running

    async def fault(self) -> RinglineError:
        async with asyncio.timeout(10):
            with pytest.raises(RinglineError) as found:
                await self.running
        return found.value

    def states(self) -> list[LegState]:
        return [fact.state for fact in self.facts if isinstance(fact, Leg) and fact.station]

    def rings(self) -> bool:
        """Told live, or with all that is there."""
        listed = [leg for fact in self.facts if isinstance(fact, Snapshot) for leg in fact.legs]
        return LegState.ALERTING in (*self.states(), *(leg.state for leg in listed))

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@pytest.fixture
async def feed() -> AsyncIterator[tuple[Feed, str]]:
    pbx = Feed()
    server = await asyncio.start_server(pbx.serve, "127.0.0.1", 0)
    yield pbx, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    if pbx.writer is not None:
        pbx.writer.close()


@contextlib.asynccontextmanager
async def edge(**settings: Any) -> AsyncIterator[Edge]:
    joined = Edge(settings)
    try:
        yield joined
    finally:
        await joined.end()


def jsonl(address: str, *, token: str = TOKEN, profile: str = "jsonl") -> Message:
    return {"profile": profile, "hosts": [address], "settings": {"token": token}, "reply_timeout_s": 2}


def changed(folder: Path, *changes: tuple[str, str]) -> str:
    text = JSONL
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file = folder / "changed.yaml"
    file.write_text(text)
    return str(file)


def command(verb: str, **more: Any) -> EdgeCommand:
    given = {"id": "c", "verb": verb, "station": "1001", "deadline_at": "2030-01-01T00:00:00Z", **more}
    return EdgeCommand.model_validate(given)


async def free_port() -> int:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


async def test_the_first_host_that_answers_is_taken(feed: tuple[Feed, str]) -> None:
    pbx, address = feed
    pbx.calls = [{**CALL, "state": "talks"}]
    hosts = [f"127.0.0.1:{await free_port()}", address]
    async with edge(**{**jsonl(address), "hosts": hosts}) as joined:
        await joined.ready()
        (snapshot,) = joined.facts
        assert isinstance(snapshot, Snapshot)
        assert {leg.station: leg.state for leg in snapshot.legs} == {
            "1001": LegState.CONNECTED,
            None: LegState.CONNECTED,
        }
        pbx.tell({**CALL, "state": "holds"})
        await eventually(lambda: joined.states() == [LegState.HOLD])


async def test_nobody_there_and_a_wrong_token_are_told_apart(feed: tuple[Feed, str]) -> None:
    async with edge(**jsonl(f"127.0.0.1:{await free_port()}")) as joined:
        assert isinstance(await joined.fault(), PbxUnavailableError)
    async with edge(**jsonl(feed[1], token="wrong")) as joined:
        assert isinstance(await joined.fault(), PbxAuthError)


async def test_a_wrong_secret_of_ami_is_final() -> None:
    pbx = FakeAsterisk()
    port = await pbx.start()
    login = {"username": ami.USER, "secret": "wrong", "context": "phones"}
    async with edge(profile="ami", hosts=[f"127.0.0.1:{port}"], settings=login) as joined:
        assert isinstance(await joined.fault(), PbxAuthError)
    await pbx.close()


async def come(port: int, **tls: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A PBX connects to the adapter, as soon as that listens."""

    async def tried() -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        try:
            return await asyncio.open_connection("127.0.0.1", port, **tls)
        except OSError:
            return None

    ends = await eventually(tried)
    assert ends is not None
    return ends


async def test_a_pbx_that_comes_to_us_is_served_and_a_second_one_sent_away(tmp_path: Path) -> None:
    pbx, faults = Feed(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    port = await free_port()
    profile = changed(tmp_path, ("transport: tcp", "transport: tcp-server"))
    async with edge(profile=profile, listen=f"127.0.0.1:{port}", settings={"token": TOKEN}) as joined:
        serving = asyncio.create_task(pbx.serve(*await come(port)))
        await joined.ready()
        reader, writer = await come(port)
        writer.write(json.dumps({**CALL, "id": "8", "phone": "1002", "state": "rings"}).encode() + b"\n")
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        pbx.tell({**CALL, "state": "rings"})
        await eventually(lambda: joined.states() == [LegState.ALERTING])
        assert {fact.station for fact in joined.facts if isinstance(fact, Leg)} == {"1001", None}
    await serving
    assert faults == []
    assert [each["type"] for each in pbx.asked] == ["login", "list"]


SIDECAR = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["type"] == "login":
        print(json.dumps({"type": "reply", "id": asked["id"], "ok": True}), flush=True)
    if asked["type"] == "list":
        print(json.dumps({"type": "all", "phones": [{"phone": "1001", "works": True}]}), flush=True)
        print(json.dumps({"type": "call", "id": "7", "phone": "1001", "state": "rings"}), flush=True)
print("over", file=open(sys.argv[1], "w"))
"""


async def test_a_child_process_speaks_json_lines_and_ends_with_the_session(tmp_path: Path) -> None:
    script, over = tmp_path / "sidecar.py", tmp_path / "over"
    script.write_text(SIDECAR)
    profile = changed(tmp_path, ("transport: tcp", "transport: sidecar"))
    sidecar = [sys.executable, str(script), str(over)]
    async with edge(profile=profile, sidecar=sidecar, settings={"token": TOKEN}) as joined:
        await joined.ready()
        await eventually(joined.rings)
    assert over.read_text() == "over\n"


async def test_a_child_process_that_is_not_there_or_ends_is_a_lost_link(tmp_path: Path) -> None:
    profile = changed(tmp_path, ("transport: tcp", "transport: sidecar"))
    for sidecar in (["/nonexistent/sidecar"], [sys.executable, "-c", "pass"]):
        async with edge(profile=profile, sidecar=sidecar, settings={"token": TOKEN}) as joined:
            assert isinstance(await joined.fault(), PbxUnavailableError)


async def test_a_command_is_said_and_its_refusals_have_codes_of_the_contract(feed: tuple[Feed, str]) -> None:
    pbx, address = feed
    pbx.calls = [{**CALL, "state": "talks"}]
    async with edge(**jsonl(address)) as joined:
        await joined.ready()
        legs = CallLegs(("7/1001",))
        await joined.adapter.execute(command("hold", call="c-7"), legs)
        assert {**pbx.asked[-1], "id": ""} == {"type": "do", "id": "", "do": "hold", "phone": "1001", "call": "7"}

        async def refused(error: Message, verb: str = "hold", legs: CallLegs = legs, **more: Any) -> tuple[str, str]:
            pbx.answers["do"] = lambda m: [{"type": "reply", "id": m["id"], "ok": False, **error}]
            with pytest.raises(CommandError) as found:
                await joined.adapter.execute(command(verb, **more), legs)
            return found.value.error_code.value, found.value.text

        assert await refused({"error": "right", "text": "not yours"}, call="c") == ("not_allowed", "not yours")
        assert await refused({"error": "strange"}, call="c") == ("rejected_by_pbx", "The PBX refuses.")
        assert (await refused({"error": "number"}, "place", to="12"))[0] == "number_invalid"
        assert (await refused({}, legs=CallLegs(("9/1001",)), call="c"))[0] == "no_such_call"
        assert (await refused({}, "dtmf", call="c", digits="1"))[0] == "unsupported"
        assert len(pbx.asked) == 6
        with pytest.raises(CommandError) as found:
            await joined.adapter.hold("1001", "ringline:work", in_call=False)
        assert found.value.error_code.value == "unsupported"


async def test_a_pbx_that_does_not_answer_a_command_is_down(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls, pbx.answers["do"] = [{**CALL, "state": "talks"}], lambda _: []
    profile = changed(tmp_path, ("  hold:\n", "  hold:\n    timeout_s: 0.1\n"))
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        with pytest.raises(CommandError) as found:
            await joined.adapter.execute(command("hold", call="c"), CallLegs(("7/1001",)))
        assert found.value.error_code.value == "pbx_down"


async def test_a_silent_link_is_a_lost_one(feed: tuple[Feed, str], tmp_path: Path) -> None:
    profile = changed(tmp_path, ("every_s: 20", "every_s: 0.05"), ("silence_s: 60", "silence_s: 0.2"))
    async with edge(**jsonl(feed[1], profile=profile)) as joined:
        await joined.ready()
        fault = await joined.fault()
        assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX is silent")
    assert [each["type"] for each in feed[0].asked if each["type"] == "ping"]


async def test_what_is_no_message_is_passed_over_and_no_secret_is_logged(
    feed: tuple[Feed, str], caplog: pytest.LogCaptureFixture
) -> None:
    pbx, address = feed
    async with edge(**jsonl(address)) as joined:
        await joined.ready()
        assert pbx.writer is not None
        for _ in range(20):
            pbx.writer.write(b'no json {"number":"+442071234567"}\n\xff\xfe\n')
        pbx.tell({**CALL, "state": "rings"})
        await eventually(lambda: joined.states() == [LegState.ALERTING])
    assert [each.message for each in caplog.records].count("pbx_event_skipped") == 3
    assert TOKEN not in caplog.text
    assert "+442071234567" not in caplog.text


async def test_a_message_over_the_limit_ends_the_session(feed: tuple[Feed, str]) -> None:
    async with edge(**jsonl(feed[1])) as joined:
        await joined.ready()
        assert feed[0].writer is not None
        feed[0].writer.write(b"x" * 400_000)
        assert isinstance(await joined.fault(), PbxProtocolError)


async def test_a_list_that_is_refused_is_not_waited_for(feed: tuple[Feed, str]) -> None:
    pbx, address = feed
    whole = pbx.answers["list"]
    pbx.answers["list"] = lambda m: [{"type": "reply", "id": m["id"], "ok": False, "text": "starting"}]
    async with edge(**{**jsonl(address), "reply_timeout_s": 60}) as joined:
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX refuses to tell what is there: starting")
    pbx.answers["list"] = lambda m: [
        {"type": "reply", "id": "another", "ok": False}, {"type": "reply", "id": m["id"], "ok": True}, *whole(m)
    ]  # fmt: skip
    async with edge(**jsonl(address)) as joined:
        await joined.ready()
        assert isinstance(joined.facts[0], Snapshot)


async def test_after_a_refused_list_calls_begin_and_end_as_before(feed: tuple[Feed, str]) -> None:
    pbx, address = feed
    async with edge(**jsonl(address)) as joined:
        await joined.ready()
        pbx.answers["list"] = lambda m: [{"type": "reply", "id": m["id"], "ok": False}]
        pbx.tell({**CALL, "state": "rings"})
        with pytest.raises(PbxUnavailableError):
            await joined.adapter.snapshot()
        pbx.tell({**CALL, "state": "over"})
        pbx.tell({**CALL, "state": "rings"})
        await eventually(lambda: joined.states() == [LegState.ALERTING] * 3)


async def test_a_call_that_ends_while_the_list_is_on_its_way_does_not_come_back(feed: tuple[Feed, str]) -> None:
    pbx, address = feed
    pbx.calls = [{**CALL, "state": "talks"}]
    async with edge(**jsonl(address)) as joined:
        await joined.ready()
        whole = pbx.answers["list"]
        pbx.answers["list"] = lambda m: [{**CALL, "state": "over"}, *whole(m)]
        assert (await joined.adapter.snapshot()).legs == ()
        pbx.answers["list"] = lambda _: [{**CALL, "id": "8", "state": "rings"}, {"type": "all", "calls": []}]
        assert {leg.station for leg in (await joined.adapter.snapshot()).legs} == {"1001", None}
        assert await joined.adapter.examine("9999") is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"profile": "jsonl", "settings": {"token": "x"}}, "pbx.mapping.hosts: needed"),
        ({"profile": "jsonl", "hosts": ["a:1"]}, "needs token"),
        ({"profile": "jsonl", "hosts": ["a:1"], "settings": {"token": "x", "y": "z"}}, "knows no y"),
        ({"profile": "abacus"}, "no such profile"),
    ],
)
def test_settings_that_do_not_fit_the_profile_are_refused(settings: Message, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        mapping.create(settings)


async def test_answers_without_an_id_come_in_the_order_of_the_requests(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [{**CALL, "state": "talks"}]
    profile = changed(tmp_path, ("replies:\n  id: id\n", "replies:\n"))
    pbx.answers["login"] = lambda _: [{"type": "reply", "ok": True}]
    pbx.answers["do"] = lambda m: [{"type": "reply", "ok": m["do"] == "hold", "error": "right"}]
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        legs = CallLegs(("7/1001",))
        asked = [joined.adapter.execute(command(verb, call="c"), legs) for verb in ("hold", "drop", "hold")]
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in done] == [type(None), CommandError, type(None)]
