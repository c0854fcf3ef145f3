"""The HTTP API as one application: its routes, and how refusals are told."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError

from ringline_cloud.handlers.http import (
    admin,
    calls,
    colleagues,
    edges,
    erasure,
    pages,
    policies,
    supervisor,
    work,
)
from ringline_cloud.handlers.http.caller import DEPS
from ringline_cloud.services.deps import Deps
from ringline_cloud.telemetry import Metric, count, logger
from ringline_core.errors import (
    ForbiddenError,
    InvalidMessageError,
    NotAuthorizedError,
    RinglineError,
    StoreThrottledError,
)
from ringline_core.wire.codec import compact

STATUS: dict[type[RinglineError], HTTPStatus] = {
    InvalidMessageError: HTTPStatus.BAD_REQUEST,
    NotAuthorizedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    StoreThrottledError: HTTPStatus.TOO_MANY_REQUESTS,
}
"""Which status a refusal has; those that are not here are faults of ours."""

app = APIGatewayHttpResolver(enable_validation=True)
ROUTERS = (
    pages.router,
    admin.router,
    policies.router,
    supervisor.router,
    colleagues.router,
    calls.router,
    erasure.router,
    work.router,
    edges.router,
)
for each in ROUTERS:
    app.include_router(each)


def handle(event: dict[str, Any], context: Any, deps: Deps) -> dict[str, Any]:
    """Answer one request of the HTTP API.

    Args:
        event: API Gateway HTTP event, payload format 2.0.
        context: Lambda's context.
        deps: Store and ways to the sockets.
    """
    app.append_context(**{DEPS: deps})
    answer = app.resolve(event, context)
    http = event["requestContext"]["http"]
    logger.info("request_handled", method=http["method"], status=answer["statusCode"])
    return answer


@app.route(".+", method=["OPTIONS"])
def preflight() -> Response[None]:
    """The preflight passes; API Gateway itself adds the CORS headers."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


@app.exception_handler(RinglineError)  # type: ignore[untyped-decorator]
def refuse(err: RinglineError) -> Response[str]:
    """A refusal on purpose: its class gives the status."""
    status = next((found for kind, found in STATUS.items() if isinstance(err, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    count(Metric.TABLE_THROTTLED if isinstance(err, StoreThrottledError) else Metric.MESSAGE_REFUSED)
    return _told(status, err.code, str(err))


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
def refuse_body(err: RequestValidationError) -> Response[str]:
    """A body or parameter that does not fit: where, and why."""
    first = err.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    count(Metric.MESSAGE_REFUSED)
    return _told(HTTPStatus.BAD_REQUEST, "message_invalid", f"{where}: {first['msg']}")


@app.exception_handler(RequestUnsupportedContentType)  # type: ignore[untyped-decorator]
def refuse_kind(_: RequestUnsupportedContentType) -> Response[str]:
    """A body that says itself to be no JSON."""
    count(Metric.MESSAGE_REFUSED)
    return _told(HTTPStatus.BAD_REQUEST, "message_invalid", "the Content-Type must be application/json")


@app.exception_handler(NotFoundError)  # type: ignore[untyped-decorator]
def refuse_path(err: NotFoundError) -> Response[str]:
    """There is no such route, or nothing of that name."""
    return _told(HTTPStatus.NOT_FOUND, "not_found", str(err.msg))


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def fail(_: Exception) -> Response[str]:
    """A fault of ours: logged with its trace, told without a word of it."""
    count(Metric.HANDLER_FAILED)
    logger.exception("request_failed")
    return _told(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong.")


def _told(status: HTTPStatus, code: str, text: str) -> Response[str]:
    body = compact({"error": {"code": code, "text": text[:500]}})
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, body=body)
