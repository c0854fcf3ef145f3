"""The page API's socket function."""

from __future__ import annotations

from typing import Any

from ringline_cloud import composition
from ringline_cloud.entry import loaded
from ringline_cloud.handlers import page_socket
from ringline_cloud.telemetry import logger, metrics

deps = composition.build()
loaded()


@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point."""
    logger.set_correlation_id(event["requestContext"].get("requestId"))
    return page_socket.handle(event, deps)
