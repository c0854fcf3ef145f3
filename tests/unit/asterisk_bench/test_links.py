"""The bench's AMI client and its relay, against a small AMI of their own on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from infra.pbx.asterisk.ami import AmiClient, AmiError, Fields, parse
from infra.pbx.asterisk.relay import LinkRelay
from tests.support.waiting import eventually

LIST = "Event: Row\r\nActionID: {id}\r\nN: {n}\r\n\r\n"


class SmallAmi:
    """Answers Login, one list and one refusal; hangs up on Bye."""

    def __init__(self) -> None:
        self.seen: list[Fields] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SmallAmi]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                action = parse(await reader.readuntil(b"\r\n\r\n"))
                self.seen.append(action)
                if action["Action"] == "Bye":
                    break
                writer.write(self._answer(action).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def _answer(self, action: Fields) -> str:
        number = action["ActionID"]
        match action["Action"]:
            case "Rows":
                rows = "".join(LIST.format(id=number, n=n) for n in (1, 2))
                head = f"Response: Success\r\nActionID: {number}\r\n\r\nEvent: Noise\r\nX: 1\r\n\r\n"
                return f"{head}{rows}Event: RowsComplete\r\nActionID: {number}\r\nEventList: Complete\r\n\r\n"
            case "Forbidden":
                return f"Response: Error\r\nActionID: {number}\r\nMessage: Permission denied\r\n\r\n"
            case _:
                return f"Response: Success\r\nActionID: {number}\r\n\r\n"


async def test_a_list_is_gathered_while_other_events_pass_by() -> None:
    noise: list[Fields] = []
    async with SmallAmi().listening() as pbx:
        client = await AmiClient.open(pbx.port, "u", "s", events="call", on_event=noise.append)
        assert [row["N"] for row in await client.list("Rows")] == ["1", "2"]
        assert [event["Event"] for event in noise] == ["Noise"]
        await client.close()
    assert (pbx.seen[0]["Username"], pbx.seen[0]["Secret"], pbx.seen[0]["Events"]) == ("u", "s", "call")


async def test_questions_may_cross() -> None:
    async with SmallAmi().listening() as pbx:
        client = await AmiClient.open(pbx.port, "u", "s")
        rows, answer = await asyncio.gather(client.list("Rows"), client.act("Ping"))
        assert (len(rows), answer["Response"]) == (2, "Success")
        await client.close()


async def test_a_refusal_says_why() -> None:
    async with SmallAmi().listening() as pbx:
        client = await AmiClient.open(pbx.port, "u", "s")
        with pytest.raises(AmiError, match="Permission denied"):
            await client.act("Forbidden")
        await client.close()


async def test_a_value_with_line_ends_makes_no_second_action() -> None:
    async with SmallAmi().listening() as pbx:
        client = await AmiClient.open(pbx.port, "u", "s")
        await client.act("Ping", Value="x\r\n\r\nAction: Bye")
        assert [action["Action"] for action in pbx.seen] == ["Login", "Ping"]
        await client.close()


async def test_a_question_that_the_pbx_hangs_up_on_fails_and_so_does_the_next() -> None:
    async with SmallAmi().listening() as pbx:
        client = await AmiClient.open(pbx.port, "u", "s")
        for _ in range(2):
            with pytest.raises(AmiError, match="gone"):
                await client.act("Bye")
        await client.close()


async def test_nobody_listening_is_an_error_of_its_own() -> None:
    async with SmallAmi().listening() as pbx:
        port = pbx.port
    with pytest.raises(AmiError, match="does not listen"):
        await AmiClient.open(port, "u", "s")


@asynccontextmanager
async def relayed() -> AsyncIterator[LinkRelay]:
    async with SmallAmi().listening() as spare:
        port = spare.port
    async with SmallAmi().listening() as pbx:
        relay = LinkRelay(port, pbx.port)
        await relay.open()
        try:
            yield relay
        finally:
            await relay.close()


async def test_the_relay_passes_both_ways_until_it_is_cut_and_again_afterwards() -> None:
    async with relayed() as relay:
        client = await AmiClient.open(relay.port, "u", "s")
        assert len(await client.list("Rows")) == 2
        await relay.drop(0.05)
        with pytest.raises(AmiError):
            await client.act("Ping")
        await client.close()

        async def mended() -> bool:
            try:
                again = await AmiClient.open(relay.port, "u", "s")
            except AmiError:
                return False
            await again.close()
            return True

        await eventually(mended)


async def test_a_second_cut_replaces_the_first() -> None:
    async with relayed() as relay:
        await relay.drop(0.01)
        await relay.drop(3600)
        with pytest.raises(AmiError, match="does not listen"):
            await AmiClient.open(relay.port, "u", "s")
