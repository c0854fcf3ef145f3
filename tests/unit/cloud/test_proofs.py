"""Tickets, enrolment and assertions: each serves once, for whom it was made, and for a moment only."""

from __future__ import annotations

import time
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringline_cloud.handlers import authorizers, edge_authorizer
from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import enrolment, tickets
from ringline_core.errors import InvalidMessageError, NotAuthorizedError
from tests.support.cloud import NOW_MS, SETTINGS, SITE, TENANT, Cloud

ANNA = PageIdentity(TENANT, "anna", "Anna Ek", ("agent",), NOW_MS + 3_600_000)


def page_event(ticket: str, origin: str | None = "https://app.example") -> dict[str, Any]:
    """A page's upgrade as its authorizer gets it."""
    headers = {"Origin": origin} if origin else {}
    query = {"ticket": ticket}
    return {"methodArn": "arn:x/v1/$connect", "headers": headers, "queryStringParameters": query}


def effect(policy: dict[str, Any]) -> str:
    """Allow or Deny; the policy names the asked method and nothing else."""
    (statement,) = policy["policyDocument"]["Statement"]
    assert statement["Resource"] == "arn:x/v1/$connect"
    return str(statement["Effect"])


def ticket_of(cloud: Cloud) -> str:
    """Anna's fresh ticket."""
    return str(tickets.issue(cloud.deps, ANNA)["ticket"])


def test_a_ticket_names_the_address_and_opens_one_socket(cloud: Cloud) -> None:
    given = tickets.issue(cloud.deps, ANNA)
    assert given["url"] == f"{SETTINGS.page_socket_url}?ticket={given['ticket']}"
    policy = authorizers.page(page_event(given["ticket"]), cloud.deps)
    assert effect(policy) == "Allow"
    assert policy["context"]["agent"] == "anna"
    assert all(isinstance(value, str) for value in policy["context"].values())
    assert effect(authorizers.page(page_event(given["ticket"]), cloud.deps)) == "Deny"


def test_an_old_or_made_up_ticket_opens_nothing(cloud: Cloud) -> None:
    ticket = ticket_of(cloud)
    cloud.later(31)
    assert effect(authorizers.page(page_event(ticket), cloud.deps)) == "Deny"
    assert effect(authorizers.page(page_event("made-up"), cloud.deps)) == "Deny"
    assert effect(authorizers.page(page_event(""), cloud.deps)) == "Deny"


def test_a_foreign_origin_is_refused_and_a_missing_one_accepted(cloud: Cloud) -> None:
    ticket = ticket_of(cloud)
    for origin in ("https://evil.example", "null", "https://app.example.evil.example"):
        assert effect(authorizers.page(page_event(ticket, origin), cloud.deps)) == "Deny"
    assert effect(authorizers.page(page_event(ticket, None), cloud.deps)) == "Allow"


class Edge:
    """An enrolled edge's key."""

    def __init__(self, cloud: Cloud, site: str = SITE) -> None:
        self.cloud = cloud
        self.key = Ed25519PrivateKey.generate()
        code = enrolment.make_code(cloud.deps, TENANT, site)["code"]
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.given = enrolment.enrol(cloud.deps, code, pem, "edge-1")
        self.code, self.pem = code, pem

    def assertion(self, key: Any = None, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """A good assertion, changed as asked; a claim set to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.given["site"], "sub": "edge-1", "aud": self.given["audience"], "iat": now, "exp": now + 60,
            "jti": uuid.uuid4().hex, **changes,
        }  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key or self.key, "EdDSA", headers={"kid": self.given["kid"], **(headers or {})})

    def opens(self, assertion: str) -> bool:
        """Whether the authorizer lets an edge with this assertion in."""
        event = {"methodArn": "arn:x/v1/$connect", "headers": {"Authorization": f"Bearer {assertion}"}}
        return effect(edge_authorizer.handle(event, self.cloud.deps)) == "Allow"


@pytest.fixture
def edge(cloud: Cloud) -> Edge:
    """An edge that is enrolled at the site."""
    return Edge(cloud)


def test_an_assertion_opens_one_socket(edge: Edge) -> None:
    assertion = edge.assertion()
    assert edge.opens(assertion)
    assert not edge.opens(assertion)


def forgeries(edge: Edge) -> dict[str, str]:
    """Assertions that must not hold."""
    now = int(time.time())
    other = Ed25519PrivateKey.generate()
    return {
        "no token": "",
        "nonsense": "a.b.c",
        "other key": edge.assertion(key=other),
        "unknown kid": edge.assertion(headers={"kid": "k-none"}),
        "no kid": edge.assertion(headers={"kid": ""}),
        "other site": edge.assertion(iss="other"),
        "other edge": edge.assertion(sub="edge-2"),
        "other audience": edge.assertion(aud="other"),
        "audience list": edge.assertion(aud=[edge.given["audience"], "other"]),
        "over": edge.assertion(iat=now - 600, exp=now - 540),
        "too long": edge.assertion(exp=now + 600),
        "from the future": edge.assertion(iat=now + 600, exp=now + 660),
        "no jti": edge.assertion(jti=None),
        "no exp": edge.assertion(exp=None),
        "no iat": edge.assertion(iat=None),
        "alg none": jwt.encode({"iss": SITE}, "", "none", headers={"kid": edge.given["kid"]}),
        "alg HS256": jwt.encode({"iss": SITE}, "k" * 32, "HS256", headers={"kid": edge.given["kid"]}),
    }


def test_forged_assertions_open_nothing(edge: Edge) -> None:
    opened = [name for name, assertion in forgeries(edge).items() if edge.opens(assertion)]
    assert opened == []
    assert edge.opens(edge.assertion())


def test_an_enrolment_code_serves_once_and_for_an_hour(cloud: Cloud, edge: Edge) -> None:
    with pytest.raises(NotAuthorizedError):
        enrolment.enrol(cloud.deps, edge.code, edge.pem, "edge-2")
    late = enrolment.make_code(cloud.deps, TENANT, SITE)["code"]
    cloud.later(3601)
    with pytest.raises(NotAuthorizedError):
        enrolment.enrol(cloud.deps, late, edge.pem, "edge-2")


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
def test_a_key_that_is_none_leaves_the_code_good(cloud: Cloud, edge: Edge, pem: str) -> None:
    code = enrolment.make_code(cloud.deps, TENANT, SITE)["code"]
    with pytest.raises(InvalidMessageError, match="public_key"):
        enrolment.enrol(cloud.deps, code, pem, "edge-2")
    assert enrolment.enrol(cloud.deps, code, edge.pem, "edge-2")["edge"] == "edge-2"


def test_secrets_are_stored_as_hashes_only(cloud: Cloud) -> None:
    ticket = ticket_of(cloud)
    code = enrolment.make_code(cloud.deps, TENANT, SITE)["code"]
    stored = str(cloud.client.client.scan(TableName=SETTINGS.table)["Items"])
    assert ticket not in stored
    assert code not in stored
