"""Sessions: who may come in, what is up already, and what a lost link costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge.adapters.freeswitch import adapter as shell
from ringline_edge.adapters.freeswitch import create
from ringline_edge.conformance.fakes.freeswitch.channels import Chan
from ringline_edge.conformance.fakes.freeswitch.server import CALLER, FakeFreeswitch
from tests.support.fakes.freeswitch_world import World
from tests.support.waiting import eventually


async def outcome(pbx_port: int, password: str = "ClueCon", **settings: object) -> BaseException:
    made = create({"port": pbx_port, "password": password, "connect_timeout_s": 0.5, **settings})
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        async with asyncio.timeout(5):
            await made.run(lambda _fact: None)
    return caught.value


async def test_a_wrong_password_is_final_and_is_not_told(pbx: FakeFreeswitch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        err = await outcome(pbx.port, password="wrong-s3cret")
    assert isinstance(err, PbxAuthError)
    assert "s3cret" not in str(err) + caplog.text
    assert pbx.links == 0


async def test_a_user_of_the_directory_logs_in_with_its_own_password(pbx: FakeFreeswitch) -> None:
    pbx.user = "ringline@pbx.example"
    world = World(pbx, user=pbx.user)
    await eventually(lambda: "1001" in world.model.stations)
    await world.end()
    err = await outcome(pbx.port, user="other@pbx.example")
    assert isinstance(err, PbxAuthError)
    assert "'other@pbx.example'" in str(err)


@pytest.mark.parametrize(
    "settings",
    [
        {"user": "nobody"},
        {"user": "a@b:c"},
        {"password": "a\nbgapi x"},
        {"dial": "user/{station} &park"},
        {"dial": "user/{nobody}"},
        {"agent": "{station}@a b"},
        {"context": "default;x"},
        {"station": "("},
        {"station": "1001"},
        {"data_prefix": "Cti,"},
        {"conference": "a b"},
        {"unknown": 1},
    ],
)
def test_settings_that_would_break_a_command_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        create({"password": "x", **settings})


async def test_an_address_that_the_acl_refuses_is_final(pbx: FakeFreeswitch) -> None:
    pbx.greeting = b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"
    err = await outcome(pbx.port)
    assert isinstance(err, PbxAuthError)
    assert "apply-inbound-acl" in str(err)


async def test_a_function_that_the_user_may_not_run_is_final_at_the_beginning(pbx: FakeFreeswitch) -> None:
    pbx.api.refuses["show"] = "-ERR permission denied"
    assert isinstance(await outcome(pbx.port), PbxAuthError)


async def test_nobody_listening_is_worth_another_try(pbx: FakeFreeswitch) -> None:
    await pbx.close()
    assert isinstance(await outcome(pbx.port), PbxUnavailableError)


async def test_a_silent_peer_is_worth_another_try(pbx: FakeFreeswitch) -> None:
    pbx.greeting = b""
    assert isinstance(await outcome(pbx.port), PbxUnavailableError)


async def test_a_foreign_peer_is_a_protocol_error(pbx: FakeFreeswitch) -> None:
    pbx.greeting = b"SSH-2.0-OpenSSH\r\n" + b"x" * 70_000
    assert isinstance(await outcome(pbx.port), PbxProtocolError)


async def test_a_list_that_is_none_is_a_protocol_error(pbx: FakeFreeswitch) -> None:
    pbx.api.refuses["show"] = "no json"
    assert isinstance(await outcome(pbx.port), PbxProtocolError)


async def test_the_version_is_known_and_only_wanted_events_are_asked_for(world: World) -> None:
    assert (world.adapter.identity.kind, world.adapter.identity.version[:7]) == ("freeswitch", "1.10.12")
    (wanted,) = world.pbx._writers.values()
    assert "CHANNEL_EXECUTE" not in wanted
    assert {"CHANNEL_ANSWER", "callcenter::info", "sofia::register"} <= wanted


@pytest.mark.parametrize("what", ["alerting", "connected", "hold"])
async def test_a_session_that_begins_in_mid_call_shows_it(pbx: FakeFreeswitch, what: str) -> None:
    caller = pbx.outside_call(CALLER, "1001")
    if what != "alerting":
        pbx.answer("1001")
    if what == "hold":
        pbx.hold("1001")
    world = World(pbx)
    await world.sees("1001", what)
    assert world.call("1001")["remote"]["number"] == CALLER
    pbx.hang_up(caller)
    await world.sees("1001")
    await world.end()


async def test_a_session_that_begins_with_a_waiting_caller_a_placed_call_and_a_conference(pbx: FakeFreeswitch) -> None:
    first = World(pbx)
    await eventually(lambda: first.model.document("1001")["in_service"] and "1001" in first.model.stations)
    await first.do(Verb.PLACE, "1001", to="1002")
    pbx.outside_call(CALLER, "5000")
    pbx.answer("1001")
    second = World(pbx)
    await second.sees("1001", "initiated")
    await second.sees("1002", "alerting")
    assert second.call("1001")["remote"]["number"] == "1002"
    assert len(second.adapter._translator.floor.channels) == 3  # type: ignore[attr-defined]
    for world in (first, second):
        await world.end()


@pytest.mark.parametrize("lost", ["drop_link", "restart"])
async def test_a_lost_link_is_told_and_a_snapshot_shows_what_is_left(world: World, lost: str) -> None:
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    world.pbx.answer("1001")
    await world.sees("1001", "connected")
    {"drop_link": world.pbx.drop_link, "restart": world.pbx.restart}[lost]()
    with pytest.raises(PbxUnavailableError):
        await world.running
    world.model.link_lost(1)
    world.begin()
    await eventually(lambda: world.model.document("1001")["in_service"])
    assert world.legs("1001") == (["connected"] if lost == "drop_link" else [])
    assert world.names("1001").count("dropped") == (lost == "restart")


async def test_what_changed_while_the_link_was_down_is_found(world: World) -> None:
    caller = world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    world.pbx.answer("1001")
    await world.sees("1001", "connected")
    world.pbx.drop_link()
    with pytest.raises(PbxUnavailableError):
        await world.running
    world.model.link_lost(1)
    world.pbx.hang_up(caller)
    world.pbx.outside_call("+4930111", "1001")
    world.begin()
    await world.sees("1001", "alerting")
    assert world.call("1001")["remote"]["number"] == "+4930111"
    assert ("dropped", "reconciled", "pbx") in world.events("1001")


async def test_a_snapshot_within_a_session_changes_nothing(world: World) -> None:
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    world.pbx.answer("1001")
    await world.sees("1001", "connected")
    world.pbx.hold("1001")
    await world.sees("1001", "hold")
    before = world.model.document("1001")
    world.model.apply(await world.adapter.snapshot())
    assert world.model.document("1001") == before


async def test_no_key_is_lost_that_is_pressed_during_a_snapshot(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.pbx.add_agent("1001", "support@default", status="On Break")
    await world.agent_is("1001", "not_ready")
    run = world.pbx.api.run

    def pressing(line: str, done: Callable[[str], None]) -> None:
        if line == "show channels as json":
            world.pbx.press("1001", "ready")
        run(line, done)

    monkeypatch.setattr(world.pbx.api, "run", pressing)
    world.model.apply(await world.adapter.snapshot())
    await eventually(lambda: world.pressed == [("1001", True)])
    await world.agent_is("1001", "ready")


async def test_a_channel_with_an_id_that_is_no_word_does_not_stop_the_session(pbx: FakeFreeswitch) -> None:
    pbx.outside_call(CALLER, "1001")
    odd = pbx.engine.create(Chan(False, "sofia/external/x", "+49", "1002"))
    odd.uuid = "a b\nc"
    world = World(pbx)
    await world.sees("1001", "alerting")
    await world.end()


async def test_a_command_that_waits_while_the_link_ends_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.pbx.api, "run", lambda _line, _done: world.pbx.drop_link())
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.PLACE, "1001", to="1002")
    assert caught.value.error_code is ErrorCode.PBX_DOWN


async def test_an_originate_that_says_nothing_is_left_to_what_shows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "ORIGINATED_S", 0.05)
    monkeypatch.setattr(world.pbx.api, "run", lambda _line, _done: None)
    await world.do(Verb.PLACE, "1001", to="1002")


async def test_an_event_that_cannot_be_read_is_counted_and_costs_nothing_else(world: World) -> None:
    (writer,) = world.pbx._writers
    writer.write(b'Content-Length: 9\nContent-Type: text/event-json\n\n{"broken"')
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    assert world.adapter.skipped == 1  # type: ignore[attr-defined]


async def test_no_number_is_ever_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world.pbx.outside_call(CALLER, "1001", name="Ada")
        await world.sees("1001", "alerting")
        world.pbx.engine.event("CHANNEL_ANSWER")
        await eventually(lambda: "pbx_event_skipped" in caplog.text)
    assert CALLER not in caplog.text
