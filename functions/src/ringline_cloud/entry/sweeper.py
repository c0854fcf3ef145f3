"""The scheduled function that forgets sockets whose end nobody told."""

from __future__ import annotations

from typing import Any

from ringline_cloud import composition
from ringline_cloud.entry import loaded
from ringline_cloud.services import sweep
from ringline_cloud.telemetry import logger, metrics

deps = composition.build()
loaded()


@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point."""
    logger.set_correlation_id(event.get("id"))
    swept = sweep.sweep(deps)
    logger.info("sockets_swept", count=swept)
    return {"swept": swept}
