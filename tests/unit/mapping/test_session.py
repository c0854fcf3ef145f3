"""What a profile may say of a session beyond log-in and lists: captured values, numbered messages, the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import PbxProtocolError
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.mapping import loading, plan
from ringline_edge.adapters.mapping.loading import ProfileError
from tests.support.waiting import eventually
from tests.unit.mapping.test_adapter import CALL, JSONL, TOKEN, Feed, changed, command, edge, feed, jsonl

__all__ = ["feed"]
LOGIN = '    - send: {type: login, id: "{id}", token: "{settings.token}"}\n'
CAPTURE = (LOGIN, f"{LOGIN}      capture: {{ticket: session.id}}\n")
LIST = ('send: {type: list, id: "{id}"}', 'send: {type: list, id: "{id}", ticket: "{session.ticket}"}')
HOLD = ('{type: do, id: "{id}", do: hold,', '{type: do, id: "{id}", ticket: "{session.ticket}", do: hold,')
NUMBERS = ("session:\n", "session:\n  sequence: number\n")


async def test_what_the_login_tells_goes_into_later_messages(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [{**CALL, "state": "talks"}]
    pbx.answers["login"] = lambda m: [{"type": "reply", "id": m["id"], "ok": True, "session": {"id": 4711}}]
    async with edge(**jsonl(address, profile=changed(tmp_path, CAPTURE, LIST, HOLD))) as joined:
        await joined.ready()
        await joined.adapter.execute(command("hold", call="c"), CallLegs(("7/1001",)))
    assert [each.get("ticket") for each in pbx.asked] == [None, "4711", "4711"]


async def test_a_login_that_does_not_tell_it_is_no_session(feed: tuple[Feed, str], tmp_path: Path) -> None:
    async with edge(**jsonl(feed[1], profile=changed(tmp_path, CAPTURE, LIST))) as joined:
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxProtocolError, "the PBX's answer to the login holds no session.ticket")
    assert [each["type"] for each in feed[0].asked] == ["login"]


async def test_the_end_of_a_session_is_told(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    profile = changed(tmp_path, ("session:\n", 'session:\n  logout: {type: bye, id: "{id}"}\n'))
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
    await eventually(lambda: pbx.asked[-1]["type"] == "bye")


async def test_a_message_that_comes_again_says_nothing(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    async with edge(**jsonl(address, profile=changed(tmp_path, NUMBERS))) as joined:
        await joined.ready()
        said = (
            (7, "rings"),
            (8, "talks"),
            (8, "over"),
            (None, "holds"),
            ("x", "talks"),
            ("9" * 5000, "holds"),
            (9, "over"),
        )
        for number, state in said:
            pbx.tell({**CALL, "state": state, "number": number})
        await eventually(lambda: len(joined.states()) == 6)
        holds, talks = LegState.HOLD, LegState.CONNECTED
        assert joined.states() == [LegState.ALERTING, talks, holds, talks, holds, holds]


@pytest.mark.parametrize("number", [9, 6, 0])
async def test_after_a_gap_the_session_begins_anew(feed: tuple[Feed, str], tmp_path: Path, number: int) -> None:
    pbx, address = feed
    async with edge(**jsonl(address, profile=changed(tmp_path, NUMBERS))) as joined:
        await joined.ready()
        pbx.tell({**CALL, "state": "rings", "number": 7})
        pbx.tell({**CALL, "state": "talks", "number": number})
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxProtocolError, f"messages of the PBX are missing between 7 and {number}")
    assert joined.states() == [LegState.ALERTING]


async def test_an_answer_at_once_holds_settings_too(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    alive = '  - {name: alive, when: {get: type, equals: alive}, answer: {type: here, token: "{settings.token}"}}\n'
    async with edge(**jsonl(address, profile=changed(tmp_path, ("messages:\n", f"messages:\n{alive}")))) as joined:
        await joined.ready()
        pbx.tell({"type": "alive"})
        await eventually(lambda: pbx.asked[-1] == {"type": "here", "token": TOKEN})


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        (
            LOGIN,
            f"{LOGIN}      expect: false\n      capture: {{ticket: id}}\n",
            "no answer is waited for",
        ),
        (LOGIN, f"{LOGIN}      capture: {{Ticket: id}}\n", "12: session.login.0.capture.Ticket"),
        (LOGIN, f"{LOGIN}      capture: {{ticket: a..b}}\n", "12: session.login.0.capture.ticket: no JSON path"),
        ("{settings.token}", "{session.ticket}", "11: session.login.0.send: no values of that name: session.ticket"),
        (*LIST, "no values of that name: session.ticket"),
        ("session:\n", "session:\n  logout: bye\n", "10: session.logout: a message of a JSON profile"),
        ("session:\n", "session:\n  sequence: a..b\n", "10: session.sequence: no JSON path"),
    ],
)
def test_faults_in_it_are_told(good: str, bad: str, told: str) -> None:
    assert good in JSONL
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(JSONL.replace(good, bad, 1), "feed.yaml"))
    assert told in str(found.value)
