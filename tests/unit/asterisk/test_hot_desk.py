"""Somebody else at a phone: whose phone it is follows the log-on, also over queues that only one of them has."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ringline_core.domain.facts import Agent
from ringline_core.errors import CommandError
from ringline_core.wire.codes import Verb
from tests.unit.asterisk.ami_server import AmiServer, Answer, error, listing
from tests.unit.asterisk.test_adapter import Session, server

__all__ = ["server"]
ANNA = {
    "Event": "QueueMember",
    "Queue": "support",
    "Location": "PJSIP/1001",
    "Interface": "PJSIP/1001",
    "Membership": "dynamic",
    "Paused": "0",
    "PausedReason": "",
    "Penalty": "0",
    "Status": "1",
}


async def in_support(server: AmiServer, add: Answer) -> Session:
    """A session with a PBX that has 1001 in one queue, and answers QueueAdd so."""

    def removed(asked: Mapping[str, str]) -> list[dict[str, str]]:
        server.send({**ANNA, "Event": "QueueMemberRemoved", "Queue": asked["Queue"]})
        return [{"Response": "Success"}]

    server.answers |= {"QueueStatus": listing("QueueStatus", [ANNA]), "QueueRemove": removed, "QueueAdd": add}
    session = Session(server)
    await session.stands()
    return session


async def test_a_takeover_onto_other_queues_is_shown_as_whose_it_is(server: AmiServer) -> None:
    def added(asked: Mapping[str, str]) -> list[dict[str, str]]:
        told = {**ANNA, "Event": "QueueMemberAdded", "Queue": asked["Queue"], "Paused": "1"}
        server.send({**told, "PausedReason": "ringline:agent"})
        return [{"Response": "Success"}]

    session = await in_support(server, added)
    await session.do(Verb.LOG_ON, login="7002", queues=["sales"], name="Ben")
    agents = [fact for fact in session.facts if isinstance(fact, Agent)]
    await session.end()
    assert agents[-1].login == "7002"


async def test_a_takeover_that_the_pbx_refuses_leaves_the_phone_to_who_was_there(server: AmiServer) -> None:
    server.answers["QueuePause"] = error("no")
    session = await in_support(server, error("no such queue"))
    members = session.adapter._translator.members
    members.logs_on("1001", "7001")
    with pytest.raises(CommandError):
        await session.do(Verb.LOG_ON, login="7002", queues=["support", "nowhere"], name="Ben")
    login = members.agent("1001", 9).login
    await session.end()
    assert login == "7001"
