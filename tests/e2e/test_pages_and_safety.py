"""Reconnecting pages, hostile frames and forged proofs, over real sockets (S33, S46 and bad input)."""

from __future__ import annotations

import time
import uuid
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.e2e.test_calls_up import ready_agent, ringing_call
from tests.support.page_client import PageClient
from tests.support.stack import Stack


@pytest.mark.scenario("S33")
async def test_s33_a_reload_in_a_call_shows_the_same_state_and_raises_nothing(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        async with stack.page("anna") as reloaded:
            assert [call["leg"] for call in (reloaded.doc or {})["calls"]] == ["connected"]
            assert reloaded.names() == []
        await stack.phone("1001", "hangup")
        await page.event("dropped")


@pytest.mark.scenario("S33")
async def test_s33_a_page_that_was_away_raises_what_it_missed_once(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await page.close()
        await stack.phone("1001", "answer")
        async with stack.page("anna") as witness:
            await witness.call("connected")
        await page.open()
        await page.event("answered")
        assert page.names() == ["ringing", "answered"]
        await stack.phone("1001", "hangup")
        await page.event("dropped")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "message_invalid"),
        ('{"t":"no_such_type"}', "message_invalid"),
        ('{"t":"beat","surprise":1}', "message_invalid"),
        ('{"t":"beat","rev":"x"}', "message_invalid"),
        ('{"t":"command","id":"a b","verb":"place"}', "message_invalid"),
        ('{"t":"beat","station":"' + "9" * 29_000 + '"}', "too_large"),
        ('{"t":"hello","v":99,"page":"p","client":"x"}', "version_unsupported"),
    ],
    ids=["not-json", "unknown-type", "unknown-field", "wrong-type", "bad-id", "oversized", "wrong-version"],
)
async def test_a_frame_that_the_contract_does_not_allow_gets_its_code(stack: Stack, text: str, code: str) -> None:
    async with stack.page("sue") as page:
        await page.send_raw(text)
        error = await page.frame(lambda f: f.get("t") == "error", "error")
        assert error["code"] == code
        await page.send({"t": "beat"})
        await page.frame(lambda f: f.get("t") == "beat", "a beat after it")


@pytest.mark.scenario("S46")
async def test_s46_a_ticket_serves_once_and_a_made_up_one_never(stack: Stack) -> None:
    page = stack.page("anna")
    ticket = await page.ticket()
    async with connect(ticket["url"], origin=stack.origin):  # type: ignore[arg-type]
        pass
    for url in (ticket["url"], ticket["url"][:-4] + "AAAA"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, origin=stack.origin)  # type: ignore[arg-type]
        assert refused.value.response.status_code in (401, 403)


@pytest.mark.scenario("S46")
async def test_s46_a_foreign_origin_is_refused(stack: Stack) -> None:
    ticket = await stack.page("anna").ticket()
    with pytest.raises(InvalidStatus) as refused:
        await connect(ticket["url"], origin="https://evil.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code in (401, 403)


@pytest.mark.scenario("S46")
@pytest.mark.parametrize("change", ["no token", "signature", "audience"])
async def test_s46_tickets_need_a_true_token(stack: Stack, change: str) -> None:
    head, body, signature = stack.token("anna").split(".")
    forged = {
        "no token": {},
        "signature": {"Authorization": f"Bearer {head}.{body}.{signature[:-6]}AAAAAA"},
        "audience": {"Authorization": "Bearer " + jwt.encode({"aud": "other"}, "k" * 32, algorithm="HS256")},
    }[change]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{stack.api_url}/tickets", headers=forged) as answer,
    ):
        assert answer.status in (401, 403)


def assertion(stack: Stack, **changes: Any) -> str:
    """An edge's assertion with a key that the cloud never saw, changed as asked."""
    now = int(time.time())
    claims = {"iss": "hq", "sub": "edge-1", "aud": "x", "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    return jwt.encode({**claims, **changes}, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": "k-unknown"})


@pytest.mark.scenario("S46")
async def test_s46_a_forged_assertion_is_refused(stack: Stack) -> None:
    for token in ("", "nonsense", assertion(stack), assertion(stack, exp=1)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(stack.ready["edge"]["socket_url"], additional_headers={"Authorization": f"Bearer {token}"})
        assert refused.value.response.status_code in (401, 403)


@pytest.mark.scenario("S46")
async def test_s46_a_page_cannot_command_another_agents_station(stack: Stack) -> None:
    async with ready_agent(stack, "anna"), stack.page("ben") as ben:
        results = await ben.command("place", station="1001", to="1003")
        assert results[-1]["stage"] == "failed"
        assert results[-1]["error"]["code"] in ("forbidden", "not_allowed")


async def test_an_agent_without_a_mapping_is_told_so(stack: Stack) -> None:
    async with PageClient(stack.api_url, stack.token("adam"), origin=stack.origin) as page:
        assert page.welcome["station"] is None
        results = await page.command("log_on")
        assert results[-1]["error"]["code"] == "station_unknown"
