"""Fan-out over API Gateway's @connections calls: one request per socket, a bounded pool, a small retry budget.

Source: PostToConnection; 410 means gone, 429 means throttled or that the browser does not read fast enough.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ringline_cloud.telemetry import Metric, count, logger

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

POOL = 8
PAUSE_S = (0.05, 0.15)


class ApiGatewayFanout:
    """Posts through one WebSocket API."""

    def __init__(self, client: ApiGatewayManagementApiClient) -> None:
        """`client` should not retry by itself; its retries sleep for seconds while an ack waits."""
        self._client = client
        self._pool = ThreadPoolExecutor(POOL, thread_name_prefix="post")

    def post(self, sockets: Sequence[str], frame: str) -> tuple[str, ...]:
        """See `Fanout.post`."""
        data = frame.encode()
        if len(sockets) <= 1:
            gone = [socket for socket in sockets if not self._post(socket, data)]
        else:
            alive = self._pool.map(lambda socket: self._post(socket, data), sockets)
            gone = [socket for socket, is_alive in zip(sockets, alive, strict=True) if not is_alive]
        if gone:
            count(Metric.POST_GONE, len(gone))
        return tuple(gone)

    def close(self, socket: str) -> None:
        """See `Fanout.close`."""
        try:
            self._client.delete_connection(ConnectionId=socket)
        except (ClientError, BotoCoreError):
            logger.info("socket_close_failed", socket=socket)

    def _post(self, socket: str, data: bytes) -> bool:
        """Whether the socket still is there; one more try when throttled."""
        for is_last in (False, True):
            try:
                self._client.post_to_connection(ConnectionId=socket, Data=data)
            except ClientError as err:
                code = err.response["Error"]["Code"]
                if code == "GoneException":
                    return False
                if code != "LimitExceededException" or is_last:
                    break
                time.sleep(random.uniform(*PAUSE_S))
            except BotoCoreError:
                break
            else:
                return True
        count(Metric.POST_FAILED)
        return True
