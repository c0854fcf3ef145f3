"""The edge API's socket function."""

from __future__ import annotations

from typing import Any

from ringline_cloud import composition
from ringline_cloud.entry import loaded
from ringline_cloud.handlers import edge_socket
from ringline_cloud.services.states import States
from ringline_cloud.telemetry import logger, metrics

deps = composition.build()
states = States(deps)
loaded()


@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point."""
    logger.set_correlation_id(event["requestContext"].get("requestId"))
    return edge_socket.handle(event, deps, states)
