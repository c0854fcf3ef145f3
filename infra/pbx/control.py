"""The control API: HTTP on loopback in front of a `PhoneBank`. The table of requests is in docs/local-stack.md."""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ringline_edge.conformance.phone_bank import NotNowError, PhoneBank, UnknownError

BANK: Final = web.AppKey("bank", PhoneBank)
ARGUMENT_OF: Final[dict[str, str | None]] = {
    "answer": None,
    "reject": None,
    "hangup": None,
    "hold": None,
    "resume": None,
    "dial": "number",
    "blind": "number",
    "attended": "number",
    "complete": None,
    "cancel": None,
    "dtmf": "digits",
    "feature": "code",
    "unplug": None,
    "plug": None,
}
"""Buttons of a phone, and the name of the field that each needs."""

MAX_BODY: Final = 16 * 1024
MAX_LINK_DOWN_S: Final = 3600.0
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_DIGITS: Final = re.compile(r"[0-9A-D*#]{1,64}")
_REASON: Final = re.compile(r"[a-z_]{1,32}")
_LOOPBACK: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class BadRequestError(Exception):
    """The request is not one of the table; the text says what is wrong."""


def build_app(bank: PhoneBank) -> web.Application:
    """The application over `bank`.

    Answers are JSON or empty. Errors are `{"error":{"code","text"}}`: 400 `message_invalid`, 403 `forbidden` for a
    Host that is not loopback, 404 `unknown`, 409 `not_now`.
    """
    app = web.Application(middlewares=[_refusals], client_max_size=MAX_BODY)
    app[BANK] = bank
    app.router.add_post("/callers", _dial_in)
    app.router.add_get("/callers/{caller}", _caller_state)
    app.router.add_post("/callers/{caller}", _caller_does)
    app.router.add_get("/outside/{number}", _sent_along)
    app.router.add_get("/phones/{station}", _display)
    app.router.add_post("/phones/{station}", _press)
    app.router.add_get("/queues/{name}", _queue)
    app.router.add_post("/queues/{name}", _pause)
    app.router.add_post("/switch", _switch)
    return app


@asynccontextmanager
async def serve(bank: PhoneBank, port: int, host: str = "127.0.0.1") -> AsyncIterator[None]:
    """Serve the control API on loopback while the context lasts.

    Raises:
        OSError: The port is taken.
    """
    runner = web.AppRunner(build_app(bank), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, shutdown_timeout=1.0).start()
        yield
    finally:
        await runner.cleanup()


def _refusal(status: int, code: str, text: str) -> web.Response:
    return web.json_response({"error": {"code": code, "text": text}}, status=status)


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not _LOOPBACK.fullmatch(request.headers.get("Host", "")):
        return _refusal(403, "forbidden", "the control API answers to loopback names only")
    try:
        return await handler(request)
    except BadRequestError as err:
        return _refusal(400, "message_invalid", str(err))
    except UnknownError as err:
        return _refusal(404, "unknown", str(err))
    except NotNowError as err:
        return _refusal(409, "not_now", str(err))
    except web.HTTPException as err:
        return _refusal(err.status, "message_invalid" if err.status < 500 else "internal", err.reason)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):
        raise BadRequestError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise BadRequestError("the body is not a JSON object")
    return body


def _text(body: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadRequestError(f"{name} is missing or not of the form {pattern.pattern}")
    return value


async def _dial_in(request: web.Request) -> web.Response:
    body = await _body(request)
    number, to = _text(body, "from", _NUMBER), _text(body, "to", _NUMBER)
    uui = body.get("uui")
    if uui is not None and not (isinstance(uui, str) and len(uui) <= 256 and uui.isprintable()):
        raise BadRequestError("uui is no printable text of at most 256 characters")
    return web.json_response({"caller": await request.app[BANK].dial_in(number, to, uui)})


async def _sent_along(request: web.Request) -> web.Response:
    return web.json_response({"uui": await request.app[BANK].sent_along(request.match_info["number"])})


async def _caller_state(request: web.Request) -> web.Response:
    return web.json_response({"state": await request.app[BANK].caller_state(request.match_info["caller"])})


async def _caller_does(request: web.Request) -> web.Response:
    body = await _body(request)
    if body.get("do") != "hangup":
        raise BadRequestError("a caller can only do hangup")
    await request.app[BANK].hang_up_caller(request.match_info["caller"])
    return web.json_response({})


async def _display(request: web.Request) -> web.Response:
    shown = await request.app[BANK].display(request.match_info["station"])
    return web.json_response({"state": shown.state, "with": shown.number, "calls": shown.calls})


async def _press(request: web.Request) -> web.Response:
    body = await _body(request)
    button = body.get("do")
    if not isinstance(button, str) or button not in ARGUMENT_OF:
        raise BadRequestError(f"do is none of {' '.join(ARGUMENT_OF)}")
    name = ARGUMENT_OF[button]
    argument = _text(body, name, _DIGITS if name == "digits" else _NUMBER) if name else ""
    await request.app[BANK].press(request.match_info["station"], button, argument)
    return web.json_response({})


async def _queue(request: web.Request) -> web.Response:
    return web.json_response(asdict(await request.app[BANK].queue(request.match_info["name"])))


async def _pause(request: web.Request) -> web.Response:
    body = await _body(request)
    if body.get("do") not in ("pause", "unpause"):
        raise BadRequestError("do is neither pause nor unpause")
    reason = _text(body, "reason", _REASON) if body["do"] == "pause" else None
    await request.app[BANK].pause(request.match_info["name"], _text(body, "station", _NUMBER), reason)
    return web.json_response({})


async def _switch(request: web.Request) -> web.Response:
    body = await _body(request)
    match body.get("do"):
        case "restart":
            await request.app[BANK].restart()
        case "drop_link":
            await request.app[BANK].drop_link(_seconds(body.get("seconds", 0)))
        case _:
            raise BadRequestError("do is neither restart nor drop_link")
    return web.json_response({})


def _seconds(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not 0 <= float(value) <= MAX_LINK_DOWN_S:  # type: ignore[arg-type]
        raise BadRequestError(f"seconds is no number from 0 to {MAX_LINK_DOWN_S:g}")
    return float(value)  # type: ignore[arg-type]
