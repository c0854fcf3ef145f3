"""The pages process: serves `web/`, the local issuer, and proxies the HTTP API and the PBX's control API.

One origin for the browser, so neither CORS nor a second host is needed. Loopback only; the Host header is checked, so
that a foreign site cannot reach it by a name of its own (DNS rebinding).

    python -m infra.local.pages CONFIG.json
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from infra.local.issuer import USERS, Issuer
from infra.local.ports import LOOPBACK
from infra.local.settings import ROOT

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; require-trusted-types-for 'script'"
)
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "host", "content-length", "te"})
ISSUER = web.AppKey("issuer", Issuer)
CONFIG = web.AppKey("config", dict[str, Any])
CLIENT = web.AppKey("client", aiohttp.ClientSession)


def build_app(config: dict[str, Any], issuer: Issuer) -> web.Application:
    """The application.

    Args:
        config: `page_port`, `api_url` (HTTP API behind `/api`), `control_url` (control API behind `/pbx`, or null).
        issuer: Signs the demo users' tokens.
    """
    app = web.Application(middlewares=[_loopback_host, _headers])
    app[ISSUER], app[CONFIG] = issuer, config
    app.cleanup_ctx.append(_client)
    app.router.add_get("/oidc/.well-known/openid-configuration", _discovery)
    app.router.add_get("/oidc/.well-known/jwks.json", _key_set)
    app.router.add_post("/oidc/token", _token)
    app.router.add_get("/playground.json", _playground)
    app.router.add_route("*", "/api/{tail:.*}", _api)
    app.router.add_route("*", "/pbx/{tail:.*}", _pbx)
    app.router.add_get("/", _index)
    app.router.add_get("/wallboard/", _wallboard)
    app.router.add_static("/examples", ROOT / "docs" / "examples", append_version=False)
    app.router.add_static("/", ROOT / "web", append_version=False)
    return app


async def _client(app: web.Application) -> Any:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        app[CLIENT] = session
        yield


@web.middleware
async def _loopback_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    port = request.app[CONFIG]["page_port"]
    if request.headers.get("Host") not in (f"{LOOPBACK}:{port}", f"localhost:{port}"):
        return web.json_response({"error": {"code": "forbidden", "text": "unknown host"}}, status=403)
    return await handler(request)


@web.middleware
async def _headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _discovery(request: web.Request) -> web.Response:
    return web.json_response(request.app[ISSUER].discovery())


async def _key_set(request: web.Request) -> web.Response:
    return web.json_response(request.app[ISSUER].key_set())


async def _token(request: web.Request) -> web.Response:
    """An id token for a demo user's password."""
    try:
        given = await request.json()
        wanted = (given["user"], given["password"])
    except (ValueError, KeyError, TypeError):
        return web.json_response({"error": "invalid_request"}, status=400)
    for user in USERS:
        if wanted == (user.user, user.password):
            return web.json_response({"id_token": request.app[ISSUER].token(user), "token_type": "Bearer"})
    return web.json_response({"error": "invalid_grant"}, status=401)


async def _playground(request: web.Request) -> web.Response:
    """What the playground needs: the demo users with fresh tokens, and where the phones are driven."""
    issuer, config = request.app[ISSUER], request.app[CONFIG]
    users = [
        {"user": u.user, "name": u.name, "station": u.station, "roles": list(u.roles), "token": issuer.token(u)}
        for u in USERS
    ]
    return web.json_response({"api": "/api", "pbx": "/pbx" if config["control_url"] else None, "users": users})


async def _index(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(ROOT / "web" / "playground" / "index.html")


async def _wallboard(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(ROOT / "web" / "wallboard" / "index.html")


async def _api(request: web.Request) -> web.StreamResponse:
    return await _forward(request, request.app[CONFIG]["api_url"])


async def _pbx(request: web.Request) -> web.StreamResponse:
    upstream = request.app[CONFIG]["control_url"]
    if not upstream:
        return web.json_response({"error": {"code": "unsupported", "text": "this PBX has no control API"}}, status=404)
    return await _forward(request, upstream)


async def _forward(request: web.Request, base: str) -> web.StreamResponse:
    tail = request.match_info["tail"]
    url = f"{base}/{tail}" + (f"?{request.query_string}" if request.query_string else "")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
    try:
        async with request.app[CLIENT].request(
            request.method, url, headers=headers, data=await request.read(), allow_redirects=False
        ) as answer:
            body = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, body=body, headers=kept)
    except aiohttp.ClientError:
        return web.json_response({"error": {"code": "unavailable", "text": "the service is not there"}}, status=502)


async def serve(config_path: Path) -> None:
    """Serve until SIGTERM; says `{"ready": true}` when it listens."""
    config = json.loads(config_path.read_text())
    issuer = Issuer(config["issuer"], Path(config["issuer_key"]).read_bytes())
    runner = web.AppRunner(build_app(config, issuer), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=config["listener"])).start()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print(json.dumps({"ready": True, "port": config["page_port"]}), flush=True)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
