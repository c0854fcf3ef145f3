"""Posts over @connections: gone, throttled, failing, and many at once."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from ringline_cloud.fanout.api_gateway import ApiGatewayFanout


class Client:
    """API Gateway's client; what each socket answers is set by the test."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.tries: list[str] = []

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
        self.tries.append(ConnectionId)
        answers = self.answers.get(ConnectionId, [])
        if answers:
            _fail(answers.pop(0))

    def delete_connection(self, ConnectionId: str) -> None:
        _fail("GoneException")


def _fail(code: str) -> None:
    if code == "network":
        raise EndpointConnectionError(endpoint_url="https://page.example")
    raise ClientError({"Error": {"Code": code, "Message": code}}, "PostToConnection")


def fanout(client: Client) -> ApiGatewayFanout:
    """The real fan-out around a client."""
    api: Any = client
    return ApiGatewayFanout(api)


def test_only_sockets_that_are_gone_are_reported() -> None:
    client = Client(a=["GoneException"], c=["network"], d=["ForbiddenException"])
    assert fanout(client).post(("a", "b", "c", "d"), "{}") == ("a",)


def test_a_throttled_post_is_tried_once_more_and_then_left_to_the_beat() -> None:
    client = Client(a=["LimitExceededException"], b=["LimitExceededException"] * 2)
    assert fanout(client).post(("a", "b"), "{}") == ()
    assert sorted(client.tries) == ["a", "a", "b", "b"]


def test_closing_a_socket_that_is_gone_is_harmless() -> None:
    fanout(Client()).close("a")


def test_nobody_to_post_to_is_no_request() -> None:
    client = Client()
    assert fanout(client).post((), "{}") == ()
    assert client.tries == []
