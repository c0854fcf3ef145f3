"""The pages process: one origin, loopback hosts only, tokens that verify."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.local.issuer import USERS, Issuer, load_or_make_key
from infra.local.pages import CONFIG, build_app
from infra.local.settings import AUDIENCE

Client = TestClient[web.Request, web.Application]


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[str]:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path_qs, "auth": request.headers.get("Authorization")}, status=201)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", echo)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer("http://127.0.0.1:1/oidc", load_or_make_key(tmp_path / "key.pem"))


@pytest_asyncio.fixture
async def client(upstream: str, issuer: Issuer) -> AsyncIterator[Client]:
    config: dict[str, Any] = {"page_port": 0, "api_url": upstream, "control_url": None}
    app = build_app(config, issuer)
    async with TestClient(TestServer(app)) as test_client:
        app[CONFIG]["page_port"] = test_client.port
        yield test_client


async def test_the_api_is_passed_through_with_query_and_token(client: Client) -> None:
    answer = await client.post("/api/tickets?x=1", headers={"Authorization": "Bearer t"})
    assert answer.status == 201
    assert await answer.json() == {"path": "/tickets?x=1", "auth": "Bearer t"}


async def test_a_foreign_host_name_is_refused(client: Client) -> None:
    answer = await client.get("/api/me", headers={"Host": "rebound.example"})
    assert answer.status == 403


async def test_a_pbx_without_a_control_api_says_so(client: Client) -> None:
    answer = await client.get("/pbx/phones/1001")
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "unsupported"


async def test_every_answer_carries_a_strict_content_policy(client: Client) -> None:
    answer = await client.get("/playground.json")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_the_wallboard_has_an_address_of_its_own(client: Client) -> None:
    answer = await client.get("/wallboard/?user=sue")
    assert (answer.status, "/wallboard/main.js" in await answer.text()) == (200, True)


async def test_tokens_verify_with_the_published_key(client: Client, issuer: Issuer) -> None:
    key_set = jwt.PyJWKSet.from_dict(await (await client.get("/oidc/.well-known/jwks.json")).json())
    user = (await (await client.get("/playground.json")).json())["users"][0]
    claims = jwt.decode(user["token"], key_set.keys[0].key, algorithms=["RS256"], audience=AUDIENCE, issuer=issuer.url)
    assert claims["sub"] == "anna"
    assert claims["exp"] - claims["iat"] >= 8 * 3600


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": "anna", "password": "anna-local"}, 200),
        ({"user": "anna", "password": "wrong"}, 401),
        ({"user": "anna"}, 400),
        ([], 400),
    ],
)
async def test_a_password_buys_a_token(client: Client, body: Any, status: int) -> None:
    assert (await client.post("/oidc/token", json=body)).status == status


def test_every_agent_has_a_station_of_their_own() -> None:
    stations = [user.station for user in USERS if user.station]
    assert len(stations) == len(set(stations)) == 4
