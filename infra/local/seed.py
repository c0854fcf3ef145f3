"""Fills a fresh stack through its own HTTP API, as an administrator would: site, mappings, an enrolment code."""

from __future__ import annotations

from typing import Any

import aiohttp

from infra.local.issuer import USERS, Issuer
from infra.local.settings import SITE

TEAM = "Front"
"""The demo agents' team, whose supervisor is Sue."""


class SeedError(Exception):
    """The HTTP API refused what the seed asked; the text shows request and answer."""


class Admin:
    """The HTTP API in an administrator's hands."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, token: str) -> None:
        """`token` is an id token with the role `admin`."""
        self._session, self._api_url = session, api_url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request; the answer's JSON.

        Raises:
            SeedError: The answer was not 2xx.
        """
        async with self._session.request(method, f"{self._api_url}{path}", json=body, headers=self._headers) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise SeedError(f"{method} {path}: {answer.status} {text[:300]}")
            return await answer.json(content_type=None) if text else None

    async def enrolment_code(self) -> str:
        """A fresh one-time code for an edge of the demo site."""
        answer = await self.call("POST", f"/sites/{SITE}/enrolments", {})
        return str(answer["code"])


async def seed(admin: Admin) -> None:
    """Make the site and map the demo users to their stations.

    Raises:
        SeedError: The API refused something.
    """
    await admin.call("PUT", f"/sites/{SITE}", {"name": "Headquarters", "tz": "UTC"})
    for user in USERS:
        if user.station:
            mapping = {
                "site": SITE,
                "station": user.station,
                "login": user.station,
                "name": user.name,
                "queues": list(user.queues),
                "team": TEAM,
            }
            await admin.call("PUT", f"/mappings/{user.user}", mapping)


def admin_token(issuer: Issuer) -> str:
    """A token of the demo administrator."""
    return issuer.token(next(user for user in USERS if "admin" in user.roles))
