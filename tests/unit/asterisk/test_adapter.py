"""The adapter against a scripted AMI server: how sessions begin and end, and how commands are asked and answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from ringline_core.domain.facts import CallLegs, Fact, Leg, Snapshot
from ringline_core.errors import CommandError, ConfigError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge import registry
from ringline_edge.adapters.asterisk import adapter as module
from ringline_edge.adapters.asterisk import create
from ringline_edge.adapters.asterisk.adapter import AsteriskAdapter
from ringline_edge.adapters.asterisk.protocol import Message
from tests.support.waiting import eventually
from tests.unit.asterisk.ami_server import KNOWN, SECRET, AmiServer, error, listing, silence, success

STRANGER = "hq-1800000000.7"


def made(server: AmiServer, **more: Any) -> AsteriskAdapter:
    settings = {"port": server.port, "username": "bridge", "secret": SECRET, "connect_timeout_s": 1, **more}
    adapter = create(settings)
    assert isinstance(adapter, AsteriskAdapter)
    return adapter


class Session:
    """A session of an adapter with the server."""

    def __init__(self, server: AmiServer, **more: Any) -> None:
        self.server, self.adapter = server, made(server, **more)
        self.facts: list[Fact] = []
        self.running = asyncio.create_task(self.adapter.run(self.facts.append))

    async def stands(self) -> None:
        await eventually(lambda: bool(self.facts))

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    async def do(self, verb: Verb, **more: Any) -> None:
        told = {"id": "x1", "station": "1001", "deadline_at": datetime.now(UTC), **more}
        await self.adapter.execute(EdgeCommand(verb=verb, **told), CallLegs())

    def sent(self, name: str) -> list[Message]:
        return [each for each in self.server.asked if each["Action"] == name]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AmiServer]:
    made = AmiServer()
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def session(server: AmiServer) -> AsyncIterator[Session]:
    made = Session(server)
    await made.stands()
    yield made
    await made.end()


def newchannel(ident: str, name: str = "PJSIP/1001-00000002", **more: str) -> Message:
    return {"Event": "Newchannel", "Uniqueid": ident, "Linkedid": ident, "Channel": name, "ChannelState": "4", **more}


async def test_a_session_logs_in_looks_around_and_begins_with_one_snapshot(session: Session) -> None:
    expected = ["Challenge", "Login", "CoreSettings", "ListCommands", "Filter", "Events", "QueueStatus"]
    assert session.server.names() == [*expected, "DeviceStateList", "Status", "CoreShowChannels"]
    (first,) = session.facts
    assert isinstance(first, Snapshot)
    assert first.capabilities is not None
    assert first.capabilities[""] == session.adapter.capabilities.default
    assert (session.adapter.identity.kind, session.adapter.identity.version) == ("asterisk", "22.1.0")


def test_a_wrong_setting_is_a_configuration_error_that_names_file_and_key() -> None:
    with pytest.raises(ConfigError, match=r"edge\.toml: pbx\.asterisk.*port"):
        registry.create("asterisk", {"username": "u", "secret": "s", "port": 0}, "edge.toml")


async def test_the_secret_is_never_sent_unless_the_configuration_says_plain(server: AmiServer) -> None:
    for login, expected in (("md5", set()), ("plain", {SECRET})):
        server.asked.clear()
        session = Session(server, login=login)
        await session.stands()
        assert {value for asked in server.asked for value in asked.values()} & {SECRET} == expected
        await session.end()


async def test_a_wrong_secret_is_an_auth_error_after_one_try(server: AmiServer) -> None:
    with pytest.raises(PbxAuthError, match=r"'bridge'.*Authentication failed.*manager.conf"):
        await made(server, secret="wrong").run(lambda _fact: None)
    assert server.logins == 1


async def test_a_list_that_the_user_may_not_ask_for_is_an_auth_error_that_names_it(server: AmiServer) -> None:
    server.answers["CoreShowChannels"] = error("Permission denied")
    with pytest.raises(PbxAuthError, match="CoreShowChannels"):
        await made(server).run(lambda _fact: None)


async def test_a_list_of_a_module_that_is_not_loaded_counts_as_empty(server: AmiServer) -> None:
    del server.answers["QueueStatus"]
    session = Session(server)
    await session.stands()
    await session.end()


async def test_where_nobody_listens_the_pbx_is_unavailable(server: AmiServer) -> None:
    await server.close()
    with pytest.raises(PbxUnavailableError, match=str(server.port)):
        await made(server).run(lambda _fact: None)


async def test_a_peer_that_is_no_asterisk_is_a_protocol_error(server: AmiServer) -> None:
    server.banner = b"HTTP/1.1 400 Bad Request\r\n"
    with pytest.raises(PbxProtocolError):
        await made(server).run(lambda _fact: None)


@pytest.mark.parametrize("quiet", ["Challenge", "Login", "Status"])
async def test_a_pbx_that_does_not_answer_is_unavailable(server: AmiServer, quiet: str) -> None:
    server.answers[quiet] = silence
    with pytest.raises(PbxUnavailableError, match=quiet):
        await made(server, connect_timeout_s=0.1).run(lambda _fact: None)


async def test_a_list_that_does_not_end_is_unavailable(server: AmiServer) -> None:
    server.answers["Status"] = success()
    with pytest.raises(PbxUnavailableError, match="finish Status"):
        await made(server, connect_timeout_s=0.1).run(lambda _fact: None)


async def test_a_link_that_is_cut_ends_the_session(session: Session) -> None:
    session.server.cut()
    with pytest.raises(PbxUnavailableError):
        await session.running
    with pytest.raises(PbxUnavailableError):
        await session.adapter.snapshot()
    with pytest.raises(CommandError) as refused:
        await session.do(Verb.PLACE, to="1002")
    assert refused.value.error_code is ErrorCode.PBX_DOWN


async def test_a_pbx_that_answers_no_ping_is_unavailable(server: AmiServer) -> None:
    session = Session(server, ping_s=0.05, connect_timeout_s=0.1)
    await eventually(lambda: server.names().count("Ping") > 1)
    server.answers["Ping"] = silence
    with pytest.raises(PbxUnavailableError, match="Ping"):
        await session.running


async def test_a_command_that_waits_when_the_link_ends_hears_that_the_pbx_is_down(session: Session) -> None:
    session.server.answers["QueueAdd"] = silence
    asking = asyncio.create_task(session.do(Verb.LOG_ON, queues=("support",)))
    await eventually(lambda: "QueueAdd" in session.server.names())
    session.server.cut()
    with pytest.raises(CommandError) as refused:
        await asking
    assert refused.value.error_code is ErrorCode.PBX_DOWN


async def test_events_that_come_while_the_lists_do_are_taken_in_after_the_snapshot(server: AmiServer) -> None:
    def with_events(_asked: Message) -> list[Message]:
        server.send(newchannel("hq-1800000000.1"), {"Event": "Hangup", "Uniqueid": STRANGER, "Channel": "x"})
        item = {"Event": "CoreShowChannel", "Uniqueid": STRANGER, "Linkedid": STRANGER, "ChannelState": "4"}
        end = {"Event": "CoreShowChannelsComplete"}
        return [{"Response": "Success"}, {**item, "Channel": "PJSIP/1002-00000001"}, end]

    server.answers["CoreShowChannels"] = with_events
    session = Session(server)
    await eventually(lambda: len(session.facts) == 3)
    first, born, ended = session.facts
    assert isinstance(first, Snapshot)
    assert [leg.leg for leg in first.legs] == [STRANGER]
    assert isinstance(born, Leg)
    assert (born.leg, born.state) == ("hq-1800000000.1", LegState.INITIATED)
    assert isinstance(ended, Leg)
    assert ended.ended is not None
    await session.end()


async def test_a_pbx_that_was_still_booting_is_asked_again_when_it_has_booted(session: Session) -> None:
    member = {"Event": "QueueMember", "Queue": "support", "Location": "PJSIP/1001", "Paused": "0"}
    session.server.answers["QueueStatus"] = listing("QueueStatus", [member])
    session.server.send({"Event": "FullyBooted", "Status": "Fully Booted"})
    await eventually(lambda: len(session.facts) == 2)
    again = session.facts[-1]
    assert isinstance(again, Snapshot)
    assert [agent.station for agent in again.agents] == ["1001"]


async def test_what_a_pbx_can_do_once_it_has_booted_counts(server: AmiServer) -> None:
    without_queues = [name for name in KNOWN if not name.startswith("Queue")]
    server.answers["ListCommands"] = success(**dict.fromkeys(without_queues, "..."))
    session = Session(server)
    await session.stands()
    assert Verb.LOG_OFF not in session.adapter.capabilities.of("1001")
    server.answers["ListCommands"] = success(**dict.fromkeys(KNOWN, "..."))
    server.send({"Event": "FullyBooted", "Status": "Fully Booted"})
    await eventually(lambda: len(session.facts) == 2)
    assert Verb.LOG_OFF in session.adapter.capabilities.of("1001")
    again = session.facts[-1]
    assert isinstance(again, Snapshot)
    assert again.capabilities is not None
    assert Verb.LOG_OFF in again.capabilities[""]
    await session.end()


async def test_a_snapshot_asked_for_in_mid_session_is_everything_known_now(session: Session) -> None:
    session.server.send(newchannel(STRANGER))
    await eventually(lambda: len(session.facts) == 2)
    item = {**newchannel(STRANGER), "Event": "CoreShowChannel"}
    session.server.answers["CoreShowChannels"] = listing("CoreShowChannels", [item])
    assert [leg.leg for leg in (await session.adapter.snapshot()).legs] == [STRANGER]


async def test_a_list_item_that_makes_no_sense_ends_the_session_as_a_protocol_error(server: AmiServer) -> None:
    server.answers["QueueStatus"] = listing("QueueStatus", [{"Event": "QueueMember", "Interface": "PJSIP/1001"}])
    with pytest.raises(PbxProtocolError, match="KeyError"):
        await made(server).run(lambda _fact: None)


async def test_a_malformed_event_is_counted_and_the_next_one_is_taken(session: Session) -> None:
    session.server.send({"Event": "Newchannel", "Channel": "PJSIP/1001-1"}, newchannel(STRANGER))
    await eventually(lambda: len(session.facts) == 2)
    assert session.adapter.skipped == 1


async def test_verbs_whose_actions_the_pbx_does_not_list_are_not_offered(server: AmiServer) -> None:
    some = [name for name in KNOWN if name not in ("PJSIPNotify", "Filter", "PlayDTMF")]
    server.answers["ListCommands"] = success(**dict.fromkeys(some, "..."))
    session = Session(server, default_answer="notify")
    await session.stands()
    lost = {Verb.ANSWER, Verb.HOLD, Verb.RESUME, Verb.DTMF}
    assert not lost & session.adapter.capabilities.of("1001")
    assert Verb.PLACE in session.adapter.capabilities.of("1001")
    assert "Filter" not in server.names()
    with pytest.raises(CommandError) as refused:
        await session.do(Verb.HOLD, call="c-1")
    assert refused.value.error_code is ErrorCode.UNSUPPORTED
    await session.end()


async def test_what_the_pbx_refuses_is_told_in_its_own_words(session: Session) -> None:
    session.server.answers["QueueAdd"] = error("Unable to add interface to queue: No such queue")
    with pytest.raises(CommandError, match="No such queue") as refused:
        await session.do(Verb.LOG_ON, queues=("nope",))
    assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX


async def test_when_a_later_action_is_refused_the_earlier_ones_are_taken_back(session: Session) -> None:
    def add(asked: Message) -> list[Message]:
        return [{"Response": "Error", "Message": "No such queue"} if asked["Queue"] == "c" else {"Response": "Success"}]

    session.server.answers["QueueAdd"] = add
    with pytest.raises(CommandError):
        await session.do(Verb.LOG_ON, queues=("a", "b", "c", "d"))
    assert [each["Queue"] for each in session.sent("QueueAdd")] == ["a", "b", "c"]
    assert [each["Queue"] for each in session.sent("QueueRemove")] == ["b", "a"]


async def test_being_there_already_is_no_failure(session: Session) -> None:
    session.server.answers["QueueAdd"] = error("Unable to add interface: Already there")
    await session.do(Verb.LOG_ON, queues=("support",))


async def test_a_placed_call_is_taken_once_its_channel_is_there(session: Session) -> None:
    def originate(asked: Message) -> list[Message]:
        session.server.send(newchannel(asked["ChannelId"], ChannelState="0"))
        return [{"Response": "Success", "Message": "Originate successfully queued"}]

    session.server.answers["Originate"] = originate
    await session.do(Verb.PLACE, to="1002", data={"case": 7})
    await eventually(lambda: len(session.facts) == 2)
    (leg,) = [fact for fact in session.facts if isinstance(fact, Leg)]
    assert (leg.leg, leg.state, leg.dialed, dict(leg.data)) == (
        "ringline-x1",
        LegState.INITIATED,
        "1002",
        {"case": "7"},
    )


async def test_a_placed_call_that_fails_without_a_channel_is_refused(session: Session) -> None:
    def originate(asked: Message) -> list[Message]:
        failure = {"Event": "OriginateResponse", "Response": "Failure", "Reason": "0", "Uniqueid": "<unknown>"}
        return [{"Response": "Success"}, failure]

    session.server.answers["Originate"] = originate
    with pytest.raises(CommandError, match="own phone") as refused:
        await session.do(Verb.PLACE, to="1002")
    assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX


async def test_a_placed_call_of_which_nothing_is_seen_is_left_to_the_proof(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ORIGINATED_S", 0.05)
    await session.do(Verb.PLACE, to="1002")
    assert [each["Exten"] for each in session.sent("Originate")] == ["1002"]


async def test_a_number_with_a_line_break_reaches_no_wire(session: Session) -> None:
    asks = EdgeCommand(id="x1", verb=Verb.PLACE, station="1001", deadline_at=datetime.now(UTC), to="1")
    asks = asks.model_copy(update={"to": "1\r\nAction: Originate\r\nApplication: System"})
    with pytest.raises(CommandError) as refused:
        await session.adapter.execute(asks, CallLegs())
    assert refused.value.error_code is ErrorCode.NUMBER_INVALID
    assert "Originate" not in session.server.names()


async def test_an_agents_own_pause_is_known_again_by_the_reason_that_was_given(session: Session) -> None:
    member = {"Event": "QueueMemberAdded", "Interface": "PJSIP/1001", "Paused": "0"}
    session.server.send({**member, "Queue": "a"}, {**member, "Queue": "b", "Paused": "1", "PausedReason": "training"})
    await eventually(lambda: len(session.facts) == 3)
    await session.do(Verb.SET_STATE, state="not_ready", reason="lunch")
    session.server.send({**member, "Queue": "a", "Event": "QueueMemberPause", "Paused": "1", "PausedReason": "lunch"})
    await eventually(lambda: len(session.facts) >= 4)
    await session.do(Verb.SET_STATE, state="ready")
    asked = [(each["Queue"], each["Paused"], each.get("Reason")) for each in session.sent("QueuePause")]
    assert asked == [("a", "true", "lunch"), ("a", "false", None)]
