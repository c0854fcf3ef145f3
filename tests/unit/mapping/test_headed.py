"""Feeds with headers of bytes, as ECMA-323 has them over TCP: length and number of the request outside of the text."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.mapping import headed, loading, plan
from ringline_edge.adapters.mapping.loading import ProfileError
from ringline_edge.adapters.mapping.protocol import Framer, frame
from tests.unit.mapping.test_adapter import command, edge

PROFILE = """\
name: headed
source: this test
framing:
  kind: header
  size: 8
  at: 2
  width: 2
  includes_header: true
  fields: {invoke: {at: 4, width: 4, form: decimal, send: "{id}"}}
format: xml
replies:
  ids: 9998
  id: {header: invoke}
  ok: {get: name(), equals: Done}
  text: "@why"
session:
  snapshot:
    - send: <List/>
      until: {get: name(), equals: End}
messages:
  - {name: event, when: {header: invoke, equals: 9999}}
  - {name: end, when: {get: name(), equals: End}}
  - {name: alive, when: {get: name(), equals: Ping}, use: {invoke: {header: invoke}}, answer: <Pong/>}
  - {name: reply, when: {get: name(), one_of: [Done, Error]}, reply: true}
events:
  - on: [event, end]
    leg: "@call"
    make: true
    first: {call: "@call", device: "@phone", station: "@phone"}
    set: {state: =connected}
commands:
  hold:
    send: <Hold call="{leg.call}"/>
  swap:
    send: ['<Make call="{leg.call}"/>', '<Take handle="{answer.handle}"/>']
    capture: {handle: "@handle"}
"""


def packed(text: str, invoke: str) -> bytes:
    return struct.pack(">HH", 0, len(text) + 8) + invoke.encode() + text.encode()


class Server:
    """It answers the second request before the first."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.held: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                zero, length, invoke = struct.unpack(">HH4s", await reader.readexactly(8))
                text = (await reader.readexactly(length - 8)).decode()
                assert zero == 0
                self.heard.append((invoke.decode(), text))
                for said in self.answers(invoke.decode(), text):
                    writer.write(said)
        writer.close()

    def answers(self, invoke: str, text: str) -> list[bytes]:
        if text == "<List/>":
            return [packed('<End call="7" phone="201"/>', "9999"), packed("<Ping/>", "4711")]
        if text.startswith("<Make"):
            return [packed('<Done handle="h9"/>', invoke)]
        if text.startswith("<Take"):
            return [packed("<Done/>" if "h9" in text else "<Error/>", invoke)]
        if text.startswith("<Hold"):
            self.held.append(invoke)
            first = self.held[:1] if len(self.held) == 2 else []
            return [packed(f'<Error why="{each}"/>', each) for each in self.held[1:]] + [
                packed("<Done/>", each) for each in first
            ]
        return []


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Server, dict[str, object]]]:
    pbx, file = Server(), tmp_path / "headed.yaml"
    file.write_text(PROFILE)
    listening = await asyncio.start_server(pbx.serve, "127.0.0.1", 0)
    yield pbx, {"profile": str(file), "hosts": [f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"]}
    listening.close()


async def test_answers_find_their_requests_by_the_header(server: tuple[Server, dict[str, object]]) -> None:
    pbx, settings = server
    async with edge(**settings) as joined:
        await joined.ready()
        asked = [joined.adapter.execute(command("hold", station="201", call="c"), CallLegs(("7",))) for _ in "ab"]
        first, second = await asyncio.gather(*asked, return_exceptions=True)
        assert first is None
        assert isinstance(second, CommandError)
        assert second.text == pbx.held[1].lstrip("0") or second.text == pbx.held[1]
        await joined.adapter.execute(command("swap", station="201", call="c"), CallLegs(("7",)))
    assert ("4711", "<Pong/>") in pbx.heard
    assert [text for _, text in pbx.heard[-2:]] == ['<Make call="7"/>', '<Take handle="h9"/>']
    numbers = [invoke for invoke, text in pbx.heard if text != "<Pong/>"]
    assert all(len(each) == 4 and each.isdigit() for each in numbers)
    assert len(set(numbers)) == len(numbers)


async def test_an_answer_that_lacks_what_the_next_message_needs_is_told(
    server: tuple[Server, dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx, settings = server
    usual = pbx.answers
    monkeypatch.setattr(
        pbx, "answers", lambda invoke, text: [packed("<Done/>", invoke)] if "<Make" in text else usual(invoke, text)
    )
    async with edge(**settings) as joined:
        await joined.ready()
        with pytest.raises(CommandError, match=r"answer\.handle is not known") as refused:
            await joined.adapter.execute(command("swap", station="201", call="c"), CallLegs(("7",)))
        assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX


async def test_an_answer_is_known_until_the_next_queue(
    server: tuple[Server, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx, settings = server
    told = iter(['<Done handle="h1"/>', *["<Done/>"] * 4])
    monkeypatch.setattr(
        pbx, "answers",
        lambda invoke, text: [packed('<End call="7" phone="201"/>' if text == "<List/>" else next(told), invoke)],
    )  # fmt: skip
    (tmp_path / "headed.yaml").write_text(
        PROFILE + "  log_on:\n    each: queues\n    capture: {handle: '@handle'}\n"
        "    send: ['<Make q=\"{queue}\"/>', '<Wait/>', '<Take q=\"{queue}\" h=\"{answer.handle}\"/>']\n"
    )
    async with edge(**settings) as joined:
        await joined.ready()
        with pytest.raises(CommandError, match=r"answer\.handle is not known"):
            await joined.adapter.execute(command("log_on", station="201", login="4711", queues=["a", "b"]), CallLegs())
    said = [text for _, text in pbx.heard[1:]]
    assert said == ['<Make q="a"/>', "<Wait/>", '<Take q="a" h="h1"/>', '<Make q="b"/>', "<Wait/>"]


@pytest.mark.parametrize(
    ("form", "width", "value", "field"),
    [
        ("big", 2, 258, b"\1\2"),
        ("little", 2, 258, b"\2\1"),
        ("decimal", 4, 17, b"0017"),
        ("hex", 4, 255, b"00ff"),
        ("text", 4, "ab", b"ab  "),
    ],
)
def test_fields_are_written_and_read(form: str, width: int, value: object, field: bytes) -> None:
    text = PROFILE.replace("width: 4, form: decimal", f"width: {width}, form: {form}")
    known = plan.compiled(*loading.parse(text, "headed.yaml")).profile
    sent = frame(known, "<a/>", {"invoke": value})  # type: ignore[dict-item]
    assert sent[4 : 4 + width] == field
    (message,) = Framer(known).receive_data(sent)
    assert (message, headed.header_of(message)) == ("<a/>", {"invoke": value})


@pytest.mark.parametrize("value", [10_000, "word", -1])
def test_what_does_not_fit_is_not_sent(value: object) -> None:
    known = plan.compiled(*loading.parse(PROFILE, "headed.yaml")).profile
    with pytest.raises((ValueError, OverflowError)):
        frame(known, "<a/>", {"invoke": value})  # type: ignore[dict-item]


def test_a_field_that_is_none_has_no_value() -> None:
    known = plan.compiled(*loading.parse(PROFILE, "headed.yaml")).profile
    (message,) = Framer(known).receive_data(packed("<a/>", "no!!"))
    assert headed.header_of(message) == {"invoke": None}
    # What the PBX wrote wrongly is repeated as nothing, and ends neither the session nor a recording.
    assert frame(known, "<a/>", headed.header_of(message))[4:8] == bytes(4)


@pytest.mark.parametrize("field", [b"-abc", b"\xff\xfe\x01\x02", b"ab  "])
def test_text_of_a_field_is_repeated_as_it_came(field: bytes) -> None:
    text = PROFILE.replace("form: decimal", "form: text")
    known = plan.compiled(*loading.parse(text, "headed.yaml")).profile
    sent = struct.pack(">HH", 0, 12) + field + b"<a/>"
    (message,) = Framer(known).receive_data(sent)
    assert frame(known, message, headed.header_of(message)) == sent


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("at: 4, width: 4", "at: 6, width: 4", "3: framing: the field invoke is not in the header"),
        ("at: 4, width: 4", "at: 3, width: 4", "3: framing: the field invoke is not in the header, or over"),
        ('send: "{id}"', "send: 12345", "9: framing.fields.invoke.send: 12345 does not fit into 4 bytes of decimal"),
        ('send: "{id}"', "send: word", "9: framing.fields.invoke.send: word does not fit into 4 bytes of decimal"),
        ('send: "{id}"', 'send: "{di}"', "9: framing.fields.invoke.send: a constant, or {id} and nothing else"),
        ("ids: 9998", "ids: 10000", "9: framing.fields.invoke.send: an id up to 10000 does not fit into 4 bytes"),
        ("ids: 9998", "ids: text", "9: framing.fields.invoke.send: an id of text, 16 signs, does not fit into 4 bytes"),
        ("kind: header", "kind: newline", "3: framing: the field invoke is not in the header"),
        ("id: {header: invoke}", "id: {header: ref}", "13: replies.id.header: framing.fields has no ref"),
        ("{leg.call}\"/>', '<Take", "{answer.handle}\"/>', '<Take", "35: commands.swap.send.0: no values of that name"),
        ("{answer.handle}", "{answer.grip}", "35: commands.swap.send.1: no values of that name: answer.grip"),
        (
            'capture: {handle: "@handle"}',
            'capture: {handle: "@handle"}\n    reply: false',
            "34: commands.swap: no answer",
        ),
    ],
)
def test_faults_in_it_are_told(good: str, bad: str, told: str) -> None:
    assert good in PROFILE
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(PROFILE.replace(good, bad, 1), "headed.yaml"))
    assert f"headed.yaml:{told}" in str(found.value)
