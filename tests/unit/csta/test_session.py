"""Sessions: opening, refusal, keep-alive, a lost link in mid-call, recovery, and what the server says of itself."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import ValidationError

from ringline_core.domain.facts import Snapshot
from ringline_core.errors import PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters.csta import create
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.conformance.fakes.csta.server import FakeCsta
from ringline_edge.conformance.fakes.csta.text import SESSION
from tests.support.certificates import certificate
from tests.support.waiting import eventually
from tests.unit.csta.world import CUSTOMER, KINDS, World, settings, world


@pytest_asyncio.fixture
async def pbx() -> AsyncIterator[FakeCsta]:
    made = FakeCsta("dmcc")
    await made.open()
    yield made
    await made.close()


async def ends(pbx: FakeCsta, **more: object) -> BaseException | None:
    """The error with which a session ends."""
    world = World(pbx, **more)
    await asyncio.wait([world.running], timeout=5)
    assert world.running.done()
    return world.running.exception()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_session_opens_monitors_asks_and_then_tells_everything_at_once(kind: str) -> None:
    async with world(kind) as w:
        assert isinstance(w.facts[0], Snapshot)
        assert w.pbx.names().count("MonitorStart") == 4
        assert w.pbx.names().count("SnapshotDevice") == 3
        assert ("StartApplicationSession" in w.pbx.names()) is (kind != "standard")
        assert ("GetThirdPartyDeviceId" in w.pbx.names()) is (kind == "dmcc")
        assert w.adapter.identity.version.startswith("dmcc ed3/priv7" if kind == "dmcc" else "plain ed4")


async def test_versions_are_offered_newest_first(pbx: FakeCsta) -> None:
    w = World(pbx)
    await w.is_up()
    root = pbx.last("StartApplicationSession").root
    offered = [(each.text or "").rpartition("csta/")[2] for each in root.iter() if each.tag.endswith("protocolVersion")]
    assert offered[0] == "ed3/privC"
    assert offered[-1] == "3.0"
    await w.end()
    assert pbx.names()[-1] == "StopApplicationSession"


async def test_a_wrong_password_stops_the_adapter_and_shows_nowhere(
    pbx: FakeCsta, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        error = await ends(pbx, password="wr0ng-pass")
    assert isinstance(error, PbxAuthError)
    assert "wr0ng" not in str(error)
    assert "wr0ng" not in caplog.text


async def test_a_server_that_knows_none_of_the_versions_is_told_so(pbx: FakeCsta) -> None:
    pbx.known = ("ed9",)
    assert isinstance(await ends(pbx), PbxProtocolError)


async def test_nobody_there_a_foreign_peer_and_silence() -> None:
    nobody = FakeCsta("dmcc")
    nobody.port = 1
    assert isinstance(await ends(nobody), PbxUnavailableError)
    pbx = FakeCsta("dmcc")
    await pbx.open()
    pbx.mute.add("StartApplicationSession")
    assert isinstance(await ends(pbx, reply_timeout_s=0.2), PbxUnavailableError)
    other = World(pbx, reply_timeout_s=2)
    await eventually(lambda: pbx.links == 2 and pbx.names().count("StartApplicationSession") == 2)
    pbx.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await asyncio.wait([other.running], timeout=5)
    assert isinstance(other.running.exception(), PbxProtocolError)
    await pbx.close()


async def test_the_session_is_prolonged_at_half_of_the_granted_time() -> None:
    pbx = FakeCsta("dmcc", granted_s=1)
    await pbx.open()
    w = World(pbx)
    await eventually(lambda: pbx.names().count("ResetApplicationSessionTimer") >= 2)
    assert not w.running.done()
    pbx._session = None  # as after the time ran out, with the link still up
    await asyncio.wait([w.running], timeout=5)
    assert isinstance(w.running.exception(), PbxUnavailableError)
    await w.end()
    await pbx.close()


async def test_a_server_without_sessions_is_asked_for_signs_of_life() -> None:
    async with world("standard", heartbeat_s=0.1) as w:
        await eventually(lambda: w.pbx.names().count("RequestSystemStatus") >= 2)


async def test_a_lost_link_in_mid_call_is_taken_up_again_with_the_same_session_and_monitors(pbx: FakeCsta) -> None:
    w = World(pbx)
    await w.is_up()
    call = await w.talking("4750")
    w.pbx.dial("4751", "0207946000")
    await w.sees("4751", "initiated")
    monitors = pbx.names().count("MonitorStart")
    pbx.cut()
    await asyncio.wait([w.running], timeout=5)
    assert isinstance(w.running.exception(), PbxUnavailableError)
    w.model.link_lost(1)
    pbx.hang_up("4751")
    pbx.hold("4750")
    w.begin()
    await w.sees("4750", "hold")
    assert pbx.last("StartApplicationSession").anywhere("sessionID").endswith("-0")
    assert pbx.names().count("MonitorStart") == monitors
    assert w.call("4750")["call"] == call["call"]
    assert w.legs("4751") == []
    assert w.events("4751")[-1] == "failed:reconciled"
    pbx.resume("4750")
    await w.sees("4750", "connected")
    pbx.hang_up(CUSTOMER)
    await w.sees("4750")
    await w.end()


async def test_where_the_old_session_is_refused_its_monitors_are_transferred(pbx: FakeCsta) -> None:
    w = World(pbx)
    await w.is_up()
    pbx.cut()
    await asyncio.wait([w.running], timeout=5)
    pbx.forgets = True
    monitors = pbx.names().count("MonitorStart")
    snapshots = pbx.names().count("SnapshotDevice")
    w.begin()
    await eventually(lambda: pbx.names().count("SnapshotDevice") == snapshots + 3)
    moved = pbx.last("TransferMonitorObjects")
    assert (moved.anywhere("fromSessionID")[-2:], moved.anywhere("toSessionID")[-2:]) == ("-0", "-1")
    assert pbx.names().count("MonitorStart") == monitors
    await w.talking()
    await w.end()


async def test_where_nothing_of_the_old_session_is_left_all_is_monitored_anew(pbx: FakeCsta) -> None:
    w = World(pbx)
    await w.is_up()
    pbx.cut()
    await asyncio.wait([w.running], timeout=5)
    pbx.forgets = True
    pbx.refuse["TransferMonitorObjects"] = ("operation", "generic")
    w.begin()
    await eventually(lambda: pbx.names().count("MonitorStart") == 8)
    await w.talking()
    await w.end()


async def test_a_new_edge_finds_calls_that_are_there_already(pbx: FakeCsta) -> None:
    pbx.outside_call(CUSTOMER, "4750")
    pbx.answer("4750")
    pbx.outside_call("+49301", "4751")
    pbx.dial("4752", "0207946000")
    w = World(pbx)
    await w.is_up()
    assert (w.legs("4750"), w.legs("4751"), w.legs("4752")) == (["connected"], ["alerting"], ["initiated"])
    assert w.call("4750")["remote"]["number"] == CUSTOMER
    assert w.call("4752")["direction"] == "outbound"
    assert w.events("4751") == ["ringing"]
    pbx.answer("0207946000")
    await w.sees("4752", "connected")
    pbx.hang_up(CUSTOMER)
    await w.sees("4750")
    await w.end()


async def test_a_snapshot_can_be_asked_for_and_needs_a_link(pbx: FakeCsta) -> None:
    w = World(pbx)
    await w.is_up()
    await w.talking()
    seen = await w.adapter.snapshot()
    assert sorted(str(leg.station) for leg in seen.legs) == ["4750", "None"]
    await w.end()
    with pytest.raises(PbxUnavailableError):
        await w.adapter.snapshot()


async def test_lost_messages_bring_a_whole_new_picture() -> None:
    async with world("standard") as w:
        await w.talking()
        w.pbx._session, kept = None, w.pbx._session
        w.pbx.hang_up("4750")  # nobody is told
        w.pbx._session = kept
        w.pbx.say(w.pbx.x.root("SystemStatus", "<systemStatus>messagesLost</systemStatus>"), b"0042")
        await w.sees("4750")
        assert w.events("4750")[-1] == "dropped:reconciled"


@pytest.mark.parametrize("kind", ["standard", "openscape", "openscape_business"])
async def test_the_switchs_own_questions_are_answered_under_their_invoke_id(kind: str) -> None:
    async with world(kind) as w:
        w.pbx.say(w.pbx.x.root("SystemStatus"), b"0042")
        await eventually(lambda: "SystemStatusResponse" in w.pbx.names())
        assert w.pbx.last("SystemStatusResponse").invoke == b"0042"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ApplicationSessionTerminated", "<sessionTermReason><definedTermReason>sessionTimerExpired</definedTermReason>"
                                         "</sessionTermReason>"),
        ("LinkDownEvent", ""),
        ("SwitchTlinkStatus", "<switchName>CM1</switchName><tlinkStatus>tlinkDown</tlinkStatus>"),
    ],
)  # fmt: skip
async def test_a_server_that_ends_the_session_or_lost_its_switch_ends_ours(name: str, content: str) -> None:
    async with world("dmcc") as w:
        w.pbx.say(w.pbx.x.root(name, content, ns=SESSION))
        await asyncio.wait([w.running], timeout=5)
        assert isinstance(w.running.exception(), PbxUnavailableError)


async def test_a_station_that_the_switch_refuses_is_out_of_service_and_the_others_work(pbx: FakeCsta) -> None:
    w = World(pbx, stations=("4750", "4999"))
    await w.is_up()
    assert w.model.document("4999")["in_service"] is False
    assert w.model.document("4750")["in_service"] is True
    await w.end()


async def test_a_station_that_was_refused_is_tried_again_by_the_poll(
    pbx: FakeCsta, caplog: pytest.LogCaptureFixture
) -> None:
    pbx.unknown.add("4751")
    w = World(pbx, agent_poll_s=0.2)
    await w.is_up()
    assert w.model.document("4751")["in_service"] is False
    tried = pbx.names().count("MonitorStart")
    await eventually(lambda: pbx.names().count("MonitorStart") > tried + 2)
    assert caplog.text.count("pbx_station_refused") == 1
    pbx.outside_call(CUSTOMER, "4751")
    pbx.unknown.clear()
    await w.sees("4751", "alerting")
    assert w.model.document("4751")["in_service"] is True
    await w.end()


@pytest.mark.parametrize(
    ("category", "value", "error"),
    [
        ("subscribedResourceAvailability", "objectMonitorLimitExceeded", PbxAuthError),
        ("operation", "privilegeViolationSpecifiedDevice", PbxAuthError),
        ("systemResourceAvailibility", "resourceOutOfService", PbxUnavailableError),
        ("operation", "generic", PbxUnavailableError),
    ],
)
async def test_where_no_station_may_be_monitored_a_human_must_look_unless_it_may_pass(
    pbx: FakeCsta, category: str, value: str, error: type[Exception]
) -> None:
    pbx.refuse["MonitorStart"] = (category, value)
    ended = await ends(pbx)
    assert type(ended) is error
    assert value in str(ended)


async def test_events_that_do_not_fit_are_skipped_and_bad_xml_ends_the_session() -> None:
    async with world("dmcc") as w:
        w.pbx.say("<DeliveredEvent/>")
        w.pbx.say("<HeldEvent><monitorCrossRefID>77</monitorCrossRefID></HeldEvent>")
        w.pbx.say("<SomethingNewEvent/>")
        w.pbx.say("<Unheard/>")
        await w.talking()
        w.pbx.say('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
        await asyncio.wait([w.running], timeout=5)
        assert isinstance(w.running.exception(), PbxProtocolError)


# --- TLS


@pytest_asyncio.fixture
async def secure(tmp_path: Path) -> AsyncIterator[tuple[FakeCsta, Path, str]]:
    folder, pin = certificate(tmp_path, "aes.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    pbx = FakeCsta("dmcc")
    await pbx.open(tls=context)
    yield pbx, folder, pin
    await pbx.close()


async def test_a_server_is_trusted_by_its_ca_or_by_its_pin(secure: tuple[FakeCsta, Path, str]) -> None:
    pbx, folder, pin = secure
    colons = ":".join(pin[i : i + 2] for i in range(0, 64, 2)).upper()
    for tls in ({"ca_file": str(folder / "ca.pem"), "server_name": "aes.example"}, {"pin_sha256": colons}):
        w = World(pbx, tls=tls)
        await w.is_up()
        await w.end()


async def test_a_server_that_is_another_one_gets_no_password(secure: tuple[FakeCsta, Path, str]) -> None:
    pbx, folder, _ = secure
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"pin_sha256": "0" * 64},
        {"ca_file": str(folder / "ca.pem"), "server_name": "other.example"},
    )
    for tls in wrong:
        assert isinstance(await ends(pbx, tls=tls), PbxAuthError)
    assert pbx.asked == []


# --- settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"stations": ()}, {"stations": ("4750", "4750")}, {"stations": ("</x>",)}, {"internal": "("}, {"port": 0},
        {"switch_name": ""}, {"tls": {"pin_sha256": "12"}}, {"unknown": 1}, {"without": ["fly"]},
        {"variant": "openscape"}, {"agent_poll_s": 0},
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    good = settings(FakeCsta("dmcc"), port=4722)
    create(good)
    with pytest.raises(ValidationError):
        create({**good, **wrong})


def test_secrets_do_not_show() -> None:
    config = CstaConfig.model_validate(settings(FakeCsta("dmcc"), port=4722, agent_passwords={"6001": "9876"}))
    assert "s3cret" not in repr(config)
    assert "9876" not in repr(config)
    assert config.password_of("6001") == "9876"
    assert config.password_of("6002") == "1234"
