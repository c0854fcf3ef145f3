"""The page API's authorizer function."""

from __future__ import annotations

from typing import Any

from ringline_cloud import composition
from ringline_cloud.entry import loaded
from ringline_cloud.handlers import authorizers
from ringline_cloud.telemetry import logger, metrics

deps = composition.build()
loaded()


@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point."""
    logger.set_correlation_id(event["requestContext"].get("requestId"))
    return authorizers.page(event, deps)
