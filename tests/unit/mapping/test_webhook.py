"""The transport webhook on real sockets: what a PBX posts, what it is asked, and that it is the PBX."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ringline_core.domain.facts import CallLegs, Leg, Snapshot
from ringline_core.errors import CommandError, ConfigError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import LegState
from ringline_edge.adapters import mapping
from tests.support.certificates import certificate
from tests.unit.mapping.hooks import ENDED, KEY, RINGS, SECRET, TALKS, WEBHOOK, Headers, Pbx, hooked, signed, small
from tests.unit.mapping.test_adapter import Edge, Message, command, free_port

PLAIN = ('header: X-Signature, signature: sha256, prefix: "sha256="', "header: X-Secret")


async def test_a_post_is_answered_once_its_message_was_taken(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, edge):
        assert isinstance(edge.facts[0], Snapshot)
        assert [device.station for device in edge.facts[0].devices] == ["201"]
        for message in (RINGS, {"event": "alive"}, TALKS, ENDED):
            assert await pbx.post(message) == (204, "")
        assert edge.states() == [LegState.ALERTING, LegState.CONNECTED, LegState.CONNECTED]
        assert pbx.asked == [("GET", "/api/calls", None)]
        assert pbx.keys == {f"Bearer {KEY}"}


async def test_many_posts_over_one_link_are_taken_in_their_order(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, edge), aiohttp.ClientSession() as http:
        for state in ("ringing", "talking", "held") * 20:
            body = f'{{"event":"call","call":"c7","phone":"201","state":"{state}"}}'.encode()
            async with http.post(pbx.door, data=body, headers=signed(body)) as answer:
                assert answer.status == 204
        known = [LegState.ALERTING, LegState.CONNECTED, LegState.HOLD]
        assert edge.states() == known * 20


async def test_who_does_not_prove_to_be_the_pbx_is_not_heard(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = b'{"event":"call","call":"c8","phone":"201","state":"ringing"}'
    proofs: tuple[Headers, ...] = (
        [*signed(other).items(), *signed(other).items()],
        {},
        {"X-Signature": ""},
        {"X-Signature": "sha256="},
        {"X-Signature": SECRET},
        {"X-Signature": "sha256=\u00fc\u00df"},
        signed(other, "another secret"),
        signed(other + b" "),
        {"X-Signature": signed(other)["X-Signature"].removeprefix("sha256=")},
    )
    async with hooked(tmp_path) as (pbx, edge):
        for proof in proofs:
            assert await pbx.post(other, proof) == (401, "not_authorized")
        assert edge.states() == []
        assert await pbx.post(other) == (204, "")
    assert SECRET not in caplog.text


async def test_a_secret_may_stand_in_a_header_as_it_is(tmp_path: Path) -> None:
    async with hooked(tmp_path, PLAIN) as (pbx, edge):
        for wrong in ({}, {"X-Secret": SECRET[:-1]}, {"X-Secret": f"{SECRET}x"}, {"X-Secret": ""}):
            assert await pbx.post(RINGS, wrong) == (401, "not_authorized")
        assert edge.states() == []
        assert await pbx.post(RINGS, {"x-secret": SECRET}) == (204, "")


async def test_a_signature_may_be_in_base64(tmp_path: Path) -> None:
    body = b'{"event":"alive"}'
    async with hooked(tmp_path, ('prefix: "sha256="', "encoding: base64")) as (pbx, _):
        right = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        assert await pbx.post(body, {"X-Signature": right}) == (204, "")
        assert await pbx.post(body, {"X-Signature": right.lower()}) == (401, "not_authorized")


async def test_what_is_no_post_of_a_message_is_refused_with_a_code(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, edge):
        elsewhere = pbx.door.replace("/events", "/other")
        assert await pbx.post(RINGS, url=elsewhere) == (404, "not_found")
        assert await pbx.post(RINGS, method="PUT") == (405, "not_allowed")
        assert await pbx.post(b"no json") == (400, "message_invalid")
        assert await pbx.post(b"[]") == (400, "message_invalid")
        packed = {**signed(b"{}"), "Content-Encoding": "gzip"}
        assert await pbx.post(b"{}", packed, compress=None) == (415, "message_invalid")
        assert edge.states() == []
        assert await pbx.post(RINGS, {**signed_json(RINGS), "Content-Type": "text/strange"}) == (204, "")


def signed_json(message: Message) -> dict[str, str]:
    return signed(json.dumps(message).encode())


async def test_without_a_list_the_session_begins_with_nothing(tmp_path: Path) -> None:
    (line,) = (each for each in WEBHOOK.splitlines() if "method: GET" in each)
    without = f"  snapshot:\n{line}\n"
    async with hooked(tmp_path, (without, "")) as (pbx, edge):
        assert edge.facts == [edge.facts[0]]
        assert pbx.asked == []
        assert await pbx.post(RINGS) == (204, "")


@pytest.mark.parametrize(
    ("lists", "kind", "told"),
    [
        ((503, ""), PbxUnavailableError, "the PBX refuses to tell what is there: 503"),
        ((401, ""), PbxAuthError, "the PBX refuses our requests: 401"),
        ((200, "no json"), PbxProtocolError, "the PBX's list is no message"),
        ((302, ""), PbxUnavailableError, "refuses to tell what is there: 302"),
        ((200, "x" * 300_000), PbxUnavailableError, "longer than 262144 bytes"),
    ],
)
async def test_a_list_that_does_not_come_ends_the_session(
    tmp_path: Path, lists: tuple[int, str], kind: type[Exception], told: str
) -> None:
    pbx = Pbx()
    pbx.lists = lists
    async with hooked(tmp_path, pbx=pbx) as (_, edge):
        fault = await edge.fault()
        assert (type(fault), told in str(fault)) == (kind, True)


async def test_a_pbx_is_there_as_long_as_it_posts(tmp_path: Path) -> None:
    async with hooked(tmp_path, ("every_s: 15, silence_s: 90", "every_s: 0.05, silence_s: 1")) as (pbx, edge):
        clock = asyncio.get_running_loop().time
        begun = clock()
        while clock() < begun + 1.8:
            assert await pbx.post({"event": "alive"}) == (204, "")
        assert not edge.running.done()
        while not edge.running.done():
            with contextlib.suppress(aiohttp.ClientError):
                assert await pbx.post({"event": "alive"}, {}) in ((401, "not_authorized"), (503, "pbx_down"))
        fault = await edge.fault()
        assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX is silent")


async def test_a_list_asked_for_again_takes_away_what_is_over(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, edge):
        await pbx.post(RINGS)
        pbx.lists = (503, "")
        with pytest.raises(PbxUnavailableError):
            await edge.adapter.snapshot()
        await pbx.post(ENDED)
        await pbx.post(RINGS)
        assert edge.states() == [LegState.ALERTING] * 3
        pbx.lists = (200, '{"event":"list","calls":[]}')
        assert (await edge.adapter.snapshot()).legs == ()


LEGS = CallLegs(("c7/201",))


async def refused(edge: Edge, verb: str = "hold", legs: CallLegs = LEGS, **more: Any) -> tuple[str, str]:
    given = {"station": "201", **({} if verb == "place" else {"call": "c"}), **more}
    with pytest.raises(CommandError) as found:
        await edge.adapter.execute(command(verb, **given), legs)
    return found.value.error_code.value, found.value.text


async def test_a_command_is_a_request_and_its_refusals_have_codes_of_the_contract(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, edge):
        await pbx.post({**TALKS, "call": "c/7 ü"})
        legs = CallLegs(("c/7 ü/201",))
        await edge.adapter.execute(command("hold", station="201", call="c"), legs)
        assert pbx.asked[-1] == ("POST", "/api/calls/c%2F7%20%C3%BC/hold", {"phone": "201"})
        await edge.adapter.execute(command("place", station="201", to="*21#"), CallLegs())
        assert (pbx.asked[-1][0], pbx.asked[-1][1], pbx.asked[-1][2]["number"]) == (
            "POST", "/api/phones/201/calls", "*21#",
        )  # fmt: skip
        for status, code in (
            (404, "no_such_call"),
            (403, "not_allowed"),
            (501, "unsupported"),
            (500, "rejected_by_pbx"),
        ):
            pbx.answer = (status, '{"message":"why"}')
            assert await refused(edge, legs=legs) == (code, "why")
        pbx.answer = (400, '{"error":"number"}')
        assert await refused(edge, "place", to="1") == ("number_invalid", "The PBX refuses.")
        pbx.answer = (400, "<html>")
        assert await refused(edge, "place", to="1") == ("rejected_by_pbx", "The PBX refuses.")
        asked = len(pbx.asked)
        assert (await refused(edge, "swap"))[0] == "unsupported"
        assert (await refused(edge, legs=CallLegs(("c9/201",))))[0] == "no_such_call"
        await pbx.post({**TALKS, "call": ".."})
        assert (await refused(edge, legs=CallLegs(("../201",))))[0] == "no_such_call"
        assert len(pbx.asked) == asked
        assert pbx.keys == {f"Bearer {KEY}"}


async def test_a_pbx_that_does_not_answer_a_request_is_down(tmp_path: Path) -> None:
    async with hooked(tmp_path, ("  hold:\n", "  hold:\n    timeout_s: 0.1\n")) as (pbx, edge):
        await pbx.post(TALKS)
        pbx.answer = (0, "")
        assert (await refused(edge))[0] == "pbx_down"


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("form", b"event=call&call=c7&phone=201&state=ringing&name=M%C3%BCller+%26+Co"),
        ("xml", b"<e><event>call</event><call>c7</call><phone>201</phone><state>ringing</state></e>"),
        ("fields", b"Event: call\r\nCall: c7\r\nPhone: 201\r\nState: ringing\r\n"),
    ],
)
async def test_posts_may_be_forms_xml_and_lines_too(tmp_path: Path, form: str, body: bytes) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(small(form))
    port = await free_port()
    edge = Edge({"profile": str(file), "listen": f"127.0.0.1:{port}", "settings": {"secret": SECRET}})
    pbx = Pbx()
    pbx.door = f"http://127.0.0.1:{port}/ringline/events"
    await edge.ready()
    assert await pbx.post(body) == (204, "")
    assert edge.states() == [LegState.ALERTING]
    assert (await refused(edge))[0] == "unsupported"
    await edge.end()


async def test_posts_and_requests_go_by_tls(tmp_path: Path) -> None:
    folder, pin = certificate(tmp_path, "edge.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    both = str(folder / "both.pem")
    tls = {"cert_file": both, "key_file": both, "pin_sha256": pin}
    async with hooked(tmp_path, tls=tls, pbx_ssl=context, scheme="https") as (pbx, edge):
        trusts = ssl.create_default_context(cafile=folder / "ca.pem")
        assert await pbx.post(RINGS, ssl=trusts, server_hostname="edge.example") == (204, "")
        with pytest.raises(aiohttp.ClientError):
            await pbx.post(RINGS, url=pbx.door.replace("https", "http"))
        assert edge.states() == [LegState.ALERTING]
    for wrong in ({**tls, "pin_sha256": "0" * 64}, {"cert_file": both, "key_file": both}):
        async with hooked(tmp_path, tls=wrong, pbx_ssl=context, scheme="https") as (pbx, edge):
            assert isinstance(await edge.fault(), PbxUnavailableError)
            assert pbx.asked == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"secret": ""}, "settings.secret: empty; then anybody may post"),
        ({"address": "ftp://192.0.2.40"}, "settings.address: no http:// or https:// address"),
        ({"address": "192.0.2.40:80"}, "settings.address: no http:// or https:// address"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: Message, told: str) -> None:
    good = {"secret": SECRET, "address": "http://192.0.2.40", "key": KEY}
    where = {"profile": "webhook", "listen": "127.0.0.1:1"}
    mapping.create({**where, "settings": good})
    with pytest.raises(ConfigError, match=told):
        mapping.create({**where, "settings": {**good, **settings}})
    with pytest.raises(ConfigError, match="listen: needed"):
        mapping.create({"profile": "webhook", "settings": good})


async def test_an_address_that_is_taken_is_a_pbx_that_cannot_be_reached(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, _):
        taken = pbx.door.split("/")[2]
        settings = {"secret": SECRET, "address": "http://127.0.0.1:1", "key": KEY}
        edge = Edge({"profile": "webhook", "listen": taken, "settings": settings})
        assert isinstance(await edge.fault(), PbxUnavailableError)


async def test_what_a_later_list_lacks_is_over_and_told_whoever_asked_for_it(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (pbx, edge):
        assert await pbx.post(RINGS) == (204, "")
        told = len(edge.facts)
        listed = await edge.adapter.snapshot()
        over = [each for each in edge.facts[told:] if isinstance(each, Leg) and each.ended]
        assert listed.legs == ()
        assert {(each.call, each.station) for each in over} == {("c7", "201"), ("c7", None)}
