"""PBXs that want a log-in by HTTP: what it hands out goes along, until the PBX does not know it any more."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, LegState
from tests.support.waiting import eventually
from tests.unit.mapping.hooks import KEY, NO_CALLS, SECRET, WEBHOOK, serving
from tests.unit.mapping.test_adapter import Edge, command, free_port
from tests.unit.mapping.test_polls import POLL

BEARER = '"Bearer {settings.key}"'
LOGIN = "session:\n  login:\n    - send: {path: /login, body: {key: '{settings.key}'}}\n      capture: {token: token}\n"
TALKS = {"event": "call", "call": "c7", "phone": "201", "state": "talking"}


class Pbx:
    """It hands out a token, and knows the last one alone."""

    def __init__(self) -> None:
        self.logins: list[object] = []
        self.status = 200
        self.known = ""
        self.heard: list[tuple[str, str | None]] = []
        self.token: object = "t{}"
        self.body = ""

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        bearer = request.headers.get("Authorization")
        self.heard.append((request.path, bearer))
        if request.path.endswith("/login"):
            self.logins.append(json.loads(await request.text()))
            self.known = f"t{len(self.logins)}"
            if self.body:
                return web.Response(text=self.body, status=self.status)
            return web.json_response({"token": self.known} if self.token else {}, status=self.status)
        if bearer != f"Bearer {self.known}":
            return web.Response(status=401)
        calls = [{key: value for key, value in TALKS.items() if key != "event"}]
        return web.json_response({**NO_CALLS, "calls": calls})


@contextlib.asynccontextmanager
async def asked(folder: Path, pbx: Pbx, text: str) -> AsyncIterator[Edge]:
    text = text.replace(BEARER, '"Bearer {session.token}"').replace("session:\n", LOGIN, 1)
    (folder / "login.yaml").write_text(text)
    async with serving(pbx) as where:  # type: ignore[arg-type]
        settings = {"address": f"http://{where}", "key": KEY}
        more = {}
        if "webhook:" in text:
            settings["secret"] = SECRET
            more = {"listen": f"127.0.0.1:{await free_port()}"}
        edge = Edge({"profile": str(folder / "login.yaml"), "settings": settings, **more})
        try:
            await eventually(lambda: edge.facts or edge.running.done())
            yield edge
        finally:
            await edge.end()


async def test_what_the_login_hands_out_goes_along(tmp_path: Path) -> None:
    pbx = Pbx()
    async with asked(tmp_path, pbx, POLL) as edge:
        assert edge.rings() is False
        await edge.adapter.execute(command("hold", station="201", call="c"), CallLegs(("c7/201",)))
    assert pbx.logins == [{"key": KEY}]
    assert {bearer for path, bearer in pbx.heard if not path.endswith("/login")} == {"Bearer t1"}
    # Half a header would be a wrong one.
    assert pbx.heard[0][1] is None


async def test_a_token_that_is_over_ends_the_session_and_no_more(tmp_path: Path) -> None:
    pbx = Pbx()
    async with asked(tmp_path, pbx, POLL) as edge:
        pbx.known = "another"
        fault = await edge.fault()
    assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX does not know our login any more")


async def test_a_command_may_be_the_first_to_find_that_out(tmp_path: Path) -> None:
    pbx = Pbx()
    async with asked(tmp_path, pbx, WEBHOOK) as edge:
        pbx.known = "another"
        with pytest.raises(CommandError) as told:
            await edge.adapter.execute(command("hold", station="201", call="c"), CallLegs(("c7/201",)))
        fault = await edge.fault()
    assert told.value.error_code is ErrorCode.PBX_DOWN
    assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX does not know our login any more")
    assert LegState.CONNECTED in [leg.state for fact in edge.facts for leg in getattr(fact, "legs", ())]


async def test_a_command_ends_a_session_of_lists_at_once(tmp_path: Path) -> None:
    pbx = Pbx()
    async with asked(tmp_path, pbx, POLL.replace("every_s: 0.02", "every_s: 3600")) as edge:
        pbx.known = "another"
        with pytest.raises(CommandError):
            await edge.adapter.execute(command("hold", station="201", call="c"), CallLegs(("c7/201",)))
        fault = await edge.fault()
    assert str(fault) == "the PBX does not know our login any more"


async def test_a_list_asked_for_later_ends_a_session_of_posts(tmp_path: Path) -> None:
    pbx = Pbx()
    async with asked(tmp_path, pbx, WEBHOOK) as edge:
        pbx.known = "another"
        with pytest.raises(PbxUnavailableError):
            await edge.adapter.snapshot()
        fault = await edge.fault()
    assert str(fault) == "the PBX does not know our login any more"


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ('{"token": "a\\nb"}', PbxProtocolError, "a request of ours cannot be said to this PBX: a value holds a line"),
        ("<h1>We are back soon</h1>", PbxProtocolError, "the PBX's answer to the login is no message"),
        ('{"token": "a", "fault": "no such key"}', PbxAuthError, "the PBX refuses the login: 200"),
    ],
)
async def test_a_login_is_answered_strangely(tmp_path: Path, body: str, kind: type[Exception], told: str) -> None:
    pbx = Pbx()
    pbx.body = body
    good = "replies:\n  ok: [{get: token, exists: true}, {get: fault, exists: false}]\n"
    async with asked(tmp_path, pbx, POLL.replace("replies:\n", good)) as edge:
        fault = await edge.fault()
    assert type(fault) is kind
    assert str(fault).startswith(told)


@pytest.mark.parametrize(
    ("status", "token", "kind", "told"),
    [
        (401, "t", PbxAuthError, "the PBX refuses the login: 401"),
        (422, "t", PbxAuthError, "the PBX refuses the login: 422"),
        (503, "t", PbxUnavailableError, "the PBX takes no login now: 503"),
        (429, "t", PbxUnavailableError, "the PBX takes no login now: 429"),
        (404, "t", PbxUnavailableError, "the PBX takes no login now: 404"),
        (302, "t", PbxUnavailableError, "the PBX takes no login now: 302"),
        (200, "", PbxProtocolError, "the PBX's answer to the login holds no session.token"),
    ],
)
async def test_a_login_that_is_not_taken(
    tmp_path: Path, status: int, token: str, kind: type[Exception], told: str
) -> None:
    pbx = Pbx()
    pbx.status, pbx.token = status, token
    async with asked(tmp_path, pbx, POLL) as edge:
        fault = await edge.fault()
    assert (type(fault), str(fault)) == (kind, told)
