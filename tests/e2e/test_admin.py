"""An administrator sets a team up over the real HTTP API: CSV import, its dry run, and its rollback."""

from __future__ import annotations

from typing import Any

import aiohttp

from tests.support.stack import Stack

CSV = "User;Site;Station;Name;Queues\r\nzoe;hq;1005;Zoë Ång;support|sales\r\nyan;hq;1006;Yan;support\r\n"


async def ask(
    stack: Stack, method: str, path: str, body: str | None = None, who: str = "adam", kind: str = "text/csv"
) -> tuple[int, Any]:
    """One request; status and answer."""
    headers = {"Authorization": f"Bearer {stack.token(who)}", "Content-Type": kind}
    url = f"{stack.api_url}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, data=body.encode() if body else None) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_file_is_tried_imported_and_taken_back(stack: Stack) -> None:
    status, tried = await ask(stack, "POST", "/mappings:import?dry_run=true", CSV)
    assert (status, tried["applied"], [each["user"] for each in tried["added"]]) == (200, False, ["yan", "zoe"])
    assert (await ask(stack, "GET", "/mappings/zoe"))[0] == 404
    status, done = await ask(stack, "POST", "/mappings:import", CSV)
    assert (status, done["applied"]) == (200, True)
    mapping = (await ask(stack, "GET", "/mappings/zoe"))[1]["mapping"]
    assert (mapping["name"], mapping["queues"]) == ("Zoë Ång", ["support", "sales"])
    status, _ = await ask(stack, "POST", f"/mappings/imports/{done['import']}:rollback")
    assert status == 200
    assert (await ask(stack, "GET", "/mappings/zoe"))[0] == 404


async def test_a_row_that_takes_somebodys_phone_is_refused_with_its_line_and_nothing_is_applied(stack: Stack) -> None:
    status, refused = await ask(stack, "POST", "/mappings:import", CSV + "xia;hq;1001;Xia;support\r\n")
    assert (status, refused["applied"]) == (200, False)
    (row,) = refused["refused"]
    assert row["line"] == 4
    assert "anna" in row["reason"]
    assert (await ask(stack, "GET", "/mappings/zoe"))[0] == 404


async def test_an_agent_imports_nothing(stack: Stack) -> None:
    assert (await ask(stack, "POST", "/mappings:import", CSV, who="anna"))[0] == 403
