"""A PBX that speaks first, and one that wants its own words back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ringline_core.errors import PbxUnavailableError
from ringline_edge.adapters.mapping import loading, plan
from ringline_edge.adapters.mapping.loading import ProfileError
from tests.unit.mapping.test_adapter import edge

PROFILE = """\
name: greets
source: this test
framing: newline
format: plain
between: ";"
settings: [word]
session:
  login:
    - {capture: {salt: SALT=}, timeout_s: 5}
    - send: LOGIN;SALT={session.salt};WORD={settings.word}
replies: {ok: {get: 1-2, one_of: [HI, OK]}}
messages:
  - {name: reply, when: {get: 1-2, one_of: [HI, OK, NO]}, reply: true}
  - {name: ping, when: {get: 1-4, equals: PING}, ignore: true, answer: "PONG;NR={nr}", use: {nr: NR=}}
"""


async def test_what_the_pbx_says_first_and_asks_again_is_given_back(tmp_path: Path) -> None:
    heard = list[bytes]()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HI;SALT=8f3a\n")
        heard.append(await reader.readline())
        writer.write(b"OK\nPING;NR=42\n")
        heard.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    path = tmp_path / "greets.yaml"
    path.write_text(PROFILE)
    hosts = [f"127.0.0.1:{server.sockets[0].getsockname()[1]}"]
    async with edge(profile=str(path), hosts=hosts, settings={"word": "open"}) as joined:
        assert isinstance(await joined.fault(), PbxUnavailableError)
    server.close()
    assert heard == [b"LOGIN;SALT=8f3a;WORD=open\n", b"PONG;NR=42\n"]


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("    - send: LOGIN", "    - {timeout_s: 5}\n    - send: LOGIN", "10: session.login.1: send is missing"),
        ("timeout_s: 5}", "expect: false}", "9: session.login.0: needs something to send"),
        (', answer: "PONG;NR={nr}"', "", "14: messages.1: use is for an answer"),
        ("{nr}", "{no}", "14: messages.1.answer: no values of that name: no"),
        ("NR=}", "NR}", "14: messages.1.use.nr: no path in plain text"),
    ],
)
def test_faults_in_it_are_told(good: str, bad: str, told: str) -> None:
    assert good in PROFILE
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(PROFILE.replace(good, bad, 1), "greets.yaml"))
    assert f"greets.yaml:{told}" in str(found.value)
