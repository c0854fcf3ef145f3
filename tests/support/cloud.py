"""The cloud in one process: real handlers and services, a real table's behaviour by moto, and sockets that remember."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from moto import mock_aws

from ringline_cloud import composition
from ringline_cloud.config import Settings
from ringline_cloud.handlers import edge_socket, page_socket
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.states import States
from ringline_cloud.store.table import Table

Frame = dict[str, Any]
deserialized = TypeDeserializer().deserialize
TENANT, SITE = "demo", "hq"
NOW_MS = 1_800_000_000_000
SETTINGS = Settings(
    table="ringline",
    edge_callback="https://edge.example/v1",
    page_callback="https://page.example/v1",
    edge_socket_url="wss://edge.example/v1",
    page_socket_url="wss://page.example/v1",
    edge_audience="ringline-edge",
    allowed_origins=frozenset({"https://app.example"}),
    user_claim="sub",
    roles_claim="cognito:groups",
    tenant_claim="custom:tenant",
    fixed_tenant=TENANT,
    pepper="pepper",
    beat_s=25,
    lease_s=60,
    heartbeat_s=30,
)


@dataclass
class Wire:
    """Sockets of one API: what was posted to each, and which of them are gone."""

    posted: list[tuple[str, Frame]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    closed: list[str] = field(default_factory=list)

    def post(self, sockets: Sequence[str], frame: str) -> tuple[str, ...]:
        """See `Fanout.post`."""
        alive = [socket for socket in sockets if socket not in self.gone]
        self.posted += [(socket, json.loads(frame)) for socket in alive]
        return tuple(socket for socket in sockets if socket in self.gone)

    def close(self, socket: str) -> None:
        """See `Fanout.close`."""
        self.closed.append(socket)

    def to(self, socket: str, kind: str | None = None) -> list[Frame]:
        """Frames that a socket got, those of one type only if asked."""
        return [frame for each, frame in self.posted if each == socket and kind in (None, frame["t"])]


@dataclass
class CountingClient:
    """A DynamoDB client that counts its requests, and throttles, or breaks at the n-th from now, when told to."""

    client: Any
    requests: list[str] = field(default_factory=list)
    throttled: bool = False
    dies_in: int | None = None
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(**arguments: Any) -> Any:
            self.requests.append(name)
            if self.dies_in is not None:
                self.dies_in -= 1
                if self.dies_in <= 0:
                    raise RuntimeError("the function died here")
            if self.throttled:
                raise self.client.exceptions.ProvisionedThroughputExceededException(
                    {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}, name
                )
            with self.one_at_a_time:  # moto's tables are not made for several threads
                return method(**arguments)

        return call


@dataclass
class Cloud:
    """A deployment for tests.

    Attributes:
        roles: Roles of agents that have others than `agent`.
        now_ms: Its clock, set by the test.
        requests: Names of the requests to the table so far.
    """

    deps: Deps
    client: CountingClient
    pages: Wire
    edges: Wire
    states: States
    clock: list[int]
    roles: dict[str, str] = field(default_factory=dict)
    _frames: int = 0

    @property
    def now_ms(self) -> int:
        """What the cloud's clock shows."""
        return self.clock[0]

    def rows(self) -> list[Frame]:
        """Every item of the table, by key."""
        found = self.client.client.scan(TableName=SETTINGS.table)["Items"]
        plain = [{name: deserialized(value) for name, value in item.items()} for item in found]
        return sorted(plain, key=lambda item: (item["pk"], item["sk"]))

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock[0] += int(seconds * 1000)

    def from_page(
        self, frame: Frame | str, agent: str = "anna", socket: str = "p1", tenant: str = TENANT
    ) -> Frame | None:
        """A page's frame through the real handler; the answer."""
        who = {"kind": "page", "tenant": tenant, "agent": agent, "name": agent.title()}
        who["roles"] = self.roles.get(agent, "agent")
        who["expires_at_ms"] = str(NOW_MS + 8 * 3600 * 1000)
        return _answer(page_socket.handle(_event("MESSAGE", socket, who, frame), self.deps))

    def from_edge(self, frame: Frame | str, edge: str = "edge-1", socket: str = "e1") -> Frame | None:
        """An edge's frame through the real handler, with a number if it has none; the answer."""
        if isinstance(frame, dict):
            self._frames += 1
            frame = {"frame": self._frames, **frame}
        who = {"kind": "edge", "tenant": TENANT, "site": SITE, "edge": edge}
        return _answer(edge_socket.handle(_event("MESSAGE", socket, who, frame), self.deps, self.states))

    def page_gone(self, socket: str, agent: str = "anna") -> None:
        """`$disconnect` of a page."""
        page_socket.handle(_event("DISCONNECT", socket, {"kind": "page", "agent": agent}, None), self.deps)

    def edge_gone(self, socket: str) -> None:
        """`$disconnect` of an edge."""
        edge_socket.handle(_event("DISCONNECT", socket, {"kind": "edge"}, None), self.deps, self.states)

    def edge_leads(self, edge: str = "edge-1", session: str = "s1", socket: str = "e1") -> Frame:
        """An edge says hello; the welcome."""
        hello = {"t": "hello", "v": 1, "edge": edge, "session": session, "software": "test", "pbx": {"kind": "test"}}
        answer = self.from_edge({**hello, "capabilities": ["place", "drop"]}, edge, socket)
        assert answer is not None
        return answer

    def page_opens(self, agent: str = "anna", socket: str = "p1", page: str = "page-1", **hello: Any) -> Frame:
        """A page says hello; the welcome."""
        said = {"t": "hello", "v": 1, "page": page, "client": "test"}
        answer = self.from_page({**said, **hello}, agent, socket)
        assert answer is not None
        return answer

    def mapped(self, agent: str, station: str, **mapping: Any) -> None:
        """Give an agent a phone."""
        known = {"site": SITE, "station": station, "login": station, "name": agent.title(), "queues": ["support"]}
        self.deps.agents.map(TENANT, agent, {**known, "hot_desk": False, **mapping})

    def logged_on(self, agent: str = "anna", station: str = "1001", socket: str = "p1") -> Frame:
        """An agent whose page is open and whose phone was logged on; the welcome."""
        self.mapped(agent, station)
        welcome = self.page_opens(agent, socket, f"page-{socket}")
        command = self.edges.to("e1", "command")[-1]
        self.from_edge({"t": "result", "id": command["id"], "stage": "confirmed"})
        return welcome

    def state(self, station: str, seq: int, epoch: int = 1, **document_fields: Any) -> Frame:
        """One document of an edge; the ack."""
        rang = document_fields.pop("rang", [])
        told = {"station": station, "seq": seq, "doc": document(station, **document_fields), "rang": rang}
        answer = self.from_edge({"t": "state", "epoch": epoch, "stations": [told]})
        assert answer is not None
        return answer


def document(station: str, calls: Sequence[Frame] = (), state: str = "ready", **more: Any) -> Frame:
    """A station document of the contract."""
    return {
        "station": station,
        "in_service": True,
        "agent": {"login": station, "state": state},
        "calls": list(calls),
        "wrap_up": [],
        "can": ["place"],
        "recent": [],
        **more,
    }


def call(ident: str = "c-1", leg: str = "alerting", **more: Any) -> Frame:
    """One entry of `calls`."""
    return {
        "call": ident,
        "interaction": f"i-{ident}",
        "leg": leg,
        "direction": "inbound",
        "remote": {"number": "+442071234567", "presentation": "allowed"},
        "queue": "support",
        "started_at": "2027-01-15T08:00:00.000Z",
        **more,
    }


@contextmanager
def running() -> Iterator[Cloud]:
    """A fresh cloud with one table and one site."""
    with mock_aws():
        raw = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        raw.create_table(
            TableName=SETTINGS.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        client, clock, pages, edges = CountingClient(raw), [NOW_MS], Wire(), Wire()
        table = Table(client, SETTINGS.table)  # type: ignore[arg-type]
        deps = replace(composition.assembled(SETTINGS, table, pages, edges), now_ms=lambda: clock[0])
        deps.sites.put(TENANT, SITE, {"name": "Headquarters", "tz": "Europe/London"})
        yield Cloud(deps, client, pages, edges, States(deps), clock)


def _event(kind: str, socket: str, who: Frame, frame: Frame | str | None) -> Frame:
    context = {"eventType": kind, "connectionId": socket, "authorizer": who, "requestId": "r"}
    body = frame if frame is None or isinstance(frame, str) else json.dumps(frame)
    return {"requestContext": context, "body": body}


def _answer(response: Frame) -> Frame | None:
    assert response["statusCode"] == 200
    return json.loads(response["body"]) if "body" in response else None
