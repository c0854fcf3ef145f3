"""Mappings of a whole team: files, their refused lines, two users on one station, and the way back."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_cloud.handlers.http.app import handle
from ringline_cloud.handlers.http.mappings import MOST_BYTES
from ringline_cloud.services import mapping_plan, mappings
from ringline_cloud.services.mapping_plan import Sheet, Wish
from ringline_core.errors import StoreThrottledError
from tests.support.cloud import NOW_MS, TENANT, Cloud

Answer = dict[str, Any]
HEADER = "user,site,station,login,name,team,queues,hot_desk"
TEAM = f"{HEADER}\nanna,hq,1001,7001,Anna Ek,Blue,support|sales,\nben,hq,1002,,,,support,\n"


@dataclass
class Context:
    """What of Lambda's context the library reads."""

    aws_request_id: str = "r"


def ask(
    cloud: Cloud, method: str, path: str, body: str | None = None, *, kind: str = "application/json", **more: Any
) -> tuple[int, Answer]:
    """One request of an administrator; status and answer."""
    claims = {"sub": "adam", "cognito:groups": [more.pop("role", "admin")], "exp": NOW_MS // 1000 + 3600}
    token = jwt.encode(claims, "k" * 32, "HS256")
    context: Answer = {"http": {"method": method, "path": path}, "stage": "$default", "requestId": "r"}
    context["authorizer"] = {"jwt": {"claims": {}, "scopes": None}}
    event = {
        "version": "2.0", "rawPath": path, "rawQueryString": "", "requestContext": context, "body": body,
        "headers": {"content-type": kind, "authorization": f"Bearer {token}"}, "isBase64Encoded": False, **more,
    }  # fmt: skip
    answer = handle(event, Context(), cloud.deps)
    return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else {}


def take_in(cloud: Cloud, text: str, **switches: bool) -> Answer:
    """Import a file."""
    status, answer = ask(cloud, "POST", "/mappings:import", json.dumps({"csv": text, **switches}))
    assert status == 200
    return answer


def stations(cloud: Cloud) -> dict[str, str]:
    """Each mapped user's station."""
    return {user: str(mapping["station"]) for user, mapping in mappings.current(cloud.deps, TENANT).items()}


def lines(answer: Answer) -> list[int]:
    """Of the refused rows."""
    return [each["line"] for each in answer["refused"]]


def test_a_file_is_imported_whole_and_the_second_time_nothing_is_left_to_do(cloud: Cloud) -> None:
    answer = take_in(cloud, TEAM)
    assert [each["user"] for each in answer["added"]] == ["anna", "ben"]
    assert answer["added"][0]["mapping"] == {
        "site": "hq", "station": "1001", "login": "7001", "name": "Anna Ek", "team": "Blue",
        "queues": ["support", "sales"], "hot_desk": False,
    }  # fmt: skip
    assert answer["added"][1]["mapping"]["login"] == "1002"
    assert (answer["applied"], answer["refused"], answer["changed"], answer["removed"]) == (True, [], [], [])
    again = take_in(cloud, TEAM)
    assert (again["applied"], again["unchanged"], again["added"], again["import"]) == (True, 2, [], None)


def test_a_dry_run_tells_the_difference_and_writes_nothing(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    text = f"{HEADER}\nanna,hq,1009,7001,Anna Ek,Blue,support|sales,\ncarl,hq,1003,,,,,\n"
    before = list(cloud.client.requests)
    answer = take_in(cloud, text, dry_run=True, replace=True)
    assert set(cloud.client.requests[len(before) :]) == {"query"}
    (changed,) = answer["changed"]
    assert (changed["user"], changed["before"]["station"], changed["after"]["station"]) == ("anna", "1001", "1009")
    assert [each["user"] for each in answer["added"]] == ["carl"]
    assert [(each["user"], each["mapping"]["station"]) for each in answer["removed"]] == [("ben", "1002")]
    assert (answer["applied"], answer["import"], answer["without_queues"]) == (False, None, ["carl"])
    assert stations(cloud) == {"anna": "1001", "ben": "1002"}


@pytest.mark.parametrize(
    ("rows", "refused", "word"),
    [
        (["anna,hq,10O1"], [2], "letters"),
        (["anna,hq,10 01"], [2], "station"),
        (["anna,hq,"], [2], "station"),
        (["anna,nowhere,1001"], [2], "no such site"),
        (["an na,hq,1001"], [2], "user"),
        (["a#b,hq,1001"], [2], "user"),
        ([",hq,1001"], [2], "user"),
        (["anna,hq,1001", "anna,hq,1002"], [2, 3], "lines 2, 3"),
        (["anna,hq,1001", "ben,hq,1001"], [2, 3], "1001"),
        (["anna,hq,1001,,,,,yes", "ben,hq,1001"], [2, 3], "hot_desk"),
        (["anna,hq,1001,,,,,perhaps"], [2], "hot_desk"),
        (["anna,hq,1001,,,,,,,surplus"], [2], "cells"),
        ([f"anna,hq,1001,,{'n' * 121}"], [2], "name"),
        ([f"anna,hq,1001,,,,{'q' * 81}"], [2], "queues"),
        (['anna,hq,"1001'], [2], "CSV"),
        (['anna,hq,1"001', 'ben,hq,"10"02'], [2, 3], ""),
        ([], [1], "no rows"),
    ],
    ids=str,
)  # fmt: skip
def test_a_refused_row_names_its_line_and_keeps_the_others_from_being_applied(
    cloud: Cloud, rows: list[str], refused: list[int], word: str
) -> None:
    answer = take_in(cloud, "\n".join([HEADER, *rows, "zoe,hq,1999"] if rows else [HEADER]))
    assert lines(answer) == refused
    assert word in answer["refused"][0]["reason"]
    assert (answer["applied"], stations(cloud)) == (False, {})


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("", "empty"), ("user,site", "station"), ("user,site,station,extension", "'extension'"),
        ("user,site,station,USER", "user more than once"), ("user\tsite\tstation", "user"),
    ],
)  # fmt: skip
def test_a_header_that_does_not_fit_is_told_with_what_would(cloud: Cloud, header: str, word: str) -> None:
    answer = take_in(cloud, f"{header}\n" if header else "", partial=True)
    assert (lines(answer), answer["applied"]) == ([1], False)
    assert word in answer["refused"][0]["reason"]


def test_both_lines_of_a_station_given_twice_name_each_other(cloud: Cloud) -> None:
    answer = take_in(cloud, f"{HEADER}\nanna,hq,1001\nzoe,hq,1999\nben,hq,1001\n")
    told = {each["line"]: each["reason"] for each in answer["refused"]}
    assert "ben's (line 4)" in told[2]
    assert "anna's (line 2)" in told[4]


def test_with_partial_the_good_rows_are_applied(cloud: Cloud) -> None:
    answer = take_in(cloud, f"{HEADER}\nanna,hq,10O1\nben,hq,1002\n", partial=True)
    assert (answer["applied"], lines(answer), stations(cloud)) == (True, [2], {"ben": "1002"})


def test_replace_does_not_go_together_with_partial(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    body = json.dumps({"csv": f"{HEADER}\nanna,hq,10O1\n", "partial": True, "replace": True})
    status, answer = ask(cloud, "POST", "/mappings:import", body)
    assert (status, answer["error"]["code"]) == (400, "message_invalid")
    assert len(stations(cloud)) == 2


def test_replace_takes_the_mapping_of_whoever_is_not_named_and_frees_their_station(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    answer = take_in(cloud, f"{HEADER}\ncarl,hq,1002\nanna,hq,1001\n", replace=True)
    assert [each["user"] for each in answer["removed"]] == ["ben"]
    assert stations(cloud) == {"anna": "1001", "carl": "1002"}


def test_nobody_counts_as_removed_while_a_line_that_cannot_be_read_may_be_theirs(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    for row in (",hq,1009", 'ben,hq,"1002'):
        answer = take_in(cloud, f"{HEADER}\nanna,hq,1001\n{row}", replace=True, dry_run=True)
        assert (lines(answer), answer["removed"]) == ([3], [])


def test_a_station_of_somebody_who_is_not_in_the_file_is_refused_by_name(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    answer = take_in(cloud, f"{HEADER}\ncarl,hq,1002\n")
    assert (lines(answer), answer["applied"]) == ([2], False)
    assert "ben's" in answer["refused"][0]["reason"]


def test_two_users_may_swap_their_stations_in_one_file(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    assert take_in(cloud, f"{HEADER}\nanna,hq,1002\nben,hq,1001\n")["refused"] == []
    assert stations(cloud) == {"anna": "1002", "ben": "1001"}


def test_users_who_all_have_hot_desk_share_a_station(cloud: Cloud) -> None:
    assert take_in(cloud, f"{HEADER}\nanna,hq,1001,,,,,yes\nben,hq,1001,,,,,TRUE\n")["refused"] == []
    assert stations(cloud) == {"anna": "1001", "ben": "1001"}
    assert lines(take_in(cloud, f"{HEADER}\ncarl,hq,1001,,,,,no\n")) == [2]


def test_a_row_that_is_refused_keeps_its_user_where_they_were_and_so_refuses_the_next(cloud: Cloud) -> None:
    take_in(cloud, f"{HEADER}\nanna,hq,1001\nben,hq,1002\ncarl,hq,1003\n")
    answer = take_in(cloud, f"{HEADER}\nanna,hq,1002\nben,hq,1003\n", partial=True)
    assert lines(answer) == [2, 3]
    assert stations(cloud) == {"anna": "1001", "ben": "1002", "carl": "1003"}


def test_the_same_station_number_at_two_sites_is_two_stations(cloud: Cloud) -> None:
    cloud.deps.sites.put(TENANT, "branch", {"name": "Branch", "tz": "UTC"})
    assert take_in(cloud, f"{HEADER}\nanna,hq,1001\nben,branch,1001\n")["refused"] == []


def test_a_phone_that_is_really_called_so_is_mapped_alone_and_then_left_in_peace(cloud: Cloud) -> None:
    body = json.dumps({"site": "hq", "station": "99anna"})
    assert ask(cloud, "PUT", "/mappings/anna", body)[0] == 200
    assert take_in(cloud, f"{HEADER}\nanna,hq,99anna\nben,hq,desk-7\n")["refused"] == []


def test_a_file_may_be_the_body_itself_with_the_switches_in_the_query(cloud: Cloud) -> None:
    csv_body: dict[str, Any] = {"kind": "text/csv; charset=utf-8", "queryStringParameters": {"dry_run": "true"}}
    status, answer = ask(cloud, "POST", "/mappings:import", TEAM, **csv_body)
    assert (status, len(answer["added"]), answer["applied"]) == (200, 2, False)
    packed = base64.b64encode(b"\xef\xbb\xbf" + TEAM.encode()).decode()
    status, answer = ask(cloud, "POST", "/mappings:import", packed, kind="text/csv", isBase64Encoded=True)
    assert (status, len(answer["added"]), answer["applied"]) == (200, 2, True)


@pytest.mark.parametrize(
    ("body", "more", "code"),
    [
        ("not json", {}, "message_invalid"),
        (None, {}, "message_invalid"),
        ('{"csv":"","surprise":1}', {}, "message_invalid"),
        ('{"csv":"","dry_run":"yes"}', {}, "message_invalid"),
        (TEAM, {"kind": "text/csv", "queryStringParameters": {"dryrun": "true"}}, "message_invalid"),
        (TEAM, {"kind": "text/csv", "queryStringParameters": {"dry_run": "perhaps"}}, "message_invalid"),
        (base64.b64encode("Jürgen".encode("latin-1")).decode(), {"kind": "text/csv", "isBase64Encoded": True},
         "message_invalid"),
        ("x" * (MOST_BYTES + 1), {"kind": "text/csv"}, "too_large"),
    ],
    ids=["text", "nothing", "unknown-field", "no-boolean", "unknown-switch", "no-switch", "latin-1", "too-large"],
)  # fmt: skip
def test_a_request_that_is_no_import_is_refused_whole(
    cloud: Cloud, body: str | None, more: dict[str, Any], code: str
) -> None:
    status, answer = ask(cloud, "POST", "/mappings:import", body, **more)
    assert (status, answer["error"]["code"]) == (400, code)


def test_an_import_is_listed_and_brought_back_exactly(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    before = mappings.current(cloud.deps, TENANT)
    cloud.later(60)
    text = f"{HEADER}\nanna,hq,1002,9,Else,Red,other,yes\ncarl,hq,1003\n"
    ident = take_in(cloud, text, replace=True)["import"]
    listed = ask(cloud, "GET", "/mappings/imports")[1]["items"]
    assert listed[0]["import"] == ident
    assert {**listed[0], "import": None, "at": None} == {
        "import": None, "at": None, "by": "adam", "added": 1, "changed": 1, "removed": 1, "rolled_back_at": None,
    }  # fmt: skip
    status, answer = ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")
    assert (status, answer) == (200, {"restored": ["anna", "ben", "carl"], "unchanged": 0, "refused": []})
    assert mappings.current(cloud.deps, TENANT) == before
    assert ask(cloud, "GET", "/mappings/imports")[1]["items"][0]["rolled_back_at"]
    assert ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")[1]["unchanged"] == 3


def test_who_was_changed_since_is_left_alone(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    ident = take_in(cloud, f"{HEADER}\nanna,hq,1011\nben,hq,1012\n")["import"]
    ask(cloud, "PUT", "/mappings/ben", json.dumps({"site": "hq", "station": "1099"}))
    answer = ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")[1]
    assert answer["restored"] == ["anna"]
    assert [(each["user"], each["reason"]) for each in answer["refused"]] == [("ben", mappings.CHANGED)]
    assert stations(cloud) == {"anna": "1001", "ben": "1099"}


@pytest.mark.parametrize("heir", ["ben", "carl"], ids=["of-the-same-import", "of-none"])
def test_a_station_that_is_somebody_elses_by_now_is_not_given_to_two(cloud: Cloud, heir: str) -> None:
    take_in(cloud, TEAM)
    ident = take_in(cloud, f"{HEADER}\nanna,hq,1011\nben,hq,1012\n")["import"]
    assert ask(cloud, "PUT", f"/mappings/{heir}", json.dumps({"site": "hq", "station": "1001"}))[0] == 200
    answer = ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")[1]
    assert heir in next(each["reason"] for each in answer["refused"] if each["user"] == "anna")
    assert stations(cloud)["anna"] == "1011"
    assert stations(cloud)[heir] == "1001"


def test_two_who_shared_a_station_before_the_rule_share_it_again_after_the_way_back(cloud: Cloud) -> None:
    cloud.mapped("anna", "1001")
    cloud.mapped("ben", "1001")
    ident = take_in(cloud, f"{HEADER}\nanna,hq,1011\nben,hq,1012\n")["import"]
    assert ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")[1]["restored"] == ["anna", "ben"]
    assert stations(cloud) == {"anna": "1001", "ben": "1001"}


def test_an_import_that_is_unknown_or_no_longer_whole_is_not_brought_back(cloud: Cloud) -> None:
    assert ask(cloud, "POST", "/mappings/imports/none:rollback")[0] == 404
    ident = take_in(cloud, TEAM)["import"]
    cloud.client.delete_item(
        TableName="ringline",
        Key={"pk": {"S": f"T#{TENANT}#IMPORT#{ident}"}, "sk": {"S": "P#0001"}},
    )
    assert ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")[0] == 404
    assert len(stations(cloud)) == 2


def test_what_a_large_import_replaced_is_kept_in_several_parts(cloud: Cloud) -> None:
    queues = "|".join(f"{i:02}" + "q" * 78 for i in range(64))
    rows = "".join(f"u{i},hq,{1000 + i},,,,{queues},\n" for i in range(120))
    ident = take_in(cloud, f"{HEADER}\n{rows}")["import"]
    found = cloud.deps.agents.imports.replaced(TENANT, ident)
    assert found is not None
    assert {user for user, _, _ in found} == {f"u{i}" for i in range(120)}
    assert cloud.deps.agents.imports.newest(TENANT)[0]["parts"] == 3
    assert len(ask(cloud, "POST", f"/mappings/imports/{ident}:rollback")[1]["restored"]) == 120


def test_a_user_whom_somebody_changes_meanwhile_is_refused_and_not_overwritten(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(cloud, TEAM)
    began = cloud.deps.agents.imports.begin

    def somebody_else(*args: Any) -> None:
        began(*args)
        cloud.mapped("anna", "1055")

    monkeypatch.setattr(cloud.deps.agents.imports, "begin", somebody_else)
    answer = take_in(cloud, f"{HEADER}\nanna,hq,1011\nben,hq,1012\n")
    assert [(each["line"], each["user"]) for each in answer["refused"]] == [(2, "anna")]
    assert [each["user"] for each in answer["changed"]] == ["ben"]
    assert stations(cloud) == {"anna": "1055", "ben": "1012"}


def test_what_is_not_written_in_time_or_for_load_is_told_and_done_the_next_time(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = cloud.deps.agents.swap

    def slow(tenant: str, agent: str, before: Any, after: Any) -> Any:
        if agent == "anna":
            raise StoreThrottledError("slow down")
        return swap(tenant, agent, before, after)

    with monkeypatch.context() as patched:
        patched.setattr(cloud.deps.agents, "swap", slow)
        answer = take_in(cloud, TEAM)
    assert [(each["user"], each["reason"]) for each in answer["refused"]] == [("anna", mappings.THROTTLED)]
    with monkeypatch.context() as patched:
        patched.setattr(mappings, "BUDGET_MS", -1)
        late = take_in(cloud, TEAM)
    assert [(each["user"], each["reason"]) for each in late["refused"]] == [("anna", mappings.LATE)]
    assert take_in(cloud, TEAM)["refused"] == []
    assert stations(cloud) == {"anna": "1001", "ben": "1002"}


def test_one_user_is_not_mapped_to_anothers_station(cloud: Cloud) -> None:
    take_in(cloud, TEAM)
    status, answer = ask(cloud, "PUT", "/mappings/carl", json.dumps({"site": "hq", "station": "1001"}))
    assert (status, answer["error"]["code"]) == (409, "station_taken")
    assert "anna's" in answer["error"]["text"]
    assert ask(cloud, "PUT", "/mappings/anna", json.dumps({"site": "hq", "station": "1001", "team": "Red"}))[0] == 200
    assert ask(cloud, "PUT", "/mappings/a b", json.dumps({"site": "hq", "station": "1005"}))[0] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/mappings:import"), ("GET", "/mappings/imports"), ("POST", "/mappings/imports/i:rollback")],
)
def test_only_an_administrator_imports_and_brings_back(cloud: Cloud, method: str, path: str) -> None:
    status, answer = ask(cloud, method, path, "{}", role="supervisor")
    assert (status, answer["error"]["code"]) == (403, "forbidden")


DESKS = st.builds(lambda n, hot: {"site": "hq", "station": f"{n}", "hot_desk": hot}, st.integers(1, 4), st.booleans())
NAMES = st.sampled_from("abcde")


@given(st.dictionaries(NAMES, DESKS), st.dictionaries(NAMES, DESKS, min_size=1), st.booleans())
@settings(deadline=None)
def test_after_a_plan_nobody_new_shares_a_station_unless_all_have_hot_desk(
    before: dict[str, Any], wanted: dict[str, Any], replace: bool
) -> None:
    wishes = tuple(Wish(user, mapping, line) for line, (user, mapping) in enumerate(wanted.items(), start=2))
    plan = mapping_plan.plan(before, Sheet(wishes), {"hq"}, replace=replace)
    after = {**before, **{each.user: each.after for each in plan.changes}}
    moved = {each.user for each in plan.changes}
    for user in moved:
        mine = after[user]
        for other, theirs in after.items():
            if mine and theirs and other != user and theirs["station"] == mine["station"]:
                assert mine["hot_desk"]
                assert theirs["hot_desk"]
    granted = {wish.user for wish in wishes} - {each.user for each in plan.refused}
    assert all(after[user] == wanted[user] for user in granted)
