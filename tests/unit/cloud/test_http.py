"""The HTTP API through its application: routes, roles, refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest

from ringline_cloud.handlers.http.app import app, handle
from tests.support.cloud import NOW_MS, TENANT, Cloud, call

MAPPING = {"site": "hq", "station": "1001", "queues": ["support"]}


@dataclass
class Context:
    """What of Lambda's context the library reads."""

    aws_request_id: str = "r"


def token(**changes: Any) -> str:
    """An id token; the authorizer has checked its signature."""
    claims = {
        "sub": "anna", "name": "Anna Ek", "cognito:groups": ["agent"], "custom:tenant": "ignored", "token_use": "id",
        "exp": NOW_MS // 1000 + 3600, **changes,
    }  # fmt: skip
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, "k" * 32, "HS256")


ADMIN = token(sub="adam", **{"cognito:groups": ["admin"]})


def request(
    cloud: Cloud, method: str, path: str, body: Any = None, *, who: str | None = ADMIN, kind: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    """One request; status and answer."""
    path, _, query = path.partition("?")
    context: dict[str, Any] = {"http": {"method": method, "path": path}, "stage": "$default", "requestId": "r"}
    headers = {"content-type": kind}
    if who is not None:
        headers["authorization"] = f"Bearer {who}"
        context["authorizer"] = {"jwt": {"claims": {}, "scopes": None}}
    event = {
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers, "requestContext": context,
        "queryStringParameters": dict(parse_qsl(query)),
        "body": body if isinstance(body, str) else json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }  # fmt: skip
    answer = handle(event, Context(), cloud.deps)
    return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else {}


def test_a_ticket_is_made_for_who_the_token_names(cloud: Cloud) -> None:
    status, given = request(cloud, "POST", "/tickets", who=token())
    assert (status, given["expires_in_s"]) == (201, 30)
    assert given["url"].endswith(given["ticket"])


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"token_use": "access"}, 401),
        ({"sub": None}, 401),
        ({"sub": "a#b"}, 401),
        ({"sub": 7}, 401),
        ({"cognito:groups": None}, 403),
        ({"cognito:groups": ["visitor"]}, 403),
        ({"cognito:groups": "agent admin"}, 403),
        ({"cognito:groups": ["no agent"]}, 403),
        ({"cognito:groups": "agent"}, 201),
    ],
    ids=str,
)
def test_claims_decide_and_a_group_with_a_space_is_no_two_roles(
    cloud: Cloud, claims: dict[str, Any], status: int
) -> None:
    assert request(cloud, "POST", "/tickets", who=token(**claims))[0] == status


def test_without_a_checked_token_only_enrolment_is_open(cloud: Cloud) -> None:
    for method, path in (("POST", "/tickets"), ("GET", "/me"), ("GET", "/mappings"), ("PUT", "/policies")):
        assert request(cloud, method, path, who=None)[0] == 401
    status, refused = request(
        cloud, "POST", "/enrolments", {"code": "c", "public_key": "x", "edge": "edge-1"}, who=None
    )
    assert (status, refused["error"]["code"]) == (400, "message_invalid")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/sites/hq", {}), ("POST", "/sites/hq/enrolments", {}), ("GET", "/mappings", None),
        ("PUT", "/mappings/anna", MAPPING), ("DELETE", "/mappings/anna", None), ("PUT", "/policies", {}),
    ],
)  # fmt: skip
def test_an_agent_administers_nothing(cloud: Cloud, method: str, path: str, body: Any) -> None:
    status, refused = request(cloud, method, path, body, who=token())
    assert (status, refused["error"]["code"]) == (403, "forbidden")


def test_sites_and_mappings_are_kept_listed_and_removed(cloud: Cloud) -> None:
    assert request(cloud, "PUT", "/sites/branch", {"name": "Branch", "tz": "Europe/Oslo"})[0] == 200
    assert [each["site"] for each in request(cloud, "GET", "/sites")[1]["items"]] == ["branch", "hq"]
    status, put = request(cloud, "PUT", "/mappings/anna", MAPPING)
    assert (status, put["mapping"]["login"]) == (200, "1001")
    assert request(cloud, "GET", "/mappings")[1]["items"] == [put]
    assert request(cloud, "GET", "/me", who=token())[1]["mapping"] == put["mapping"]
    assert request(cloud, "DELETE", "/mappings/anna")[0] == 204
    assert request(cloud, "GET", "/mappings/anna")[0] == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/mappings/anna", {**MAPPING, "site": "none"}), ("/mappings/anna", {**MAPPING, "station": "a b"}),
        ("/mappings/anna", {**MAPPING, "surprise": 1}), ("/mappings/anna", {}), ("/mappings/anna", "not json"),
        ("/sites/a%20b", {}), ("/policies", {"gate": "sometimes"}), ("/policies", {"surprise": 1}),
        ("/policies", "not json"),
    ],
    ids=str,
)  # fmt: skip
def test_bodies_that_do_not_fit_are_refused_with_the_place(cloud: Cloud, path: str, body: Any) -> None:
    status, refused = request(cloud, "PUT", path, body)
    assert (status, refused["error"]["code"]) == (400, "message_invalid")
    assert refused["error"]["text"]


def test_the_policy_is_kept_as_it_was_given(cloud: Cloud) -> None:
    policy = {"gate": "note", "wrap_s": 12.5, "queues": {"sales": {"gate": "off"}}}
    assert request(cloud, "PUT", "/policies", policy) == (200, policy)
    assert request(cloud, "GET", "/policies") == (200, policy)
    assert cloud.deps.sites.policy(TENANT) == policy


def test_an_unknown_route_and_an_unknown_site_are_not_found(cloud: Cloud) -> None:
    for method, path in (("GET", "/nothing"), ("GET", "/sites/none"), ("POST", "/sites/none/enrolments")):
        status, refused = request(cloud, method, path)
        assert (status, refused["error"]["code"]) == (404, "not_found")


def test_a_preflight_passes_without_a_token(cloud: Cloud) -> None:
    assert request(cloud, "OPTIONS", "/tickets", who=None)[0] == 204


def test_an_interaction_is_shown_to_who_took_part_and_to_their_supervisors(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    for who, station, team in (("anna", "1001", "red"), ("sue", "1004", "red"), ("bob", "1005", "blue")):
        cloud.mapped(who, station, team=team, queues=["sales"])
    cloud.state("1001", 1, calls=[call("c-1")], rang=["c-1"])
    record = {"call": "c-1", "version": 1, "record": {"interaction": "i-c-1", "legs": []}}
    cloud.from_edge({"t": "records", "items": [record]})
    status, shown = request(cloud, "GET", "/interactions/i-c-1", who=token())
    assert (status, shown["agents"], [each["call"] for each in shown["calls"]]) == (200, ["anna"], ["c-1"])
    assert request(cloud, "GET", "/interactions/i-c-1", who=token(sub="ben"))[0] == 403
    seen = {
        who: request(cloud, "GET", "/interactions/i-c-1", who=token(sub=who, **{"cognito:groups": ["supervisor"]}))[0]
        for who in ("sue", "bob", "lone")
    }
    assert seen == {"sue": 200, "bob": 403, "lone": 403}
    assert request(cloud, "GET", "/interactions/i-none", who=token())[0] == 403


def test_a_throttled_table_is_told_as_too_many_requests(cloud: Cloud) -> None:
    cloud.client.throttled = True
    status, refused = request(cloud, "GET", "/policies")
    assert (status, refused["error"]["code"]) == (429, "rate_limited")


def test_the_openapi_document_lists_every_route() -> None:
    paths = json.loads(app.get_openapi_json_schema(title="Ringline", version="1"))["paths"]
    assert {"/tickets", "/me", "/sites", "/sites/{site}", "/mappings/{user}", "/policies", "/enrolments"} <= set(paths)


def test_a_body_that_says_to_be_no_json_is_a_bad_request_and_no_fault_of_ours(cloud: Cloud) -> None:
    status, told = request(cloud, "PUT", "/mappings/anna", MAPPING, kind="text/csv")
    assert (status, told["error"]["code"]) == (400, "message_invalid")
    assert "application/json" in told["error"]["text"]
