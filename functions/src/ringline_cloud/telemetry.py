"""Logs and metrics: constant event names, key-values, numbers redacted, bodies never.

Every invocation writes one line; metrics go out in the embedded format, with the service as their only dimension.
"""

from __future__ import annotations

import os
import threading
from enum import StrEnum

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="ringline", level=os.environ.get("LOG_LEVEL", "INFO"))
metrics = Metrics(namespace="Ringline", service="ringline")


class Metric(StrEnum):
    """Every metric there is."""

    STATION_WRITTEN = "StationWritten"
    STATION_REPEATED = "StationRepeated"
    EDGE_FENCED = "EdgeFenced"
    POST_GONE = "PostGone"
    POST_FAILED = "PostFailed"
    MESSAGE_REFUSED = "MessageRefused"
    COMMAND_SENT = "CommandSent"
    EDGE_OFFLINE = "EdgeOffline"
    TABLE_THROTTLED = "TableThrottled"
    PROOF_REFUSED = "ProofRefused"
    HANDLER_FAILED = "HandlerFailed"
    SOCKET_SWEPT = "SocketSwept"


_counting = threading.Lock()


def count(metric: Metric, by: int = 1) -> None:
    """Count something; may be called from the threads that post."""
    with _counting:
        metrics.add_metric(name=metric.value, unit=MetricUnit.Count, value=by)


def masked(number: str | None) -> str:
    """A caller's number as logs may show it: the last three digits."""
    return f"...{number[-3:]}" if number and len(number) > 3 else "..."
